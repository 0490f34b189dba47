"""What the accounts of users still run, whoever started it, and the end of that."""

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
"""Of each account that runs things without being logged in, a file of its name; see loginctl(1)."""
LOOKS, PAUSE = 50, 0.1
"""How often it is looked whether all are gone, and the seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process: whose it is, and which groups it has, whatever the account is in by now."""

    uids: frozenset[int]
    groups: frozenset[int]
    is_nested: bool = False
    """Whether it sees other processes than we do, as in a container."""


def parse_process(status: str) -> Process | None:
    """Read /proc/PID/status, see proc(5); None for one that has ended."""
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in status.splitlines())}
    if fields.get("State", ["Z"])[0] in "ZX":
        return None
    return Process(
        frozenset(map(int, fields.get("Uid", ()))),
        frozenset(map(int, (*fields.get("Gid", ()), *fields.get("Groups", ())))),
        len(fields.get("NSpid", ())) > 1,
    )


def end_lingering(machine: Machine, account: Account) -> None:
    """End the account's logins, and what runs without one; and let it run nothing without being logged in."""
    is_lingering = machine.read_state(LINGERING / account.name) is not None
    if not machine.is_live or not (is_lingering or any(_list_processes(account, None))):
        return
    for command in (
        ["loginctl", "disable-linger", account.name],
        ["loginctl", "terminate-user", str(account.uid)],
        ["systemctl", "stop", f"user@{account.uid}.service", f"user-{account.uid}.slice"],
    ):
        # whatever does not end by being told is killed
        with contextlib.suppress(CommandFailed):
            machine.run(command, check=False)
    machine.remove(LINGERING / account.name)


def end_processes(machine: Machine, account: Account) -> bool:
    """End everything that runs as this account; whether it is all gone."""
    return not machine.is_live or _end(account, None)


def end_processes_with_lost_groups(machine: Machine, account: Account) -> bool:
    """End what still has a group of ours that the account is in no longer; whether it is all gone."""
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
    """A descriptor of each process of the account, or of those only that have one of these groups.

    It is closed when the next is asked for. A number alone could be another process's by the time it is used.
    """
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        # what has ended meanwhile is no matter; that something may not be looked at must be told
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
    """Whether numbers of users mean the same there as here.

    In a container with its own processes that is so only where root started it, and then the number of the account is
    somebody else's. Without being root, nobody makes one that does not have users of its own; and that is the user's.
    (The links in /proc/PID/ns would say so too, but only to who may trace the process, which the hub may not.)
    """
    return (process / "uid_map").read_text() == Path("/proc/self/uid_map").read_text()
