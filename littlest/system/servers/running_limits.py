"""The limits of users' servers that run: how they are, and making them as they should be without a restart."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.resolve import UserLimits
from littlest.errors import CommandFailed
from littlest.machine.machine import Machine
from littlest.plan.limits import INFINITY, make_limit_properties, render_size
from littlest.plan.steps import SetServerLimits
from littlest.system.units.units import show_units

CGROUPS = Path("/sys/fs/cgroup")
MEMORY_PROPERTIES = ("MemoryHigh", "MemoryMax", "MemorySwapMax")
_KEPT_IN_MEMORY = ("anon", "shmem", "kernel_stack", "pagetables", "slab_unreclaimable")
"""Lines of memory.stat: what the kernel cannot give back. (It gives back what it keeps of files by itself.)"""
_SHOWN = ("Id", "Slice", "Description", "ActiveState", "ControlGroup", *MEMORY_PROPERTIES, "TasksMax")
_TIME_UNITS = {"us": 1, "ms": 1000, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6}


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """What a running server's limits still lack."""

    unit: str
    user: str
    properties: Mapping[str, str]
    """For `systemctl set-property`; empty where there is nothing to do now."""
    memory_used: int | None = None
    """Bytes, where the server uses more than it may: its memory limit is then left as it is."""
    memory_limit: int = 0
    """Bytes, the limit that it should have."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A user's server that runs, as it was when somebody looked."""

    properties: Mapping[str, str]
    """What systemd says of its unit, by the names that systemd has for it."""
    memory_used: int
    """Bytes that its processes keep in memory."""


def read_running_servers(machine: Machine) -> tuple[RunningServer, ...]:
    """Every user's server that runs; none on the tree of a test. Raises CommandFailed as systemctl does."""
    if not machine.is_live:
        return ()
    return tuple(
        RunningServer(server, _read_memory(machine, server["ControlGroup"])) for server in _read_servers(machine)
    )


def are_server_limits_set(machine: Machine, step: SetServerLimits) -> bool:
    """Whether every running server has its limits, or as much of them as it can have now."""
    return are_limits_set(read_running_servers(machine), step)


def are_limits_set(servers: Iterable[RunningServer], step: SetServerLimits) -> bool:
    """Whether each of these servers has its limits, or as much of them as it can have now. Pure."""
    return not any(change.properties for change in make_limits_changes(servers, step))


def set_server_limits(machine: Machine, step: SetServerLimits) -> None:
    """Give every running server its limits; what is right already is not touched.

    Raises CommandFailed when systemd refuses one. It is no failure when the server has ended meanwhile.
    """
    for change in find_limits_changes(machine, step):
        if not change.properties:
            continue
        words = [f"{name}={value}" for name, value in change.properties.items()]
        try:
            machine.run(["systemctl", "set-property", "--runtime", "--", change.unit, *words])
        except CommandFailed:
            if any(server["Id"] == change.unit for server in _read_servers(machine)):
                raise


def find_limits_changes(machine: Machine, step: SetServerLimits) -> tuple[LimitsChange, ...]:
    """What the limits of running servers still lack. Only looks."""
    return make_limits_changes(read_running_servers(machine), step)


def make_limits_changes(servers: Iterable[RunningServer], step: SetServerLimits) -> tuple[LimitsChange, ...]:
    """What the limits of these servers still lack. Pure."""
    special = dict(step.users)
    changes = (
        make_limits_change(
            server.properties,
            special.get(server.properties["Description"], step.everybody),
            server.memory_used,
        )
        for server in servers
    )
    return tuple(change for change in changes if change is not None)


def make_limits_change(server: Mapping[str, str], limits: UserLimits, memory_used: int) -> LimitsChange | None:
    """What a server lacks of its limits, by what systemd says and the bytes that it uses; None for nothing. Pure."""
    wanted = make_limit_properties(limits)
    lacking = {name: value for name, value in wanted.items() if not _is_so(server, name, value)}
    is_over = limits.memory is not None and memory_used > limits.memory and "MemoryMax" in lacking
    if is_over:
        lacking = {name: value for name, value in lacking.items() if name not in MEMORY_PROPERTIES}
    if not lacking and not is_over:
        return None
    user = server["Description"].removeprefix(f"{paths.SERVER_DESCRIPTION} ")
    return LimitsChange(server["Id"], user, lacking, memory_used if is_over else None, limits.memory or 0)


def render_held(servers: Iterable[RunningServer], step: SetServerLimits) -> tuple[str, ...]:
    """A sentence for each server that uses more memory than it may, and keeps its older limit for that."""
    return tuple(
        f"Note: the server of {change.user} uses {render_size(change.memory_used)}, more than its new limit of"
        f" {render_size(change.memory_limit)}. It keeps the limit it has: what runs in it would be killed. It gets"
        " the new one at its next start, or when it uses less, with: sudo littlest apply"
        for change in make_limits_changes(servers, step)
        if change.memory_used is not None
    )


def count_used_memory(servers: Iterable[RunningServer]) -> dict[str, int]:
    """Bytes that the servers of each user keep in memory. Pure."""
    used: dict[str, int] = {}
    for server in servers:
        user = server.properties["Description"].removeprefix(f"{paths.SERVER_DESCRIPTION} ")
        used[user] = used.get(user, 0) + server.memory_used
    return used


def parse_timespan(text: str) -> int | None:
    """Microseconds of a time as systemctl shows it, such as `1min 4s`, `290ms` or `1.500000s`; None for infinity."""
    if text == INFINITY:
        return None
    parts = re.findall(r"([0-9.]+)([a-z]+)", text)
    return sum(round(float(number) * _TIME_UNITS[unit]) for number, unit in parts)


def _read_servers(machine: Machine) -> Iterator[dict[str, str]]:
    """Every running server of a user: the properties of its unit, by name."""
    for server in show_units(machine, (*_SHOWN, "CPUQuotaPerSecUSec"), [paths.SERVER_UNITS]):
        if server.get("Slice") == paths.USERS_SLICE and server["ActiveState"] in ("active", "activating"):
            yield server


def _is_so(server: Mapping[str, str], name: str, wanted: str) -> bool:
    if name == "CPUQuota":
        # in a hundredth of a core, a second has 10000 microseconds
        quota = int(wanted.removesuffix("%")) * 10_000 if wanted else None
        return parse_timespan(server["CPUQuotaPerSecUSec"]) == quota
    return server[name] == wanted


def _read_memory(machine: Machine, control_group: str) -> int:
    """Bytes that the processes of a unit keep in memory; 0 where the kernel does not say."""
    stat = machine.read_text(Path(f"{CGROUPS}{control_group}/memory.stat")) if control_group else None
    counts = dict(line.split() for line in (stat or "").splitlines())
    return sum(int(counts.get(name, 0)) for name in _KEPT_IN_MEMORY)
