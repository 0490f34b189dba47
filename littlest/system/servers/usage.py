"""What each user's servers use now, against their limits, with what else an admin wants to know of the user."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from littlest.machine.machine import Machine
from littlest.plan.account_names import (
    find_unit_owner,
    is_for_existing_accounts,
    make_comment,
    make_server_description,
)
from littlest.plan.limits import INFINITY
from littlest.system.accounts.home_sizes import HomeSize, read_home_sizes
from littlest.system.accounts.user_accounts import find_user_accounts
from littlest.system.servers.control_groups import read_group_use
from littlest.system.servers.out_of_memory import read_out_of_memory
from littlest.system.servers.running_limits import RunningServer, parse_timespan, read_running_servers

SECONDS = 0.25
"""The least time over which processor time is measured."""
N = TypeVar("N", int, float)
RECENT = timedelta(days=1)
"""How long a lack of memory comes before everything else."""


@dataclass(frozen=True, slots=True)
class Look:
    """The running servers, as they were at one moment."""

    servers: tuple[RunningServer, ...]
    at: float
    """Seconds of `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class UserUse:
    """One user of the hub. The names are those of `littlest status --json`."""

    name: str
    last_activity: str | None = None
    """ISO 8601; None for never."""
    server: str | None = None
    """`running` or `starting`; None without one."""
    memory_bytes: int = 0
    """Of all servers of the user, as are the next ones."""
    memory_limit_bytes: int | None = None
    cpu_cores: float = 0.0
    cpu_limit_cores: float | None = None
    home_bytes: int | None = None
    """None for a home that was not measured yet."""
    home_measured: str | None = None
    """ISO 8601, UTC."""
    out_of_memory: str | None = None
    """When a program was last ended because there was no memory left: ISO 8601, UTC."""

    @property
    def memory_share(self) -> float:
        """Return how much of the allowed memory is in use; 0 without a limit."""
        return self.memory_bytes / self.memory_limit_bytes if self.memory_limit_bytes else 0.0


def look_at_servers(machine: Machine) -> Look:
    """Look for the first time; `read_user_uses` looks again. Raises CommandFailed when systemctl fails."""
    return Look(read_running_servers(machine), time.monotonic())


def read_user_uses(
    machine: Machine, first: Look, people: Mapping[str, str | None], unix_name: str
) -> tuple[UserUse, ...]:
    """Return the use of each of these users, given with their last activity: those first who may need help.

    Waits until `SECONDS` have passed since the first look. `unix_name` is the setting `users.unix_name`.
    """
    if first.servers:
        time.sleep(max(0.0, first.at + SECONDS - time.monotonic()))
    uses = {name: UserUse(name, activity) for name, activity in people.items()}
    described = {make_server_description(name): name for name in people}
    for server in first.servers:
        name = described.get(server.properties["Description"])
        if name is not None:
            now = read_group_use(machine, server.properties["ControlGroup"]).cpu_seconds
            cores = max(0.0, now - server.cpu_seconds) / max(SECONDS, time.monotonic() - first.at)
            uses[name] = add_server(uses[name], server, cores)
    for unit, when in read_out_of_memory(machine).items():
        name = find_unit_owner(unit, people)
        if name is not None:
            moment = when.isoformat(timespec="seconds")
            uses[name] = replace(uses[name], out_of_memory=max(moment, uses[name].out_of_memory or ""))
    sizes = _find_home_sizes(machine, people, unix_name)
    return sort_uses(
        replace(use, home_bytes=sizes[name].bytes, home_measured=sizes[name].measured) if name in sizes else use
        for name, use in uses.items()
    )


def add_server(use: UserUse, server: RunningServer, cores: float) -> UserUse:
    """Return the use of a user with one more server, which uses so many cores. Pure."""
    memory, quota = server.properties["MemoryMax"], parse_timespan(server.properties["CPUQuotaPerSecUSec"])
    is_first = use.server is None
    is_running = use.server == "running" or server.properties["ActiveState"] == "active"
    return replace(
        use,
        server="running" if is_running else "starting",
        memory_bytes=use.memory_bytes + server.memory_used,
        memory_limit_bytes=_add(use.memory_limit_bytes, None if memory == INFINITY else int(memory), is_first),
        cpu_cores=round(use.cpu_cores + cores, 2),
        cpu_limit_cores=_add(use.cpu_limit_cores, None if quota is None else quota / 1e6, is_first),
    )


def sort_uses(uses: Iterable[UserUse], now: datetime | None = None) -> tuple[UserUse, ...]:
    """Return those first who were short of memory lately, then servers by memory, then the rest. Pure with `now`."""
    recent = ((now or datetime.now(UTC)) - RECENT).isoformat()
    active = sorted(uses, key=lambda use: use.last_activity or "", reverse=True)
    return tuple(
        sorted(
            active,
            key=lambda use: (
                (use.out_of_memory or "") < recent,
                use.server is None,
                -use.memory_share,
                -use.memory_bytes,
            ),
        )
    )


def _add(total: N | None, one: N | None, is_first: bool) -> N | None:
    if is_first:
        return one
    return None if total is None or one is None else total + one


def _find_home_sizes(machine: Machine, people: Iterable[str], unix_name: str) -> dict[str, HomeSize]:
    sizes = read_home_sizes(machine)
    homes = {account.comment: str(account.home) for account in find_user_accounts(machine)}
    found = {}
    for name in people:
        home = homes.get(make_comment(name))
        if home is None and is_for_existing_accounts(unix_name):
            own = machine.read_account(name)
            home = str(own.home) if own else None
        if home in sizes:
            found[name] = sizes[home]
    return found
