"""The members of our Unix groups: accounts of hub users, as the settings say."""

from collections.abc import Collection, Iterator, Mapping

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.plan.account_names import (
    OWN_GROUPS,
    is_for_existing_accounts,
    list_unix_groups,
    make_comment,
    may_use_sudo,
)
from littlest.plan.steps import SetGroupMembers
from littlest.plan.system_logins import is_hub_only
from littlest.system.accounts.groups import find_our_groups, hold_accounts_lock, join_group, leave_group
from littlest.system.accounts.processes import end_lingering
from littlest.system.accounts.user_accounts import find_user_account, find_user_accounts


def are_group_members_set(machine: Machine, step: SetGroupMembers) -> bool:
    """Whether each group has the members that it should have, of the accounts that exist."""
    return all(members == wanted for _, members, wanted in _compare_members(machine, step))


def set_group_members(machine: Machine, step: SetGroupMembers) -> None:
    """Add the accounts that are missing, and remove the others. Raises LittlestError."""
    with hold_accounts_lock(machine):
        for group, members, wanted in _compare_members(machine, step):
            for account in sorted(members - wanted):
                leave_group(machine, account, group)
            for account in sorted(wanted - members):
                join_group(machine, account, group)


def _compare_members(machine: Machine, step: SetGroupMembers) -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield each group of `users.groups` that exists, its members, and those that it should have."""
    made = {account.comment: account.name for account in find_user_accounts(machine)}
    wanted = dict(step.groups)
    for group, (_, members) in machine.read_local_groups().items():
        if group.startswith(paths.SHARING_GROUP_PREFIX):
            accounts = (
                made.get(make_comment(user)) or _find_existing(machine, step, user) for user in wanted.get(group, ())
            )
            yield group, set(members), set(filter(None, accounts))


def _find_existing(machine: Machine, step: SetGroupMembers, user: str) -> str | None:
    return _find_account_name(machine, step.unix_name, user) if is_for_existing_accounts(step.unix_name) else None


def _find_account_name(machine: Machine, unix_name: str, user: str) -> str | None:
    try:
        account = find_user_account(machine, unix_name, user)
    except LittlestError:
        return None  # no hub user may have that account, and the user's server says so
    return None if account is None else account.name


def take_out_of_groups(
    machine: Machine, config: Config, admins: Mapping[str, bool], shut_out: Collection[str]
) -> tuple[str, ...]:
    """Remove accounts from those of our groups in which they should not be; return a line for each failure.

    `admins` has every user of the hub, and whether they are an admin; users in `shut_out` may not log in. An account
    of no hub user is in none of our groups. Processes keep the groups with which they started.
    """
    if not _list_wrong(machine, config, admins, shut_out):
        return ()
    failures = []
    # a server that starts may have added an account meanwhile
    with hold_accounts_lock(machine):
        for account, group in _list_wrong(machine, config, admins, shut_out):
            try:
                leave_group(machine, account, group)
            except LittlestError as error:
                failures.append(f"the account {account} is still in the Unix group {group}: {error.message}")
    return tuple(failures)


def find_users_losing_sudo(machine: Machine, config: Config, admins: Mapping[str, bool]) -> set[str]:
    """Return the hub users whose accounts are in the group for sudo, and should not be."""
    members = machine.read_local_groups().get(paths.SUDO_GROUP, (0, ()))[1]
    others = (
        [user for user, admin in admins.items() if not may_use_sudo(config, user, admin=admin)] if members else []
    )
    return {user for user in others if _find_account_name(machine, config.users.unix_name, user) in members}


def _list_wrong(
    machine: Machine, config: Config, admins: Mapping[str, bool], shut_out: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return each account with a group of ours in which it should not be."""
    groups = machine.read_local_groups()
    ours = [(account, group) for group in find_our_groups(machine) for account in groups[group][1]]
    if not ours:
        return ()
    members = (user for group in config.users.groups.values() for user in group.members)
    users = {*admins, *config.users.allowed, *config.users.admin, *members}
    by_comment = {make_comment(user): user for user in users}
    made = {account.name: by_comment.get(account.comment) for account in find_user_accounts(machine)}
    wanted: dict[str, Collection[str]] = {}
    for account in {account for account, _group in ours}:
        existing = account if is_for_existing_accounts(config.users.unix_name) and account in users else None
        user = made.get(account, existing)
        if user is not None:
            given = list_unix_groups(config, user, admin=admins.get(user, user in config.users.admin))
            # membership in a group of the settings does not depend on being allowed to log in
            wanted[account] = [group for group in given if user not in shut_out or group not in OWN_GROUPS]
    closed = {account.name for account in _list_hub_only(machine, config, admins)}
    return tuple(
        (account, group)
        for account, group in ours
        if (account not in closed if group == paths.HUB_ONLY_GROUP else group not in wanted.get(account, ()))
    )


def close_system_logins(machine: Machine, config: Config, admins: Mapping[str, bool]) -> None:
    """Let only the hub use the accounts of users who may not use sudo, unless the settings say otherwise.

    `admins` is as above; an account of no hub user is closed too. Ends sessions and lingering services of accounts
    that were not closed before. Raises LittlestError.
    """
    _, members = machine.read_local_groups().get(paths.HUB_ONLY_GROUP, (0, ()))
    for account in _list_hub_only(machine, config, admins):
        if account.name not in members:
            with hold_accounts_lock(machine):
                join_group(machine, account.name, paths.HUB_ONLY_GROUP)
            end_lingering(machine, account)


def _list_hub_only(machine: Machine, config: Config, admins: Mapping[str, bool]) -> tuple[Account, ...]:
    named = dict.fromkeys(config.users.admin, True) | dict(admins)
    comments = {make_comment(user) for user, admin in named.items() if may_use_sudo(config, user, admin=admin)}
    made = find_user_accounts(machine)
    return tuple(one for one in made if is_hub_only(config, made_by_us=True, sudo=one.comment in comments))
