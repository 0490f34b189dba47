"""The processes of users' accounts, and ending them."""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from littlest.errors import CommandFailed
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.plan.account_names import is_our_group

PROC = Path("/proc")
LINGERING = PurePosixPath("/var/lib/systemd/linger")
"""Has a file for each account that may run processes without being logged in; see loginctl(1)."""
LOOKS, PAUSE = 50, 0.1
"""How often to check that all have exited, and the seconds between two checks."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process with the users and groups that it started with; its account may be in other groups now."""

    uids: frozenset[int]
    groups: frozenset[int]
    is_nested: bool = False
    """Whether it sees other processes than we do, as in a container."""


def parse_process(status: str) -> Process | None:
    """Parse /proc/PID/status, see proc(5); None for a process that has ended."""
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in status.splitlines())}
    if fields.get("State", ["Z"])[0] in "ZX":
        return None
    return Process(
        frozenset(map(int, fields.get("Uid", ()))),
        frozenset(map(int, (*fields.get("Gid", ()), *fields.get("Groups", ())))),
        len(fields.get("NSpid", ())) > 1,
    )


def end_lingering(machine: Machine, account: Account) -> None:
    """End the account's sessions and its lingering services, and disable lingering."""
    is_lingering = machine.read_state(LINGERING / account.name) is not None
    if not machine.is_live or not (is_lingering or any(_list_processes(account, None))):
        return
    for command in (
        ["loginctl", "disable-linger", account.name],
        ["loginctl", "terminate-user", str(account.uid)],
        ["systemctl", "stop", f"user@{account.uid}.service", f"user-{account.uid}.slice"],
    ):
        # end_processes kills what does not stop here
        with contextlib.suppress(CommandFailed):
            machine.run(command, check=False)
    machine.remove(LINGERING / account.name)


def end_processes(machine: Machine, account: Account) -> bool:
    """Kill all processes of this account; return whether all have exited."""
    return not machine.is_live or _end(account, None)


def end_processes_with_lost_groups(machine: Machine, account: Account) -> bool:
    """Kill the processes with a group of ours that the account is no longer in; return whether all have exited."""
    if not machine.is_live:
        return True
    found = machine.read_local_groups().items()
    lost = {gid for name, (gid, members) in found if is_our_group(name) and account.name not in members}
    return _end(account, lost)


def _end(account: Account, groups: Collection[int] | None) -> bool:
    for _look in range(LOOKS):
        found = False
        for process in _list_processes(account, groups):
            found = True
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        if not found:
            return True
        time.sleep(PAUSE)
    return False


def _list_processes(account: Account, groups: Collection[int] | None) -> Iterator[int]:
    """Yield a descriptor of each process of the account; with `groups`, of those that have one of them.

    The next step closes it. A PID could belong to another process when it is used.
    """
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        # a process may have ended meanwhile; one that we may not read is an error
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            descriptor = os.pidfd_open(int(entry.name))
            try:
                found = parse_process((entry / "status").read_text(errors="replace"))
                is_meant = found and account.uid in found.uids and (groups is None or found.groups & set(groups))
                if found and is_meant and not (found.is_nested and _has_our_users(entry)):
                    yield descriptor
            finally:
                os.close(descriptor)


def _has_our_users(process: Path) -> bool:
    """Whether a container's process has our numbers of users, see user_namespaces(7).

    Only root can start such a container, and the number is then another user's. One of the user's own has its own.
    (The links in /proc/PID/ns say the same, but only to a process that may trace it, which the hub may not.)
    """
    return (process / "uid_map").read_text() == Path("/proc/self/uid_map").read_text()
