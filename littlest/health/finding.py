"""What a check is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from littlest.config.model import Config
from littlest.health.readings import Readings, read_machine
from littlest.machine.machine import Machine
from littlest.plan.record import Record
from littlest.plan.steps import Release
from littlest.system.settings.active import read_good_config

PAGE = "docs/reference/findings.md"
"""The page with a chapter for each check, named after it."""


class Level(StrEnum):
    """How bad a finding is."""

    WARNING = "warning"
    """The hub works, and something needs a look before long."""
    FAILURE = "failure"
    """Somebody cannot work, or the server is not safe."""
    UNKNOWN = "unknown"
    """The check itself could not look."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it should be, in the words of a check."""

    problem: str
    """A sentence without its full stop."""
    fix: str = ""
    """One command that fixes it, or a sentence where only a person can know."""
    observed: str = ""
    """The value that was seen."""
    is_safe: bool = False
    """The fix is a command that loses nothing and stops nobody's work, so `littlest doctor --fix` may run it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and the check that found it."""

    check: str
    level: Level
    reason: str
    """Why the check looks."""
    problem: str
    observed: str
    fix: str
    is_safe: bool

    @property
    def page(self) -> str:
        """Where the docs say more."""
        return f"{PAGE}#{self.check}"

    def __str__(self) -> str:
        return f"{self.problem}: {self.fix}" if self.fix else self.problem


class Examined:
    """A server to examine. What several checks need is read once, when the first of them asks."""

    def __init__(self, machine: Machine, record: Record, release: Release) -> None:
        self.machine, self.record, self.release = machine, record, release

    @cached_property
    def readings(self) -> Readings:
        """What `littlest status` shows. Raises LittlestError when a command of the system fails."""
        return read_machine(self.machine, self.record, self.release)

    @cached_property
    def config(self) -> Config:
        """The last known good settings, or the defaults."""
        return read_good_config(self.machine) or Config()


Look = Callable[[Examined], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is true of a healthy server."""

    id: str
    title: str
    """What is true, as a sentence."""
    look: Look
    """Finds where it is not true. Changes nothing. Its docstring says why it matters."""
    level: Level = Level.FAILURE
    is_deep: bool = False
    """It takes long, so only `littlest doctor --deep` looks."""

    @property
    def reason(self) -> str:
        """Why it matters."""
        return self.look.__doc__ or ""
