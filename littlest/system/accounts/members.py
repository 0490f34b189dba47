"""Who is in the Unix groups of ours: the accounts of the hub users to whom the settings give them."""

from collections.abc import Collection, Mapping

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.account_names import is_for_existing_accounts, list_unix_groups, make_comment
from littlest.plan.steps import SetGroupMembers
from littlest.system.accounts.accounts import find_user_account, find_user_accounts
from littlest.system.accounts.groups import find_our_groups, hold_accounts_lock, join_group, leave_group


def are_group_members_set(machine: Machine, step: SetGroupMembers) -> bool:
    """Whether each group holds the accounts that it should, of those that exist."""
    found = machine.read_local_groups()
    wanted = _list_members(machine, step)
    return all(set(found[group][1]) == wanted.get(group, set()) for group in _find_sharing_groups(machine))


def set_group_members(machine: Machine, step: SetGroupMembers) -> None:
    """Let who should join, and who should not be there leave. Raises LittlestError."""
    with hold_accounts_lock(machine):
        found = machine.read_local_groups()
        wanted = _list_members(machine, step)
        for group in _find_sharing_groups(machine):
            members, should = set(found[group][1]), wanted.get(group, set())
            for account in sorted(members - should):
                leave_group(machine, account, group)
            for account in sorted(should - members):
                join_group(machine, account, group)


def take_out_of_groups(
    machine: Machine, config: Config, admins: Mapping[str, bool], shut_out: Collection[str]
) -> tuple[str, ...]:
    """Let every account leave those of our groups that it should not be in; a line for each that could not.

    `admins` says of every user of the hub whether they are an admin; those in `shut_out` may not log in. An account
    that is no hub user's is in none of our groups. What runs keeps the groups that it was started with.
    """
    if not _list_wrong(machine, config, admins, shut_out):
        return ()
    failures = []
    # an account that is just made ready for a server may have been given groups meanwhile
    with hold_accounts_lock(machine):
        for account, group in _list_wrong(machine, config, admins, shut_out):
            try:
                leave_group(machine, account, group)
            except LittlestError as error:
                failures.append(f"the account {account} is still in the Unix group {group}: {error.message}")
    return tuple(failures)


def _list_wrong(
    machine: Machine, config: Config, admins: Mapping[str, bool], shut_out: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Each account and group of ours that do not belong together."""
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
            own = (paths.USERS_GROUP, paths.ADMINS_GROUP)
            # who is in a group of the settings keeps what that gives to an account
            wanted[account] = [group for group in given if user not in shut_out or group not in own]
    return tuple((account, group) for account, group in ours if group not in wanted.get(account, ()))


def _find_sharing_groups(machine: Machine) -> tuple[str, ...]:
    return tuple(name for name in find_our_groups(machine) if name.startswith(paths.SHARING_GROUP_PREFIX))


def _list_members(machine: Machine, step: SetGroupMembers) -> dict[str, set[str]]:
    made = {account.comment: account.name for account in find_user_accounts(machine)}
    users = {user for _, group in step.groups for user in group}
    accounts = {user: made.get(make_comment(user)) or _find_existing(machine, step, user) for user in users}
    return {group: {name for user in members if (name := accounts[user])} for group, members in step.groups}


def _find_existing(machine: Machine, step: SetGroupMembers, user: str) -> str | None:
    if not is_for_existing_accounts(step.unix_name):
        return None
    try:
        account = find_user_account(machine, step.unix_name, user)
    except LittlestError:
        return None  # no hub user may have that account, and the user's server says so
    return None if account is None else account.name
