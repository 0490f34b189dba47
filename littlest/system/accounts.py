"""Groups, the proxy's account, and one Unix account for each hub user."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.plan.accounts import make_account_name, make_comment
from littlest.plan.steps import EnsureGroup, EnsureSystemUser, RemoveSystemUser
from littlest.system.databases import Account
from littlest.system.machine import Machine, PathKind

HOME_MODE = 0o700


@dataclass(frozen=True, slots=True)
class UserAccount:
    """The Unix account of a hub user."""

    name: str
    uid: int
    gid: int
    home: PurePosixPath


def is_group_there(machine: Machine, step: EnsureGroup) -> bool:
    """Whether the group exists."""
    return machine.read_group(step.name) is not None


def ensure_group(machine: Machine, step: EnsureGroup) -> None:
    """Create the group."""
    _run(machine, "groupadd", "--system", step.name)


def is_system_user_there(machine: Machine, step: EnsureSystemUser) -> bool:
    """Whether the account and its group exist."""
    return machine.read_account(step.name) is not None and machine.read_group(step.name) is not None


def ensure_system_user(machine: Machine, step: EnsureSystemUser) -> None:
    """Create the account, without a home of its own and without a login."""
    _run(
        machine,
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        f"--home-dir={step.home}",
        "--shell=/usr/sbin/nologin",
        f"--comment={step.comment}",
        step.name,
    )


def is_system_user_removed(machine: Machine, step: RemoveSystemUser) -> bool:
    """Whether the account is gone."""
    return machine.read_account(step.name) is None


def remove_system_user(machine: Machine, step: RemoveSystemUser) -> None:
    """Remove the account and its group, which userdel(8) takes along; a home stays."""
    _run(machine, "userdel", step.name)


def remove_group(machine: Machine, name: str) -> None:
    """Remove a group, where there is one of this name."""
    if machine.read_group(name) is not None:
        _run(machine, "groupdel", name)


def ensure_user_account(machine: Machine, user: str, *, admin: bool) -> UserAccount:
    """The Unix account of this hub user, made where it is missing; an admin's is in `littlest-admins`, others' not.

    Any number of threads and processes may call this at once. Raises LittlestError when an account of that name
    exists that was not made for this hub user, or a home that belongs to somebody else.
    """
    name = make_account_name(user)
    groups = {paths.USERS_GROUP, *((paths.ADMINS_GROUP,) if admin else ())}
    account = machine.read_account(name)
    # the usual case, a user who comes back, neither waits nor runs a command
    if account is None or not _is_member_of(machine, name, groups) or _is_home_missing(machine, account):
        with _hold_accounts_lock(machine):
            account = machine.read_account(name)
            if account is None:
                _add_user(machine, name, make_comment(user), groups)
            else:
                _check_comment(account, user)
                _set_groups(machine, name, groups)
                if _is_home_missing(machine, account):
                    machine.make_directory(account.home, mode=HOME_MODE, owner=name, group=name)
            account = machine.read_account(name)
    if account is None:
        raise LittlestError(f"the account {name} was created but cannot be found")
    _check_comment(account, user)
    return UserAccount(account.name, account.uid, account.gid, account.home)


def find_user_accounts(machine: Machine) -> tuple[Account, ...]:
    """Every account that was made for a hub user."""
    return tuple(
        account
        for account in machine.read_accounts()
        if account.name.startswith(paths.ACCOUNT_PREFIX) and account.comment.startswith("littlest ")
    )


def remove_user_account(machine: Machine, account: Account) -> None:
    """Remove a hub user's account and, where it is the one we made, its home; whatever the user still runs ends."""
    if machine.is_live:
        machine.run(["systemctl", "stop", f"user-{account.uid}.slice"], check=False)
    _run(machine, "userdel", account.name)
    if account.home == paths.HOMES_DIR / account.name:
        machine.remove_tree(account.home)


def _check_comment(account: Account, user: str) -> None:
    if account.comment != make_comment(user):
        raise LittlestError(
            f"the account {account.name} exists already and was not made for the hub user {user!r}",
            f"If it is theirs: sudo usermod --comment '{make_comment(user)}' {account.name}",
        )


def _add_user(machine: Machine, name: str, comment: str, groups: set[str]) -> None:
    home = paths.HOMES_DIR / name
    kept = machine.read_state(home)
    number: tuple[str, ...] = ()
    if kept is not None:
        owner = machine.read_account_of(kept.uid)
        if owner is not None or kept.kind is not PathKind.DIRECTORY:
            raise LittlestError(
                f"{home} exists already and belongs to {owner.name if owner else 'nobody we know'}",
                f"Move it away (sudo mv {home} {home}.old), then start the server again.",
            )
        # files that an earlier account of this name left behind: the number makes them its own again
        number = (f"--uid={kept.uid}",)
    _run(
        machine,
        "useradd",
        *number,
        "--create-home",
        f"--home-dir={home}",
        "--user-group",
        f"--groups={','.join(sorted(groups))}",
        "--shell=/bin/bash",
        f"--comment={comment}",
        f"--key=HOME_MODE={HOME_MODE:04o}",
        name,
    )
    machine.make_directory(home, mode=HOME_MODE, owner=name, group=name)


def _is_home_missing(machine: Machine, account: Account) -> bool:
    """Whether the home that we made was removed, as teachers do to let a student begin anew."""
    return account.home == paths.HOMES_DIR / account.name and machine.read_state(account.home) is None


def _is_member_of(machine: Machine, name: str, groups: set[str]) -> bool:
    """Whether the account is in these of our groups and in no other of ours."""
    ours = (paths.USERS_GROUP, paths.ADMINS_GROUP)
    return groups == {group for group in ours if name in (machine.read_group(group) or (0, ()))[1]}


def _set_groups(machine: Machine, name: str, groups: set[str]) -> None:
    for group in (paths.USERS_GROUP, paths.ADMINS_GROUP):
        member = name in (machine.read_group(group) or (0, ()))[1]
        if group in groups and not member:
            _run(machine, "usermod", "--append", f"--groups={group}", name)
        elif group not in groups and member:
            _leave_group(machine, name, group)


def _leave_group(machine: Machine, name: str, group: str) -> None:
    if machine.is_live:
        machine.run(["gpasswd", "--delete", name, group])
        return
    # usermod can only set the whole list, which on a tree that does not run nobody else knows better
    found = (line.split(":") for line in (machine.read_text(PurePosixPath("/etc/group")) or "").splitlines())
    kept = sorted(fields[0] for fields in found if name in fields[-1].split(",") and fields[0] != group)
    _run(machine, "usermod", f"--groups={','.join(kept)}", name)


def _run(machine: Machine, command: str, *arguments: str) -> None:
    prefix = () if machine.is_live else (f"--prefix={machine.root}",)
    try:
        machine.run([command, *prefix, *arguments])
    except CommandFailed as error:
        raise LittlestError(error.message, "See who changes accounts on this machine, then try again.") from error


@contextmanager
def _hold_accounts_lock(machine: Machine) -> Iterator[None]:
    # useradd waits a whole second whenever another one runs, and gives up after some: a class that starts at the same
    # moment waits here instead
    file = machine.path(paths.ACCOUNTS_LOCK_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
