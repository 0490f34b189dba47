"""Putting config.yaml's users in force: who may log in, who is an admin, who is in which group, and who no longer."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
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
    LISTED_USERS_FILE,
    ListedUsers,
    Removal,
    compare_users,
    keep_unfinished,
    read_listed_users,
    write_listed_users,
)
from littlest.hub.notify import notify_systemd
from littlest.hub.rights.account_rights import end_what_runs, settle_accounts
from littlest.hub.rights.sessions import end_sessions, stop_servers, stop_units
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name

START_SECONDS = 300
"""How long the hub may take from now on when it starts with an end of rights: stopping servers takes systemd 100
seconds at most, and the rest of the start has what it has at other times."""
AT_ONCE = 20
"""How many users are looked at before requests are answered again."""


async def take_rights_away_at_start(app: JupyterHub, config: Config) -> None:
    """Take away what config.yaml gave before and gives no longer, before the hub takes requests.

    JupyterHub itself has loaded the users, and will put the roles right.
    """
    before = read_listed_users(Machine())
    if before is None:
        before = await _suspect_everybody(app)
        live.forgotten = (
            f"{LISTED_USERS_FILE} was damaged, and with it who was taken out of the settings: only those whom the"
            " settings name, or who are let in anyway, may log in. Name the others, or delete and add them again.",
        )
        app.log.error("%s", *live.forgotten)
    listed, removal = compare_users(before, config, _list_plain_users(app))
    app.authenticator.allowed_users -= removal.not_allowed
    live.removed = removal.not_allowed
    losers = _take_rights_away(app, config, removal) + await _end_rules(app)
    _set_groups(app.db, config, removal)
    found = app.db.query(orm.Spawner).join(orm.User).filter(orm.User.name.in_(losers.names)).all()
    units = [make_unit_name(spawner.user.name, spawner.name) for spawner in found]
    if units:
        notify_systemd(f"EXTEND_TIMEOUT_USEC={START_SECONDS * 1_000_000}")
    live.unfinished = (
        *await asyncio.to_thread(stop_units, Machine(), units),
        *await settle_accounts(app),
        *await end_what_runs(app, losers.names, with_files=bool(losers.admins)),
    )
    for line in live.unfinished:
        app.log.error("%s", line)
    write_listed_users(Machine(), keep_unfinished(before, listed) if live.unfinished else listed)


async def put_users_in_force(app: JupyterHub, config: Config) -> None:
    """Make the running hub's users those of `config`, in the place of those of `live.config`.

    `live.config` is `config` afterwards, and servers that start from then on are started by it; `live.unfinished` has
    a line for what failed, and the next call tries that again.
    """
    # where the file is damaged, the hub itself still knows
    listed_before = read_listed_users(Machine()) or compare_users(ListedUsers(removed=live.removed), live.config)[0]
    listed, removal = compare_users(listed_before, config, _list_plain_users(app))
    before, live.config, live.removed = live.config.users, config, removal.not_allowed
    live.forgotten = ()
    live.unfinished = ("the hub has not come to the end of putting the users of these settings in force",)
    await _give_rights(app, before, config.users, removal)
    losers = _take_rights_away(app, config, removal)
    # users who are banned lose their groups and roles
    await app.init_blocked_users()
    _set_groups(app.db, config, removal)
    live.unfinished = await end_rights(app, losers.names, with_files=bool(losers.admins))
    write_listed_users(Machine(), keep_unfinished(listed_before, listed) if live.unfinished else listed)


async def end_rights(
    app: JupyterHub, names: Collection[str], *, gone: Collection[str] = (), with_files: bool
) -> tuple[str, ...]:
    """End what users have open who have lost rights, by the hub's database and the settings; a line for what still
    goes on.

    `gone` are those whom the database does not know any more. With `with_files` the shared environment is taken back
    from who was an admin.
    """
    users = [app.users[user] for name in sorted(names) if (user := orm.User.find(app.db, name))]
    # whoever is still there is out of the folders at once, and does not wait for servers that stop slowly
    await settle_accounts(app)
    running = await asyncio.gather(*(stop_servers(app, user) for user in users))
    # a server that was just starting may have put its account back into the groups
    wrong = await settle_accounts(app)
    still = await end_what_runs(app, {*names, *gone}, gone=gone, with_files=with_files)
    return (*(line for lines in running for line in lines), *wrong, *still)


def keep_groups_of_new_users(db: Any) -> None:
    """Let every user whom the hub comes to know be in the groups of config.yaml from the first moment."""

    @event.listens_for(db, "before_flush")
    def join_groups(session: Any, *_: object) -> None:
        for user in [found for found in session.new if isinstance(found, orm.User)]:
            with session.no_autoflush:
                for name in list_groups_of(live.config, user.name):
                    group = orm.Group.find(session, name)
                    if group is not None and group not in user.groups:
                        user.groups.append(group)


def _list_plain_users(app: JupyterHub) -> tuple[str, ...]:
    """The users of the hub who are no admins, and so get only at folders that the settings give them."""
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
        # somebody who was banned had none left
        roles.assign_default_roles(app.db, entity=user)
    for name in sorted(set(before.banned) - set(users.banned)):
        user = orm.User.find(app.db, name)
        if user is not None:
            # one whom an admin added in the admin panel may log in again
            await maybe_future(authenticator.add_user(user))
    authenticator.allowed_users = (authenticator.allowed_users - removal.not_allowed) | {*users.allowed, *users.admin}
    app.db.commit()
    TOTAL_USERS.set(app.db.query(orm.User).count())


@dataclass(frozen=True, slots=True)
class Losers:
    """Users who lose rights, so that nothing that they have open may go on."""

    names: frozenset[str]
    admins: frozenset[str]
    """Those of them who were admins."""

    def __add__(self, other: "Losers") -> "Losers":
        return Losers(self.names | other.names, self.admins | other.admins)


async def _suspect_everybody(app: JupyterHub) -> ListedUsers:
    """What to take for remembered when nothing is: everybody in the database was named once, and every admin, but
    those whom a rule or an approval lets in."""
    users = app.db.query(orm.User).all()
    follows = app.authenticator if isinstance(app.authenticator, FollowsSettings) else None
    named = [user.name for user in users if not (follows and await follows.is_still_let_in(user.name))]
    return ListedUsers(frozenset(named), frozenset(user.name for user in users if user.admin))


def _take_rights_away(app: JupyterHub, config: Config, removal: Removal) -> Losers:
    """End admins' rights and the sessions of those who may not log in; whose servers are to be stopped."""
    banned = frozenset(config.users.banned)
    if isinstance(app.authenticator, FollowsSettings):
        app.authenticator.forget_approvals(removal.not_allowed)
    # whom the way to log in lets in anyway loses nothing by no longer being named
    locked_out = banned if app.authenticator.allow_all else banned | removal.just_removed
    # also who was made an admin in the admin panel would be one again when they come back
    admins = frozenset(name for name in removal.no_longer_admin | locked_out if _drop_admin(app, name))
    gone = [user for name in sorted(locked_out) if (user := orm.User.find(app.db, name))]
    for user in gone:
        app.log.info("%s may not log in: nothing that they have open goes on", user.name)
    end_sessions(app.db, *gone)
    # what runs keeps the groups it was started with, and so sudo and the folders
    return Losers(locked_out | removal.no_longer_admin | removal.left, admins | removal.no_longer_admin)


