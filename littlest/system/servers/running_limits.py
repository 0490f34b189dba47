"""The limits of users' running servers: reading them, and changing them without a restart."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from littlest import paths
from littlest.config.resolve import UserLimits
from littlest.errors import CommandFailed
from littlest.machine.machine import Machine
from littlest.plan.limits import INFINITY, make_limit_properties
from littlest.plan.steps import SetServerLimits
from littlest.plan.usage_words import render_size
from littlest.system.servers.control_groups import read_group_use
from littlest.system.units.units import STOPPED_STATES, read_active_state, show_server_units

MEMORY_PROPERTIES = ("MemoryHigh", "MemoryMax", "MemorySwapMax")
_SHOWN = ("Description", "ActiveState", "ControlGroup", *MEMORY_PROPERTIES, "TasksMax", "CPUQuotaPerSecUSec")
_TIME_UNITS = {"us": 1, "ms": 1000, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6}


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """The difference between the limits that a running server has and those that it should have."""

    unit: str
    user: str
    properties: Mapping[str, str]
    """For `systemctl set-property`; empty when there is nothing to do now."""
    memory_used: int | None = None
    """Bytes, when the server uses more than its new memory limit: it then keeps its old one."""
    memory_limit: int = 0
    """Bytes, the memory limit that it should have."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A user's server that runs."""

    properties: Mapping[str, str]
    """The properties of its unit, as `systemctl show` gives them."""
    memory_used: int
    """Bytes that its processes keep in memory."""
    cpu_seconds: float = 0.0
    """Processor time of its processes since they began; only differences mean something."""

    @property
    def user(self) -> str:
        """Return the hub user whose server this is."""
        return self.properties["Description"].removeprefix(f"{paths.SERVER_DESCRIPTION} ")


def read_running_servers(machine: Machine) -> tuple[RunningServer, ...]:
    """Return every user's server that runs; none on the tree of a test. Raises CommandFailed when systemctl fails."""
    if not machine.is_live:
        return ()
    running = (unit for unit in show_server_units(machine, _SHOWN) if unit["ActiveState"] in ("active", "activating"))
    uses = ((server, read_group_use(machine, server["ControlGroup"])) for server in running)
    return tuple(RunningServer(server, use.memory_bytes, use.cpu_seconds) for server, use in uses)


def are_server_limits_set(machine: Machine, step: SetServerLimits) -> bool:
    """Whether every running server has its limits, or as much of them as it can have now."""
    return are_limits_set(read_running_servers(machine), step)


def are_limits_set(servers: Iterable[RunningServer], step: SetServerLimits) -> bool:
    """Whether each of these servers has its limits, or as much of them as it can have now. Pure."""
    return not any(change.properties for change in make_limits_changes(servers, step))


def set_server_limits(machine: Machine, step: SetServerLimits) -> None:
    """Give every running server its limits, and leave those that have them alone.

    Raises CommandFailed when systemd refuses one, unless the server has ended meanwhile.
    """
    for change in make_limits_changes(read_running_servers(machine), step):
        if not change.properties:
            continue
        words = [f"{name}={value}" for name, value in change.properties.items()]
        try:
            machine.run(["systemctl", "set-property", "--runtime", "--", change.unit, *words])
        except CommandFailed:
            if read_active_state(machine, change.unit) not in (*STOPPED_STATES, "deactivating"):
                raise


def make_limits_changes(servers: Iterable[RunningServer], step: SetServerLimits) -> tuple[LimitsChange, ...]:
    """Return the changes that the limits of these servers need. Pure."""
    special = dict(step.users)
    changes = (
        make_limits_change(server, special.get(server.properties["Description"], step.everybody))
        for server in servers
    )
    return tuple(change for change in changes if change is not None)


def make_limits_change(server: RunningServer, limits: UserLimits) -> LimitsChange | None:
    """Return the change that a server needs to have these limits, None for no change. Pure."""
    wanted = make_limit_properties(limits)
    lacking = {name: value for name, value in wanted.items() if not _is_set(server.properties, name, value)}
    is_over = limits.memory is not None and server.memory_used > limits.memory and "MemoryMax" in lacking
    if is_over:
        lacking = {name: value for name, value in lacking.items() if name not in MEMORY_PROPERTIES}
    if not lacking and not is_over:
        return None
    used = server.memory_used if is_over else None
    return LimitsChange(server.properties["Id"], server.user, lacking, used, limits.memory or 0)


def render_held(servers: Iterable[RunningServer], step: SetServerLimits) -> tuple[str, ...]:
    """Return a sentence for each server that uses more than its new memory limit, and so keeps its old one. Pure."""
    return tuple(
        f"Note: the server of {change.user} uses {render_size(change.memory_used)}, more than its new limit of"
        f" {render_size(change.memory_limit)}. It keeps its old limit, so that Linux kills nothing in it. It gets"
        " the new one at its next start, or when it uses less, with: sudo littlest apply"
        for change in make_limits_changes(servers, step)
        if change.memory_used is not None
    )


def count_used_memory(servers: Iterable[RunningServer]) -> dict[str, int]:
    """Return the bytes that the servers of each user keep in memory. Pure."""
    used: dict[str, int] = {}
    for server in servers:
        used[server.user] = used.get(server.user, 0) + server.memory_used
    return used


def parse_timespan(text: str) -> int | None:
    """Return the microseconds of a time that systemctl shows, as `1min 4s` or `1.500000s`; None for infinity."""
    if text == INFINITY:
        return None
    parts = re.findall(r"([0-9.]+)([a-z]+)", text)
    return sum(round(float(number) * _TIME_UNITS[unit]) for number, unit in parts)


def _is_set(server: Mapping[str, str], name: str, wanted: str) -> bool:
    if name == "CPUQuota":
        # in a hundredth of a core, a second has 10000 microseconds
        quota = int(wanted.removesuffix("%")) * 10_000 if wanted else None
        return parse_timespan(server["CPUQuotaPerSecUSec"]) == quota
    return server[name] == wanted
