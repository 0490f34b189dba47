"""Groups of ours, whose members the settings alone decide, and the commands that change accounts."""

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.machine.machine import Machine
from littlest.plan.account_names import is_our_group
from littlest.plan.steps import EnsureGroup


def ensure_group(machine: Machine, step: EnsureGroup) -> None:
    """Create the group."""
    run_account_command(machine, "groupadd", "--system", step.name)


def find_our_groups(machine: Machine) -> tuple[str, ...]:
    """Return the names of all our groups on this machine."""
    return tuple(filter(is_our_group, machine.read_local_groups()))


def is_in_groups(machine: Machine, account: str, groups: Collection[str]) -> bool:
    """Whether the account is in these of our groups and in no other of ours."""
    return set(_list_groups_of(machine, account)) == set(groups)


def set_groups(machine: Machine, account: str, groups: Collection[str]) -> None:
    """Let the account be in these of our groups and in no other of ours. The caller holds the accounts' lock."""
    for group in _list_groups_of(machine, account):
        if group not in groups:
            leave_group(machine, account, group)
    for group in groups:
        join_group(machine, account, group)


def _list_groups_of(machine: Machine, account: str) -> tuple[str, ...]:
    found = machine.read_local_groups().items()
    return tuple(name for name, (_, members) in found if account in members and is_our_group(name))


def join_group(machine: Machine, account: str, group: str) -> None:
    """Add the account to a group of ours, which is created if it is missing."""
    found = machine.read_local_groups().get(group)
    if found is None:
        ensure_group(machine, EnsureGroup(group))
    elif account in found[1]:
        return
    if machine.is_live:
        # gpasswd also knows accounts of a directory service, usermod only those of the machine's own file
        run_account_command(machine, "gpasswd", "--add", account, group)
    else:
        run_account_command(machine, "usermod", "--append", f"--groups={group}", account)


def leave_group(machine: Machine, account: str, group: str) -> None:
    """Remove the account from a group of ours."""
    if machine.is_live:
        run_account_command(machine, "gpasswd", "--delete", account, group)
        return
    # usermod can only set the whole list
    found = machine.read_local_groups().items()
    kept = sorted(name for name, (_, members) in found if account in members and name != group)
    run_account_command(machine, "usermod", f"--groups={','.join(kept)}", account)


def run_account_command(machine: Machine, command: str, *arguments: str) -> None:
    """Run a command that changes accounts, such as useradd(8). Raises LittlestError with its message."""
    prefix = () if machine.is_live else (f"--prefix={machine.root}",)
    try:
        machine.run([command, *prefix, *arguments])
    except CommandFailed as error:
        raise LittlestError(error.message, "See who changes accounts on this machine, then try again.") from error


@contextmanager
def hold_accounts_lock(machine: Machine) -> Iterator[None]:
    """Keep our other processes and threads from changing accounts."""
    # useradd waits a whole second whenever another one runs, and gives up after a few: a class that starts at the
    # same moment waits here instead
    file = machine.path(paths.ACCOUNTS_LOCK_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