async def _end_rules(app: JupyterHub) -> Losers:
    """End what a rule of `auth` gave that is no more, which only a start can bring; whose servers must stop."""
    if not isinstance(app.authenticator, FollowsSettings):
        return Losers(frozenset(), frozenset())
    users = app.db.query(orm.User).all()
    guests, admins = await app.authenticator.find_ended_rights(
        [user.name for user in users], [user.name for user in users if user.admin]
    )
    dropped = frozenset(name for name in guests | admins if _drop_admin(app, name))
    end_sessions(app.db, *(user for user in users if user.name in guests))
    app.db.commit()
    app.authenticator.settle_guests(admins)
    return Losers(frozenset(guests | admins), dropped)


def _drop_admin(app: JupyterHub, name: str) -> bool:
    """Let a user be an admin no longer; whether they were one."""
    user = orm.User.find(app.db, name)
    if user is None or not user.admin:
        return False
    app.log.info("Nothing makes %s an admin any more: no longer one", name)
    user.admin = False
    admin_role = orm.Role.find(app.db, "admin")
    if admin_role in user.roles:
        user.roles.remove(admin_role)
    return True


def _set_groups(db: Any, config: Config, removal: Removal) -> None:
    """Make the hub's groups of these names what config.yaml says; others, made in the admin panel, stay."""
    for name in sorted(removal.groups):
        group = orm.Group.find(db, name)
        if group is not None:
            db.delete(group)
    for name, wanted in config.users.groups.items():
        group = orm.Group.find(db, name)
        if group is None:
            group = orm.Group(name=name)
            db.add(group)
        # those whom the hub does not know yet join when it comes to know them
        group.users = (
            db.query(orm.User).filter(orm.User.name.in_(set(wanted.members) - set(config.users.banned))).all()
        )
    db.commit()
