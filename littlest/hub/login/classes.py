"""Authenticator classes by name, each made to follow the settings, and guarded against guesses of its password."""

from typing import Any

from jupyterhub.auth import Authenticator, DummyAuthenticator
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.utils import maybe_future
from traitlets.utils.importstring import import_item

from littlest.config.model import Config
from littlest.config.sections.auth import ClassAuth
from littlest.errors import LittlestError
from littlest.hub.login.authenticators import KEEPERS, TYPES_OF_CLASSES
from littlest.hub.login.guarded import LONGEST_NAME, GuardsPasswords
from littlest.hub.login.people import FollowsSettings
from littlest.plan.login import make_callback_url

CALLBACK = "oauth_callback_url"
"""The trait of a class that sends people to a provider: the address to which they come back."""


class GuardsForms(GuardsPasswords):
    """Put before a class that is not ours, it slows down guesses of passwords in a form; other proofs pass."""

    async def authenticate(self, handler: Any, data: Any) -> Any:
        """Let the class check what was sent; a password when its turn has come. Raises HTTPError as `guard`."""
        ask = super(GuardsPasswords, self).authenticate
        if not (isinstance(data, dict) and "password" in data):
            return await maybe_future(ask(handler, data))

        async def check(_suspect: bool) -> Any:
            return await maybe_future(ask(handler, data)) or None

        # with one password for everybody, each guess is a guess at it, whatever the name
        is_shared = isinstance(self, DummyAuthenticator | SharedPasswordAuthenticator)
        name = "" if is_shared else self.normalize_username(data.get("username", ""))[:LONGEST_NAME]
        return await self.guard(handler, name, check)


def make_authenticator_class(name: str) -> type[Authenticator]:
    """Return the class of this name, made to follow the settings. Raises LittlestError where there is no such class.

    The name stays the same: by it JupyterHub finds the class's settings.
    """
    try:
        found = import_item(name)
    except Exception as error:  # whatever a package of the admin's raises
        if kind := TYPES_OF_CLASSES.get(name.rpartition(".")[2]):
            raise LittlestError(f"auth.type: {name} has a type of its own", f"write type: {kind}") from error
        raise LittlestError(f"auth.type: {name} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Authenticator)):
        raise LittlestError(f"auth.type: {name} is no authenticator class of JupyterHub's")
    if issubclass(found, FollowsSettings):
        return found
    return type(found.__name__, (GuardsForms, found), {"__module__": found.__module__, "__doc__": found.__doc__})


def put_in_authenticator(settings: dict[str, dict[str, Any]], config: Config) -> type[Authenticator]:
    """Replace the name of the authenticator in the settings by its class, with the hub's address where it needs one.

    Raises LittlestError where there is no such class.
    """
    hub = settings["JupyterHub"]
    section = hub["authenticator_class"].rpartition(".")[2]
    found = hub["authenticator_class"] = make_authenticator_class(hub["authenticator_class"])
    if section != found.__name__:
        # a second name of the class: JupyterHub finds settings only by the first
        settings.setdefault(found.__name__, {}).update(settings.pop(section, {}))
    if config.external_url and CALLBACK in found.class_traits(config=True):
        settings.setdefault(found.__name__, {})[CALLBACK] = make_callback_url(config)
    return found


def find_class_problem(found: type[Authenticator], config: Config) -> tuple[str, str | None] | None:
    """Return why a class that `auth.type` names may not be used, and a hint; None where it may."""
    if not isinstance(config.auth, ClassAuth):
        return None
    if kind := _find_own_type(found):
        return f"{found.__name__} has a type of its own, which protects the admins' names", f"write type: {kind}"
    if not config.external_url and not {CALLBACK, "jwks_endpoint"}.isdisjoint(found.class_traits(config=True)):
        return f"{found.__name__} needs external_url: people are sent back to that address", None
    return None


def _find_own_type(found: type[Authenticator]) -> str | None:
    """Return the `auth.type` of a class, whatever it is called here, or of one that it is made from."""
    # without what every class has, and what we add to each
    own = [one for one in found.__mro__ if one not in GuardsForms.__mro__]
    home = found.__module__.partition(".")[0]
    for one in own:
        kind = TYPES_OF_CLASSES.get(one.__name__)
        # a class of another package that asks a provider in its own way may well be wanted
        if kind and (kind in KEEPERS or one.__module__.partition(".")[0] == home):
            return kind
    return None
