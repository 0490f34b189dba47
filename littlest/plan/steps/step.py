"""What every step of a plan has: a description for people, and what it makes, by owner."""

from dataclasses import dataclass
from pathlib import PurePosixPath as Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Owned:
    """What a step makes. When an install fails, all of it is removed again; later it depends on who owns it."""

    paths: tuple[tuple[str, str], ...] = ()
    """Ours: each path with what is there, in the words of `Record.paths`."""
    accounts: tuple[str, ...] = ()
    """System accounts."""
    folders: tuple[str, ...] = ()
    """Shared folders, which are closed and never removed."""
    kept: tuple[str, ...] = ()
    """People's, which only `uninstall --purge` removes: `path:…`, `group:…`, or `password:…` of a hub user."""


@dataclass(frozen=True, slots=True)
class Step:
    """One intended change to the machine. `littlest.system.step_kinds` has the code that carries each kind out."""

    sentence: ClassVar[str]
    """What the step does, for a person: a clause that begins with a verb in lower case. `{0.name}` is its field."""

    def describe(self) -> str:
        """Return what the step does, for a person."""
        return self.sentence.format(self)

    def list_owned(self) -> Owned:
        """Return what the step makes: nothing, unless a kind says otherwise."""
        return Owned()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the machine should be like: steps in the order in which they are done."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The release that a plan is made for."""

    version: str
    directory: Path
