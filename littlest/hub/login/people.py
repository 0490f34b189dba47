"""What every way to log in has in common here: who may, and for how long.

The names are in the authenticator's own traits, which `littlest.hub.rights.enforce` keeps as the settings have
them.
"""

import hashlib
import json
import socket
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from jupyterhub.auth import Authenticator, DummyAuthenticator
from jupyterhub.utils import maybe_future
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets.utils.importstring import import_item

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.auth import ClassAuth
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.memory.guests import Guests
from littlest.hub.memory.listed import forget_listed_user
from littlest.machine.machine import Machine
from littlest.plan.login import is_rule_trait, make_callback_url, make_login_rule

CALLBACK = "oauth_callback_url"
"""The trait of a class that sends people to a provider: where they come back to."""


class FollowsSettings(Authenticator):
    """Put before an authenticator class: it then follows `users` and `auth.allow_all`, whatever its own rules are.

    Those whom the settings name, or an admin added in the admin panel, may log in; and so may those whom the class's
    own rules let in (a group of the provider, an approval), but only as long as these rules do.
    """

    has_sign_up_pages: ClassVar[bool] = False
    """Whether the hub serves `littlest.hub.pages.sign_up`, which only works with sign-ups."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # what a drop-in sets, the settings do not say
        rule = [make_login_rule(live.config), self.allow_all, self._list_rule_traits()]
        self._rule = hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()
        self._guests = Guests(Machine())

    def _list_rule_traits(self) -> dict[str, Any]:
        """The traits that were set, wherever, and that may decide who is let in."""
        names = {name for section in self.section_names() for name in self.config.get(section, {})}
        known = names & set(self.traits(config=True))
        return {name: _make_plain(getattr(self, name)) for name in known if is_rule_trait(name)}

    def is_named(self, name: str) -> bool:
        """Whether somebody said of this very user that they may log in."""
        return name in self.admin_users or name in self.allowed_users

    def normalize_username(self, username: str) -> str:
        """The name in lower case, as the settings have it; some authenticators keep capitals."""
        return str(super().normalize_username(username)).lower()

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """Log somebody in; remember who was let in by a rule."""
        try:
            found = await super().get_authenticated_user(handler, data)
        except (HTTPClientError, ConnectionError, socket.gaierror) as error:
            raise self._explain_provider(error) from error
        if found:
            name = found["name"]
            if self.is_named(name):
                self._guests.forget(name)
            else:
                self._guests.let_in(name, self._rule)
            self._remember_admin(handler, name, found.get("admin"))
        return found

    def _explain_provider(self, error: Exception) -> HTTPError:
        """What to tell a person whose login came to nothing because of what a provider, asked by the hub, said."""
        self.log.error("The provider of logins does not give what it is asked for: %s", error)
        if isinstance(error, HTTPClientError) and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return HTTPError(
                403, "The login provider does not accept this hub. Tell those who run it: its log says why."
            )
        return HTTPError(503, "The login provider cannot be asked. Try again in a few minutes.")

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
                paths.GUESTS_FILE,
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
        forget_listed_user(Machine(), name)


def _make_plain(value: Any) -> Any:
    """Return a trait's value as JSON has it, the same at every start."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): _make_plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_make_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted((_make_plain(inner) for inner in value), key=str)
        case _:
            # of a function, and of what else has no words, only its name
            return getattr(value, "__qualname__", type(value).__qualname__)


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


def put_in_authenticator(settings: dict[str, dict[str, Any]], config: Config) -> type[Authenticator]:
    """Put the class of `auth.type` into settings, in the place of its name, and tell it where a provider sends people
    back to, if it has to know. Raises LittlestError where there is no such class."""
    hub = settings["JupyterHub"]
    found = hub["authenticator_class"] = make_authenticator_class(hub["authenticator_class"])
    if config.external_url and CALLBACK in found.class_traits(config=True):
        settings.setdefault(found.__name__, {})[CALLBACK] = make_callback_url(config)
    return found


def find_class_problem(found: type[Authenticator], config: Config) -> tuple[str, str | None] | None:
    """Return why a class that `auth.type` names is not to be used, and a hint; None where it may be."""
    if not isinstance(config.auth, ClassAuth):
        return None
    if issubclass(found, DummyAuthenticator):
        return f"{found.__name__} lets anybody log in as anybody, admins included", "use type: dummy"
    if not config.external_url and not {CALLBACK, "jwks_endpoint"}.isdisjoint(found.class_traits(config=True)):
        return f"{found.__name__} needs external_url: people are sent back to that address", None
    return None
