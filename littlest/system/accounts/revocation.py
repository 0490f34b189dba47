"""Users who lost rights: their processes end, their accounts expire, files of former admins become root's."""

import os
import stat
from collections.abc import Collection

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.machine.trees import walk_within
from littlest.plan.account_names import make_comment
from littlest.plan.system_logins import is_hub_only
from littlest.system.accounts.expiry import expire_account, read_expired_accounts, unexpire_account
from littlest.system.accounts.groups import hold_accounts_lock
from littlest.system.accounts.processes import end_lingering, end_processes, end_processes_with_lost_groups
from littlest.system.accounts.scheduled import remove_scheduled
from littlest.system.accounts.user_accounts import (
    find_account_made_for,
    find_user_account,
    find_user_accounts,
    is_made_by_us,
)

ACLS = frozenset({"system.posix_acl_access", "system.posix_acl_default"})


def end_accounts(
    machine: Machine, config: Config, losing_access: Collection[str], shut_out: Collection[str]
) -> tuple[str, ...]:
    """End the processes of users who lost rights; return a line for each account that still runs something.

    Users in `shut_out` may not log in: all their processes end, and their accounts expire. Of the others, and of
    accounts that we did not create, only processes end that have a group which the account has lost. Crontabs and
    waiting jobs are removed where only the hub may use the account.
    """
    failures = []
    for user in sorted(losing_access):
        try:
            account = find_user_account(machine, config.users.unix_name, user)
        except LittlestError:
            continue  # no hub user had that account
        if account is None:
            continue
        try:
            everything = user in shut_out and is_made_by_us(account)
            if everything or is_hub_only(config, made_by_us=is_made_by_us(account), sudo=False):
                remove_scheduled(machine, account)
            if not (_end_all(machine, account) if everything else end_processes_with_lost_groups(machine, account)):
                failures.append(f"something still runs as the account {account.name}")
        except (LittlestError, OSError) as error:
            failures.append(f"the account {account.name} may still be used: {error}")
    return tuple(failures)


def _end_all(machine: Machine, account: Account) -> bool:
    try:
        expire_account(machine, account)
    finally:
        end_lingering(machine, account)
        is_over = end_processes(machine, account)
    return is_over


def find_expired_users(machine: Machine, users: Collection[str]) -> frozenset[str]:
    """Return those of these hub users whose accounts we expired."""
    by_comment = {make_comment(user): user for user in users}
    expired = read_expired_accounts(machine)
    found = (account for account in find_user_accounts(machine) if account.name in expired) if expired else ()
    return frozenset(by_comment[account.comment] for account in found if account.comment in by_comment)


def unexpire_accounts(machine: Machine, users: Collection[str]) -> None:
    """Let these hub users use their accounts again. Raises LittlestError."""
    with hold_accounts_lock(machine):
        for user in sorted(users):
            account = find_account_made_for(machine, user)
            if account is not None:
                unexpire_account(machine, account)


def take_back_environment(machine: Machine) -> tuple[str, ...]:
    """Give root the files in the shared environment that belong to former admins; return a line when it fails.

    The owner of a file may change it and its permissions, without being in any group.
    """
    gid, members = machine.read_local_groups().get(paths.ADMINS_GROUP, (0, ()))
    keeping = {0, *(account.uid for name in members if (account := machine.read_account(name)))}
    failures: list[str] = []
    try:
        top = os.open(machine.path(paths.USER_ENVIRONMENT_DIR), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    try:
        for place, name, folder in walk_within(top, failures.append):
            try:
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid not in keeping:
                    _take_back(name, folder, gid)
            except FileNotFoundError:
                continue  # another admin has removed it
            except OSError as error:
                failures.append(f"{place / name}: {error.strerror}")
    finally:
        os.close(top)
    return tuple(f"{paths.USER_ENVIRONMENT_DIR} may hold files of former admins: {line}" for line in failures[:1])


def _take_back(name: str, folder: int, gid: int) -> None:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        os.chown(name, 0, gid, dir_fd=folder, follow_symlinks=False)
        return
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        os.fchown(descriptor, 0, gid)
        for attribute in ACLS.intersection(os.listxattr(descriptor)):
            os.removexattr(descriptor, attribute)
        kept = stat.S_IMODE(os.fstat(descriptor).st_mode) & ~(stat.S_ISUID | stat.S_IWOTH)
        # new files in a folder get its group
        os.fchmod(descriptor, kept | stat.S_ISGID if stat.S_ISDIR(mode) else kept & ~stat.S_ISGID)
    finally:
        os.close(descriptor)
