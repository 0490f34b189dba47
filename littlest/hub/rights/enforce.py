"""Enforces the users of config.yaml: who may log in, who is an admin, who is in which group, and who no longer is."""

import asyncio
from collections.abc import Collection
from typing import Any

from jupyterhub import orm, roles
from jupyterhub.app import JupyterHub
from jupyterhub.metrics import TOTAL_USERS
from jupyterhub.utils import maybe_future
from sqlalchemy import event

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.config.sections.users import Users
from littlest.hub.live import live
from littlest.hub.login.people import FollowsSettings
from littlest.hub.memory.listed import (
    ListedUsers,
    Removal,
    compare_users,
    keep_unfinished,
    read_listed_users,
    write_listed_users,
)
from littlest.hub.notify import notify_systemd
from littlest.hub.rights.account_rights import end_what_runs, find_losing_sudo, settle_accounts
from littlest.hub.rights.sessions import end_sessions, stop_servers, stop_units
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name

START_SECONDS = 300
"""Seconds that the hub's start may take when it first ends rights: systemd needs at most 100 of them to stop servers,
and the rest is as long as for any other start."""
AT_ONCE = 20
"""Users that are handled before the hub answers requests again."""


async def take_rights_away_at_start(app: JupyterHub, config: Config) -> None:
    """Take away what config.yaml gave before and no longer gives, before the hub accepts requests.

    JupyterHub itself has loaded the users, and corrects the roles next.
    """
    before = read_listed_users(Machine())
    if before is None:
        before = _recheck_all_users(app)
        live.forgotten = (
            f"{paths.LISTED_USERS_FILE} was damaged, and with it the list of users taken out of the settings: only"
            " users whom the settings name, or a rule lets in, may log in. Name the others, or delete and add them"
            " again.",
        )
        app.log.error("%s", *live.forgotten)
    listed, removal = compare_users(before, config, _list_plain_users(app))
    app.authenticator.allowed_users -= removal.not_allowed
    live.removed = removal.not_allowed
    losing, with_files = _take_rights_away(app, config, removal)
    losing_by_rule, with_their_files = _end_rules(app)
    losing |= losing_by_rule | await find_losing_sudo(app)
    _set_groups(app.db, config, removal)
    found = app.db.query(orm.Spawner).join(orm.User).filter(orm.User.name.in_(losing)).all()
    units = [make_unit_name(spawner.user.name, spawner.name) for spawner in found]
    if units:
        notify_systemd(f"EXTEND_TIMEOUT_USEC={START_SECONDS * 1_000_000}")
    live.unfinished = (
        *await asyncio.to_thread(stop_units, Machine(), units),
        *await settle_accounts(app),
        *await end_what_runs(app, losing, with_files=with_files or with_their_files),
    )
    for line in live.unfinished:
        app.log.error("%s", line)
    write_listed_users(Machine(), keep_unfinished(before, listed) if live.unfinished else listed)


async def enforce(app: JupyterHub, before: Config) -> None:
    """Give the running hub's users the rights of `live.config`, and end those that only `before` gave.

    `live.unfinished` afterwards has a line for each right that could not be ended; the next call tries again.
    """
    config, machine = live.config, Machine()
    # when the file is damaged, the hub itself still knows
    listed_before = read_listed_users(machine) or compare_users(ListedUsers(removed=live.removed), before)[0]
    listed, removal = compare_users(listed_before, config, _list_plain_users(app))
    live.removed = removal.not_allowed
    await _give_rights(app, before.users, config.users, removal)
    losing, with_files = _take_rights_away(app, config, removal)
    losing |= await find_losing_sudo(app)
    # users who are banned lose their groups and roles
    await app.init_blocked_users()
    _set_groups(app.db, config, removal)
    live.unfinished = await end_rights(app, losing, with_files=with_files)
    write_listed_users(machine, keep_unfinished(listed_before, listed) if live.unfinished else listed)


async def end_rights(
    app: JupyterHub, names: Collection[str], *, gone: Collection[str] = (), with_files: bool
) -> tuple[str, ...]:
    """End what users who lost rights have open; return a line for each thing that still runs.

    `gone` are users whom the database no longer has. `with_files` takes the shared environment back from former
    admins.
    """
    users = [app.users[user] for name in sorted(names) if (user := orm.User.find(app.db, name))]
    # users who stay lose their folders at once, without waiting for servers that stop slowly
    await settle_accounts(app)
    running = await asyncio.gather(*(stop_servers(app, user) for user in users))
    # a server that was just starting may have put its account back into the groups
    wrong = await settle_accounts(app)
    still = await end_what_runs(app, {*names, *gone}, gone=gone, with_files=with_files)
    return (*(line for lines in running for line in lines), *wrong, *still)


def keep_groups_of_new_users(db: Any) -> None:
    """Add every new user of the hub to the groups that config.yaml gives them, from the first moment."""

    @event.listens_for(db, "before_flush")
    def join_groups(session: Any, *_: object) -> None:
        for user in [found for found in session.new if isinstance(found, orm.User)]:
            with session.no_autoflush:
                for name in list_groups_of(live.config, user.name):
                    group = orm.Group.find(session, name)
                    if group is not None and group not in user.groups:
                        user.groups.append(group)


