"""What every way to log in does here: it follows the users of config.yaml, and ends what its own rules gave.

`littlest.hub.rights.enforce` keeps the names of config.yaml in the authenticator's own traits.
"""

import hashlib
import json
import socket
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, ClassVar

from jupyterhub import orm
from jupyterhub.auth import Authenticator
from jupyterhub.utils import maybe_future
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

from littlest import paths
from littlest.config.sections.values import parse_user_name
from littlest.hub.gate.visits import is_visit
from littlest.hub.live import live
from littlest.hub.login.fresh_login import remember_login
from littlest.hub.memory.guests import ADMINS, GUESTS, Guests
from littlest.hub.memory.listed import forget_listed_user
from littlest.machine.machine import Machine
from littlest.plan.effects import make_plain_data
from littlest.plan.login import is_rule_trait, make_login_rule


class FollowsSettings(Authenticator):
    """Put before an authenticator class, it makes the class follow `users` and `auth.allow_all`.

    Users whom the settings name, or an admin added in the admin panel, may log in. Users whom the class's own rules
    let in (a group at the provider, an approval) may log in only as long as the rules stay the same.
    """

    has_sign_up_pages: ClassVar[bool] = False
    """Whether the hub serves `littlest.hub.pages.sign_up`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # the settings do not have what a drop-in sets
        rule = [make_login_rule(live.config), self.allow_all, self._list_rule_traits()]
        content = json.dumps(rule, sort_keys=True, default=_make_plain)
        self._rule = hashlib.sha256(content.encode()).hexdigest()
        self._guests = Guests(Machine())

    def _list_rule_traits(self) -> dict[str, Any]:
        """The traits that may decide who is let in and that were set, by settings or drop-ins."""
        names = {name for section in self.section_names() for name in self.config.get(section, {})}
        known = names & set(self.traits(config=True))
        return {name: make_plain_data(getattr(self, name)) for name in known if is_rule_trait(name)}

    def is_named(self, name: str) -> bool:
        """Whether the settings or an admin named this user."""
        return name in self.admin_users or name in self.allowed_users

    def normalize_username(self, username: str) -> str:
        """The name in lower case, as the settings have it; some authenticators keep capitals."""
        return str(super().normalize_username(username)).lower()

    def validate_username(self, username: str) -> bool:
        """Whether somebody may have this name: the rules are those of the settings."""
        try:
            parse_user_name(username)
        except ValueError:
            return False
        return bool(super().validate_username(username))

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """Log somebody in; remember users whom a rule let in. Raises HTTPError for what a provider refuses."""
        if handler and is_visit(handler):
            raise HTTPError(403, "This window shows a user's server. Close it, and log in with another window.")
        try:
            found = await super().get_authenticated_user(handler, data)
        except (HTTPClientError, ConnectionError, socket.gaierror) as error:
            self.log.error("The login provider did not answer as it should: %s", error)
            if isinstance(error, HTTPClientError) and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                refusal = "The login provider does not accept this hub. Tell an admin: the hub's log has the reason."
                raise HTTPError(403, refusal) from error
            raise HTTPError(503, "The login provider does not answer. Try again in a few minutes.") from error
        if found:
            name = found["name"]
            if handler:
                _log_out_another(handler, name)
                # a form of the hub's has a password; who comes back from a provider brings none
                remember_login(handler, name, found, at_provider="password" not in (data or {}))
            if self.is_named(name):
                self._guests.forget(GUESTS, name)
            else:
                self._guests.remember(GUESTS, name, self._rule)
            self._remember_admin(handler, name, found.get("admin"))
        return found

    def _remember_admin(self, handler: Any, name: str, admin: bool | None) -> None:
        """Remember a user whom a rule made an admin; `admin` is what the class says, None where it says nothing."""
        known = handler and handler.find_user(name)
        was_added = known and known.admin and self._guests.find_rule(ADMINS, name) is None
        is_by_person = name in self.admin_users or was_added
        if admin and not is_by_person:
            self._guests.remember(ADMINS, name, self._rule)
        elif admin is False or is_by_person:
            self._guests.forget(ADMINS, name)

    def find_ended_rights(self, names: Iterable[str], admins: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return which of these users and admins have this only by a rule that has ended.

        The hub asks at its start, about the users and admins in its database.
        """
        guests = {name for name in names if self._is_guest(name) and not self.may_log_in(name)}
        lasting = () if self._guests.is_lost else (None, self._rule)
        ended = {name for name in admins if self._guests.find_rule(ADMINS, name) not in lasting} - self.admin_users
        if self._guests.is_lost and (guests or ended):
            self.log.error(
                "%s is lost, and with it the list of users whom a rule let in: only users whom the settings name, or"
                " a rule lets in, may log in. Name the others, or delete and add them again.",
                paths.GUESTS_FILE,
            )
        return guests, ended

    def settle_guests(self, admins: Iterable[str]) -> None:
        """Forget that a rule made these users admins; from now on, users whom an admin adds may log in."""
        for name in admins:
            self._guests.forget(ADMINS, name)
        self._guests.recover()

    def may_log_in(self, name: str) -> bool:
        """Whether a user who has proved the name may log in, or stay logged in."""
        if name in self.blocked_users:
            return False
        return self.allow_all or self.is_named(name) or self.is_still_let_in(name)

    def is_shut_out(self, name: str) -> bool:
        """Whether a user may not log in any more. Whom a rule let in, another rule may let in at the next login."""
        return not self.may_log_in(name) and (name in self.blocked_users or not self._is_guest(name))

    def is_still_let_in(self, name: str) -> bool:
        """Whether the rule that let this user in is the same still; another rule decides at the next login."""
        return self._guests.find_rule(GUESTS, name) == self._rule

    def _is_guest(self, name: str) -> bool:
        return self._guests.find_rule(GUESTS, name) is not None

    async def refresh_user(self, user: Any, handler: Any = None, **further: Any) -> Any:
        """Whether a user may stay logged in."""
        if not self.may_log_in(user.name):
            return False
        return await maybe_future(super().refresh_user(user, handler, **further))

    def add_user(self, user: Any) -> Any:
        """Let a user who was added log in, as the class does it. Raises ValueError for an impossible name."""
        self.admit_added(user)
        return None if self._is_guest(self.normalize_username(user.name)) else super().add_user(user)

    def admit_added(self, user: Any) -> None:
        """Let a user log in who was added now or is in the hub's database, unless a rule let this user in.

        Raises ValueError for a name that JupyterHub cannot have.
        """
        if not self.validate_username(user.name):
            raise ValueError(f"Invalid username: {user.name}")
        # JupyterHub's API adds names with capitals, which no login has
        name = self.normalize_username(user.name)
        if self._guests.is_lost and not self.is_named(name):
            self._guests.suspect(name)
        if self.allow_existing_users and not self._is_guest(name) and name not in live.removed:
            self.allowed_users.add(name)

    def forget_approvals(self, names: Iterable[str]) -> None:
        """Forget the approvals that the class itself keeps of users who were taken out of the settings."""

    def delete_user(self, user: Any) -> Any:
        """Forget a user who is removed in the admin panel."""
        name = self.normalize_username(user.name)
        self.allowed_users.discard(name)
        for kind in (GUESTS, ADMINS):
            self._guests.forget(kind, name)
        live.removed -= {name}
        forget_listed_user(Machine(), name)
        return super().delete_user(user)


def _log_out_another(handler: Any, name: str) -> None:
    """End the logins of the user who was logged in at this browser: it still has that user's passes for the gate."""
    before = handler.get_current_user_cookie()
    if before is not None and before.name != name:
        before.cookie_id = orm.new_token()
        handler.db.commit()


def _make_plain(value: Any) -> Any:
    """Return as JSON what has no form there, the same at every start: functions and other objects as their names."""
    if isinstance(value, set | frozenset):
        return sorted((make_plain_data(inner) for inner in value), key=str)
    return getattr(value, "__qualname__", type(value).__qualname__)
