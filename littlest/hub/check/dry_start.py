"""Makes the hub's objects ready from settings, as a hub does that starts, and takes them down again at once.

The database is in memory and every port stays closed, so nothing outside this process notices.
"""

import asyncio
import copy
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from traitlets import TraitError
from traitlets.config import Config as TraitConfig
from traitlets.config import LoggingConfigurable

from littlest.config.model import CHOSEN_NAMES, NAMES_ADVICE
from littlest.config.sections.base import Place
from littlest.config.sections.secrecy import MASK, is_secret_place
from littlest.hub.application import LittlestHub
from littlest.hub.check.trait_values import KnownClasses
from littlest.hub.live import live
from littlest.hub.servers.spawner import UserServerSpawner
from littlest.hub.socket_proxy import SocketProxy

TOKEN_BEGINNING = 4
"""Characters of a token that JupyterHub shows in its messages."""
MOST_SAID = 300
"""Characters of what JupyterHub says that a person gets to see: some of it is a page long."""

_RULES = re.compile("allow|admin.*_groups$|open_signup$")
"""Names of traits by which a class lets people in whom nobody named; JupyterHub itself goes by how they begin."""
_NO_RULES = frozenset(
    {"allow_2fa", "allow_existing_users", "allow_unverified_email", "allowed_failed_logins", "allowed_users"}
)


def make_known_classes(settings: Mapping[str, Mapping[str, Any]], login: Mapping[str, str]) -> KnownClasses:
    """Return the classes of a hub with these settings, in which the authenticator's stands as itself.

    `login` has the authenticator's traits that settings of `auth` stand for, each with its setting.
    """
    authenticator = settings["JupyterHub"]["authenticator_class"]
    others = JupyterHub().classes
    JupyterHub.clear_instance()
    return KnownClasses((LittlestHub, authenticator, UserServerSpawner, SocketProxy), others, login)


def to_config(settings: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return settings as JupyterHub's `c`."""
    return TraitConfig(copy.deepcopy({name: dict(values) for name, values in settings.items()}))


def find_start_problem(wanted: Any) -> str | None:
    """Why a hub would not start with this `c`; None where it would."""
    try:
        return asyncio.run(_start(copy.deepcopy(wanted)))
    except (Exception, SystemExit) as error:  # whatever an authenticator or a drop-in raises
        said = " ".join(_mask(str(error), wanted).split())[:MOST_SAID] or "it says nothing"
        if isinstance(error, TraitError | ValueError):
            return f"JupyterHub refuses it: {said}"
        return f"JupyterHub would not start: {type(error).__name__}: {said}"
    finally:
        JupyterHub.clear_instance()
        CryptKeeper.clear_instance()


async def _start(wanted: Any) -> str | None:
    """Start; what is wrong with a hub that would."""
    # not our own subclass: that one puts users' rights in force while it starts
    hub = JupyterHub(config=wanted, db_url="sqlite:///:memory:", cookie_secret=secrets.token_bytes(32))
    hub.init_eventlog()
    hub.init_db()
    try:
        hub.init_hub()
        hub.init_proxy()
        hub.init_oauth()
        hub.authenticator.check_allow_config()
        if hub.authenticator.enable_auth_state:
            CryptKeeper.instance(parent=hub).check_available()
        # an authenticator that manages roles asks elsewhere for them
        if not hub.authenticator.manage_roles:
            await hub.init_role_creation()
        hub.init_services()
        await hub.init_api_tokens()
        if not hub.authenticator.manage_roles:
            await _assign_roles(hub)
        hub.init_tornado_settings()
        hub.init_handlers()
        hub.init_tornado_application()
        spawner = UserServerSpawner.__new__(UserServerSpawner)
        # no more of it: its parent's asks systemd at once
        LoggingConfigurable.__init__(spawner, config=hub.config)
        return _find_chosen_names(hub.authenticator)
    finally:
        hub.db.close()


async def _assign_roles(hub: JupyterHub) -> None:
    """Assign the roles, but to no users: they would be made for it, and what an authenticator does for a new one may
    reach beyond this process."""
    hub.authenticator.admin_users = set()
    hub.load_roles = [{**role, "users": []} for role in hub.load_roles]
    await hub.init_role_assignment()


def _mask(said: str, wanted: Any) -> str:
    """Return what JupyterHub says without the secrets in what it was told."""
    told = {
        text
        for place, text in _list_texts(wanted, ("jupyterhub",))
        if len(text) >= TOKEN_BEGINNING and is_secret_place(place)
    }
    for secret in sorted(told, key=len, reverse=True):
        # of a token it says how it begins
        said = said.replace(f"{secret[:TOKEN_BEGINNING]}...", MASK).replace(secret, MASK)
    return said


def _list_texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    match value:
        case str():
            yield place, value
        case Mapping():
            for name, inner in value.items():
                yield from _list_texts(inner, (*place, str(name)))
        case list() | tuple() | set():
            for inner in value:
                yield from _list_texts(inner, place)


def _find_chosen_names(authenticator: Authenticator) -> str | None:
    """What is wrong where the class has a rule of its own, other than those of `auth`, by which people come in under
    names of accounts of this machine."""
    config = live.config
    if config.users.unix_name != "{name}" or config.auth.proves_accounts:
        return None
    rules = [name for name in authenticator.traits(config=True) if _RULES.match(name) and name not in _NO_RULES]
    if not any(getattr(authenticator, name) for name in rules):
        return None
    return f"{CHOSEN_NAMES}; {NAMES_ADVICE}"