def _list_plain_users(app: JupyterHub) -> tuple[str, ...]:
    """Return the users of the hub who are not admins, and so see only the folders that the settings give them."""
    return tuple(name for name, admin in app.db.query(orm.User.name, orm.User.admin) if not admin)


async def _give_rights(app: JupyterHub, before: Users, users: Users, removal: Removal) -> None:
    authenticator = app.authenticator
    authenticator.blocked_users = (authenticator.blocked_users - set(before.banned)) | set(users.banned)
    authenticator.admin_users = (authenticator.admin_users - removal.no_longer_admin) | set(users.admin)
    for number, name in enumerate((*users.allowed, *users.admin)):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        user = await app._get_or_create_user(name, hint=str(paths.CONFIG_FILE))
        if name in users.admin and not user.admin:
            app.log.info("%s is in users.admin: an admin from now on", name)
            user.admin = True
        # a user who was banned had no role left
        roles.assign_default_roles(app.db, entity=user)
    for name in sorted(set(before.banned) - set(users.banned)):
        user = orm.User.find(app.db, name)
        if user is not None:
            # a user whom an admin added in the admin panel may log in again
            await maybe_future(authenticator.add_user(user))
    authenticator.allowed_users = (authenticator.allowed_users - removal.not_allowed) | {*users.allowed, *users.admin}
    app.db.commit()
    TOTAL_USERS.set(app.db.query(orm.User).count())


def _recheck_all_users(app: JupyterHub) -> ListedUsers:
    """Return what to assume when the memory of users is damaged.

    config.yaml named all admins of the database, and all users except those whom a rule or an approval lets in.
    """
    users = app.db.query(orm.User).all()
    follows = app.authenticator if isinstance(app.authenticator, FollowsSettings) else None
    named = [user.name for user in users if not (follows and follows.is_still_let_in(user.name))]
    return ListedUsers(frozenset(named), frozenset(user.name for user in users if user.admin))


def _take_rights_away(app: JupyterHub, config: Config, removal: Removal) -> tuple[set[str], bool]:
    """End admins' rights, and the sessions of users who may not log in.

    Return the users whose servers must stop, and whether any of them was an admin.
    """
    banned = frozenset(config.users.banned)
    if isinstance(app.authenticator, FollowsSettings):
        app.authenticator.forget_approvals(removal.not_allowed)
    # users whom the way to log in lets in anyway lose nothing when they are no longer named
    locked_out = banned if app.authenticator.allow_all else banned | removal.just_removed
    # a user made an admin in the admin panel would also be one again on coming back
    dropped = [name for name in removal.no_longer_admin | locked_out if _drop_admin(app, name)]
    gone = [user for name in sorted(locked_out) if (user := orm.User.find(app.db, name))]
    for user in gone:
        app.log.info("%s may not log in: ending their sessions and servers", user.name)
    end_sessions(app.db, *gone)
    # a running server keeps the groups it was started with, and so sudo and the folders
    return {*locked_out, *removal.no_longer_admin, *removal.left}, bool(dropped or removal.no_longer_admin)


def _end_rules(app: JupyterHub) -> tuple[set[str], bool]:
    """End what a former rule of `auth` gave; rules change only at a start. Returns as `_take_rights_away`."""
    if not isinstance(app.authenticator, FollowsSettings):
        return set(), False
    users = app.db.query(orm.User).all()
    guests, admins = app.authenticator.find_ended_rights(
        [user.name for user in users], [user.name for user in users if user.admin]
    )
    dropped = [name for name in guests | admins if _drop_admin(app, name)]
    end_sessions(app.db, *(user for user in users if user.name in guests))
    app.db.commit()
    app.authenticator.settle_guests(admins)
    return guests | admins, bool(dropped)


def _drop_admin(app: JupyterHub, name: str) -> bool:
    """Take admin rights from a user; returns whether they had them."""
    user = orm.User.find(app.db, name)
    if user is None or not user.admin:
        return False
    app.log.info("%s is no longer an admin: nothing makes them one", name)
    user.admin = False
    admin_role = orm.Role.find(app.db, "admin")
    if admin_role in user.roles:
        user.roles.remove(admin_role)
    return True


def _set_groups(db: Any, config: Config, removal: Removal) -> None:
    """Give the groups of config.yaml their members there; groups made in the admin panel stay."""
    for name in sorted(removal.groups):
        group = orm.Group.find(db, name)
        if group is not None:
            db.delete(group)
    for name, wanted in config.users.groups.items():
        group = orm.Group.find(db, name)
        if group is None:
            group = orm.Group(name=name)
            db.add(group)
        # users whom the hub does not know yet join when it first sees them
        group.users = (
            db.query(orm.User).filter(orm.User.name.in_(set(wanted.members) - set(config.users.banned))).all()
        )
    db.commit()
