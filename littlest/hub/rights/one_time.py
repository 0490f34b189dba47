"""One-time passwords: who needs one, and making one, which ends what others may have open under the name."""

from dataclasses import dataclass, field
from typing import Any

from jupyterhub import orm
from jupyterhub.app import JupyterHub

from littlest.errors import LittlestError
from littlest.hub.login.first_use import PasswordAuthenticator
from littlest.hub.login.kept_passwords import KeepsPasswords
from littlest.hub.memory.claims import remember_claims
from littlest.hub.rights.sessions import end_other_sessions
from littlest.system.accounts.passwords import PasswordState, read_password_states


@dataclass(frozen=True, slots=True)
class Passwords:
    """Which passwords the users have, where the hub keeps passwords, and who may not log in any more."""

    kept: bool = False
    """Whether the hub keeps passwords at all."""
    unclaimed: list[str] = field(default_factory=list)
    """Nobody has logged in yet: the first login under the name chooses the password."""
    one_time: list[str] = field(default_factory=list)
    """They have a one-time password that they have not used yet."""
    missing: list[str] = field(default_factory=list)
    """They cannot log in before somebody makes a one-time password for them."""
    own: list[str] = field(default_factory=list)
    """They have a password of their own. It may be one that was made for an admin before the first login."""
    removed: list[str] = field(default_factory=list)
    """The hub's database has them, and they may not log in any more."""


def remember_claimed_names(app: JupyterHub) -> None:
    """Remember the names that have a password, those from before the hub remembered any as well. Never raises."""
    if isinstance(app.authenticator, KeepsPasswords):
        try:
            remember_claims(app.db, read_password_states(app.authenticator.file))
        except LittlestError as error:
            app.log.error("%s", error.message)


def list_passwords(app: JupyterHub) -> Passwords:
    """Return the passwords of the users in the database, and of those who may log in by name."""
    authenticator = app.authenticator
    known = {name for (name,) in app.db.query(orm.User.name) if name}
    removed = sorted(filter(authenticator.is_shut_out, known))
    if not isinstance(authenticator, KeepsPasswords):
        return Passwords(removed=removed)
    found = Passwords(kept=True, removed=removed)
    states = read_password_states(authenticator.file)
    for name in sorted(known | authenticator.allowed_users | authenticator.admin_users):
        state = authenticator.find_state(name) or states.get(name)
        if state is PasswordState.OWN:
            found.own.append(name)
        elif not authenticator.may_log_in(name):
            continue
        elif state is PasswordState.ONE_TIME:
            found.one_time.append(name)
        elif state is None and isinstance(authenticator, PasswordAuthenticator) and authenticator.is_open(name):
            found.unclaimed.append(name)
        elif isinstance(authenticator, PasswordAuthenticator) or authenticator.has_owner(name):
            found.missing.append(name)
    return found


async def make_one_time_password(app: JupyterHub, name: str) -> str:
    """Give a user a new one-time password, and return it; the user's sessions and tokens end.

    Raises LittlestError where the hub keeps no passwords, or nobody may log in under the name.
    """
    authenticator: Any = app.authenticator
    if not isinstance(authenticator, KeepsPasswords):
        raise LittlestError("with this auth.type the hub keeps no passwords", "Change the password where it is kept.")
    name = authenticator.normalize_username(name)
    if not authenticator.may_log_in(name):
        raise LittlestError(f"nobody may log in as {name}", f"sudo littlest config add users.allowed {name} --apply")
    password = await authenticator.make_one_time_password(name)
    user = orm.User.find(app.db, name)
    if user is not None:
        end_other_sessions(app.db, user)
    return password
