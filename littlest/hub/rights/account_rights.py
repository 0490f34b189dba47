"""The rights of users' Unix accounts, which the hub gives and takes away."""

import asyncio
from collections.abc import Collection

from jupyterhub import orm
from jupyterhub.app import JupyterHub

from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.login.people import FollowsSettings
from littlest.machine.machine import Machine
from littlest.system.accounts.login_limits import limit_system_logins
from littlest.system.accounts.members import close_system_logins, find_users_losing_sudo, take_out_of_groups
from littlest.system.accounts.revocation import (
    end_accounts,
    find_expired_users,
    take_back_environment,
    unexpire_accounts,
)


async def settle_accounts(app: JupyterHub) -> tuple[str, ...]:
    """Remove accounts from Unix groups that they should not be in, close them to everything but the hub where the
    settings say so, and unexpire those of users who may log in again.

    Return a line for what failed.
    """
    admins = {name: bool(admin) for name, admin in app.db.query(orm.User.name, orm.User.admin)}
    shut_out = _find_shut_out(app, live.removed)
    machine = Machine()
    try:
        shut = await asyncio.to_thread(find_expired_users, machine, admins)
        if back := shut - _find_shut_out(app, shut):
            await asyncio.to_thread(unexpire_accounts, machine, back)
        failures = await asyncio.to_thread(take_out_of_groups, machine, live.config, admins, shut_out)
    except (LittlestError, OSError) as error:
        return (f"accounts may be in Unix groups that they should not be in: {error}",)
    try:
        await asyncio.to_thread(close_system_logins, machine, live.config, admins)
        await asyncio.to_thread(limit_system_logins, machine, live.config, admins)
    except (LittlestError, OSError) as error:
        failures = (*failures, f"accounts may be used without the hub: {error}")
    return failures


async def find_losing_sudo(app: JupyterHub) -> set[str]:
    """Return the users who may use sudo as their accounts are now, and may not any more."""
    admins = {name: bool(admin) for name, admin in app.db.query(orm.User.name, orm.User.admin)}
    return await asyncio.to_thread(find_users_losing_sudo, Machine(), live.config, admins)


async def end_what_runs(
    app: JupyterHub, losing_access: Collection[str], *, gone: Collection[str] = (), with_files: bool
) -> tuple[str, ...]:
    """End the processes of users who lost rights, after their servers; return a line for each that still runs.

    `gone` are those of them who were deleted. `with_files` takes the shared environment back from former admins.
    """
    # an admin may have added a deleted user again at once, for a forgotten password
    deleted = {name for name in gone if orm.User.find(app.db, name) is None}
    shut_out = {*deleted, *_find_shut_out(app, set(losing_access) - set(gone))}
    machine = Machine()
    wrong = await asyncio.to_thread(end_accounts, machine, live.config, losing_access, shut_out)
    return (*wrong, *(await asyncio.to_thread(take_back_environment, machine) if with_files else ()))


def _find_shut_out(app: JupyterHub, names: Collection[str]) -> set[str]:
    """Return which of these users may not log in; with an authenticator of a drop-in, only the settings say so."""
    authenticator = app.authenticator
    if not isinstance(authenticator, FollowsSettings):
        return {name for name in names if name in live.config.users.banned or name in live.removed}
    return {name for name in names if not authenticator.may_log_in(name)}
