"""Steps for units, the running hub, and its users' servers."""
# ruff: noqa: D102  # `step.Step` says what `list_owned` returns

from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.config.resolve import UserLimits
from littlest.paths import HUB_UNIT, LAST_GOOD_CONFIG_FILE, LAST_GOOD_DROP_IN_DIR, PROXY_UNIT
from littlest.plan.steps.step import Owned, Step


@dataclass(frozen=True, slots=True)
class EnableUnit(Step):
    """A unit starts at boot."""

    sentence = "start {0.unit} at every boot"
    unit: str


@dataclass(frozen=True, slots=True)
class RunUnit(Step):
    """A unit runs, started from these very inputs: it is restarted when their digest differs."""

    sentence = "start {0.unit}, or restart it with its new settings"
    unit: str
    inputs: tuple[Path, ...]
    """Files whose content the running process depends on (unit file, environment file, settings)."""
    settings: str = ""
    """SHA-256 of further input that is in no file of its own, such as the settings that need a restart."""
    url: str = ""
    """The hub's API, reached without the proxy, where the unit reports which settings it was started with."""
    digest: str = ""
    """The digest of these settings that the unit should report."""


@dataclass(frozen=True, slots=True)
class WaitUntilReady(Step):
    """The hub is healthy before the deadline: through the proxy, its API answers with its own version, users find the
    login page, and our token is known. After a restart the hub can also write to its database, and its units keep
    running.
    """

    sentence = "wait until the hub answers at {0.url}"
    url: str
    """The hub's API, ending in `hub/api/`."""
    seconds: float = 60.0
    units: tuple[str, ...] = (PROXY_UNIT, HUB_UNIT)


@dataclass(frozen=True, slots=True)
class ReloadHub(Step):
    """The running hub uses these settings: it has reloaded those that it can, and was started with the others."""

    sentence = "let the running hub reload the settings"
    url: str
    """The hub's API, ending in `hub/api/`."""
    digest: str
    """The digest of the settings that it reloads while it runs, as `littlest.plan.effects` makes it."""
    started: str
    """The digest of those that it was started with."""


@dataclass(frozen=True, slots=True)
class SetServerLimits(Step):
    """Every running server has these limits, without a restart. A server that uses more memory than its new limit
    keeps the old one: its computation would otherwise be killed.
    """

    sentence = "set the limits of the running servers"
    everybody: UserLimits
    users: tuple[tuple[str, UserLimits], ...] = ()
    """Users with limits of their own: how their servers' units describe themselves, and the limits."""


@dataclass(frozen=True, slots=True)
class TryServer(Step):
    """A server of the user `littlest-canary` starts and computes 6*7 in a kernel, all of it through the proxy; then
    nothing of that user is left. It is never done already: every plan that has it tries it.
    """

    sentence = "try a server out: start one, compute 6*7 in it, and remove it again"
    url: str
    """The hub's API, ending in `hub/api/`."""
    seconds: float = 180.0


@dataclass(frozen=True, slots=True)
class KeepSettings(Step):
    """The settings in the admin's file are kept as the last known good ones."""

    sentence = "keep the settings as the last known good ones"
    once: bool = False
    """Only where none are kept yet, because the hub was not started with these."""

    def list_owned(self) -> Owned:
        return Owned(kept=(f"path:{LAST_GOOD_CONFIG_FILE}", f"path:{LAST_GOOD_DROP_IN_DIR}"))


@dataclass(frozen=True, slots=True)
class RemoveUnits(Step):
    """These units are stopped and no longer start at boot."""

    units: tuple[str, ...]

    def describe(self) -> str:
        return f"stop {', '.join(self.units)}"
