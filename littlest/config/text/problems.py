"""What is wrong with a configuration file, as data."""

from dataclasses import dataclass

from littlest.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    file: str
    line: int
    """Counted from 1, as `column` is."""
    column: int
    key: str
    """Dotted, such as `limits.memory`; empty for the file as a whole."""
    problem: str
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: "
        subject = f"{self.key}: " if self.key else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{subject}{self.problem}{hint}"


class InvalidConfig(ConfigError):
    """The file is not valid, and these are all its problems, in the order of its lines."""

    def __init__(self, problems: tuple[Problem, ...], hint: str = "Correct the lines named above.") -> None:
        super().__init__("\n".join(map(str, problems)), hint)
        self.problems = problems
