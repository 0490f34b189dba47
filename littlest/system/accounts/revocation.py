"""The end of what users had by their Unix accounts, beside the groups: what runs, the way in, the files of admins."""

import os
import stat
from collections.abc import Collection

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.machine.walk import walk_within
from littlest.plan.account_names import make_comment
from littlest.system.accounts.accounts import (
    find_account_made_for,
    find_user_account,
    find_user_accounts,
    is_made_by_us,
)
from littlest.system.accounts.expiry import open_account, read_shut_accounts, shut_account
from littlest.system.accounts.groups import hold_accounts_lock
from littlest.system.accounts.processes import end_lingering, end_processes, end_processes_with_lost_groups

ACLS = frozenset({"system.posix_acl_access", "system.posix_acl_default"})


def end_accounts(
    machine: Machine, config: Config, losers: Collection[str], shut_out: Collection[str]
) -> tuple[str, ...]:
    """End what still runs of users who lost rights; a line for each account of which something goes on.

    Of those in `shut_out`, who may not log in, that is everything, and nobody comes in by the account any more. Of
    the others, and of accounts that we did not make, it is what has groups that the account is in no longer.
    """
    failures = []
    for user in sorted(losers):
        try:
            account = find_user_account(machine, config.users.unix_name, user)
        except LittlestError:
            continue  # no hub user has had that account
        if account is None:
            continue
        try:
            if not _end_account(machine, account, everything=user in shut_out and is_made_by_us(account)):
                failures.append(f"something still runs as the account {account.name}")
        except (LittlestError, OSError) as error:
            failures.append(f"the account {account.name} may still be used: {error}")
    return tuple(failures)


def _end_account(machine: Machine, account: Account, *, everything: bool) -> bool:
    if not everything:
        return end_processes_with_lost_groups(machine, account)
    try:
        shut_account(machine, account)
    finally:
        end_lingering(machine, account)
        is_over = end_processes(machine, account)
    return is_over


def find_shut_users(machine: Machine, users: Collection[str]) -> frozenset[str]:
    """Those of these hub users whose accounts are shut."""
    by_comment = {make_comment(user): user for user in users}
    shut = read_shut_accounts(machine)
    found = (account for account in find_user_accounts(machine) if account.name in shut) if shut else ()
    return frozenset(by_comment[account.comment] for account in found if account.comment in by_comment)


def open_accounts(machine: Machine, users: Collection[str]) -> None:
    """Open the accounts of these hub users, who may log in again. Raises LittlestError."""
    with hold_accounts_lock(machine):
        for user in sorted(users):
            account = find_account_made_for(machine, user)
            if account is not None:
                open_account(machine, account)


def take_back_environment(machine: Machine) -> tuple[str, ...]:
    """Give root what lies in the shared environment and belongs to somebody who is no admin now; a line for each
    failure.

    Whoever owns a file may change it, and give rights to it, whatever groups they are in.
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
                continue  # another admin was quicker
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
        # what is made in a folder is its group's
        os.fchmod(descriptor, kept | stat.S_ISGID if stat.S_ISDIR(mode) else kept & ~stat.S_ISGID)
    finally:
        os.close(descriptor)
