"""What every way to log in has in common here: who may, and for how long.

The names stand in the authenticator's own traits, which `littlest.hub.rights.enforce` keeps as the settings have
them.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.utils import maybe_future
from traitlets.utils.importstring import import_item

from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.login.guests import Guests
from littlest.hub.rights.listed import forget_listed_user
from littlest.plan.login import make_login_rule


class FollowsSettings(Authenticator):
    """Put before an authenticator class: it then follows `users` and `auth.allow_all`, whatever its own rules are.

    Those whom the settings name, or an admin added in the admin panel, may log in; and so may those whom the class's
    own rules let in (a group of the provider, an approval), but only as long as these rules do.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # a drop-in may have changed what the settings say of it
        rule = [make_login_rule(live.config.auth), self.allow_all]
        self._rule = hashlib.sha256(json.dumps(rule).encode()).hexdigest()
        self._guests = Guests()

    def is_named(self, name: str) -> bool:
        """Whether somebody said of this very user that they may log in."""
        return name in self.admin_users or name in self.allowed_users

    def normalize_username(self, username: str) -> str:
        """The name in lower case, as the settings have it; some authenticators keep capitals."""
        return str(super().normalize_username(username)).lower()

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """Log somebody in; remember who was let in by a rule."""
        found = await super().get_authenticated_user(handler, data)
        if found:
            name = found["name"]
            if self.is_named(name):
                self._guests.forget(name)
            else:
                self._guests.let_in(name, self._rule)
            self._remember_admin(handler, name, found.get("admin"))
        return found

    def _remember_admin(self, handler: Any, name: str, admin: bool | None) -> None:
        """Remember who is an admin by a rule; `admin` is what the class says, None where it says nothing."""
        known = handler and handler.find_user(name)
        is_by_person = name in self.admin_users or (known and known.admin and not self._guests.was_made_admin(name))
        if admin and not is_by_person:
            self._guests.make_admin(name, self._rule)
        elif admin is False or is_by_person:
            self._guests.forget_admin(name)

    async def find_ended_rights(self, names: Iterable[str], admins: Iterable[str]) -> tuple[set[str], set[str]]:
        """At the hub's start, of those whom its database has: who was let in by a rule that is no more, and who was
        made an admin by one."""
        guests = {name for name in names if name in self._guests and not await self.may_log_in(name)}
        ended = {name for name in admins if self._guests.is_admin_by_ended_rule(name, self._rule)} - self.admin_users
        if self._guests.is_lost and (guests or ended):
            self.log.error(
                "%s is lost, and with it who was let in by name: only those whom the settings name, or who are let in"
                " anyway, may log in. Others must be named, or deleted and added again.",
                self._guests.file,
            )
        return guests, ended

    def settle_guests(self, admins: Iterable[str]) -> None:
        """From now on who is added may log in; these are no longer admins by a rule."""
        for name in admins:
            self._guests.forget_admin(name)
        self._guests.recover()

    async def may_log_in(self, name: str) -> bool:
        """Whether somebody who has proved who they are may log in, or go on."""
        if name in self.blocked_users:
            return False
        return self.allow_all or self.is_named(name) or await self.is_still_let_in(name)

    async def is_still_let_in(self, name: str) -> bool:
        """Whether a rule still lets in somebody whom it let in before; where it has changed, it is asked again at the
        next login."""
        return self._guests.was_let_in(name, self._rule)

    async def refresh_user(self, user: Any, handler: Any = None, **further: Any) -> Any:
        """Whether somebody who logged in before may go on."""
        if not await self.may_log_in(user.name):
            return False
        return await maybe_future(super().refresh_user(user, handler, **further))

    def add_user(self, user: Any) -> Any:
        """Let a user who was added log in, and do what the class does besides. Raises ValueError for an impossible
        name."""
        self.admit_added(user)
        if self.normalize_username(user.name) not in self._guests:
            return super().add_user(user)
        return None

    def admit_added(self, user: Any) -> None:
        """Let a user who was added, or whom the hub has had before, log in; not one whom a rule let in.

        Raises ValueError for a name that JupyterHub cannot have.
        """
        if not self.validate_username(user.name):
            raise ValueError(f"Invalid username: {user.name}")
        # one way of JupyterHub's to add users keeps capitals, and a login never has any
        name = self.normalize_username(user.name)
        if self._guests.is_lost and not self.is_named(name):
            self._guests.suspect(name)
        if self.allow_existing_users and name not in self._guests and name not in live.removed:
            self.allowed_users.add(name)

    def forget_approvals(self, names: Iterable[str]) -> None:
        """Let what the class itself keeps of these, who were taken out of the settings, let them in no longer."""

    def delete_user(self, user: Any) -> Any:
        """Forget a user who is removed in the admin panel, and what the class knows of them."""
        self.forget_user(user)
        return super().delete_user(user)

    def forget_user(self, user: Any) -> None:
        """Forget that a user who is removed in the admin panel may log in."""
        name = self.normalize_username(user.name)
        self.allowed_users.discard(name)
        self._guests.forget(name)
        self._guests.forget_admin(name)
        live.removed -= {name}
        forget_listed_user(name)


def make_authenticator_class(name: str) -> type[Authenticator]:
    """Return the class of this name, made to follow the settings. Raises LittlestError where there is no such class.

    The name stays the same: by it JupyterHub finds the class's settings.
    """
    try:
        found = import_item(name)
    except Exception as error:  # whatever a package of the admin's raises
        raise LittlestError(f"auth.type: {name} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Authenticator)):
        raise LittlestError(f"auth.type: {name} is no authenticator class of JupyterHub's")
    if issubclass(found, FollowsSettings):
        return found
    return type(found.__name__, (FollowsSettings, found), {"__module__": found.__module__, "__doc__": found.__doc__})
