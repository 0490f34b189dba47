"""Makes the hub's objects ready from settings, as a hub does that starts, and removes them again at once.

The database is in memory and no port is opened, so nothing outside this process notices.
"""

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from traitlets import TraitError
from traitlets.config import LoggingConfigurable

from littlest.config.model import CHOSEN_NAMES, NAMES_ADVICE
from littlest.config.sections.auth import ClassAuth
from littlest.config.sections.secrecy import MASK, is_secret_place
from littlest.config.sections.section import Place
from littlest.hub.check.dry_login import find_login_problem
from littlest.hub.live import live
from littlest.hub.servers.spawner import UserServerSpawner

TOKEN_BEGINNING = 4
"""Characters of a token that JupyterHub shows in its messages."""
MOST_SAID = 300
"""Characters of JupyterHub's message that a person sees: some messages are a page long."""

_RULES = re.compile("allow|admin.*_groups$|open_signup$")
"""Names of traits by which a class lets people in whom nobody named; JupyterHub itself goes by how they begin."""
_NO_RULES = frozenset(
    {"allow_2fa", "allow_existing_users", "allow_unverified_email", "allowed_failed_logins", "allowed_users"}
)


def find_start_problem(wanted: Any) -> str | None:
    """Return why a hub would not start with this `c`; None where it would."""
    try:
        return asyncio.run(_start(wanted))
    except (Exception, SystemExit) as error:  # whatever an authenticator or a drop-in raises
        # without addresses of objects, which differ from one try to the next, and without the value with which
        # traitlets ends, which may be a secret
        said = re.sub(r" at 0x[0-9a-f]+|(?<=, not the )(\w+) .*", r"\1", _mask(str(error), wanted), flags=re.DOTALL)
        said = " ".join(said.split())[:MOST_SAID] or "it says nothing"
        if isinstance(error, TraitError | ValueError):
            return f"JupyterHub refuses it: {said}"
        return f"JupyterHub would not start: {type(error).__name__}: {said}"
    finally:
        JupyterHub.clear_instance()
        CryptKeeper.clear_instance()


async def _start(wanted: Any) -> str | None:
    """Start, and return what is wrong with a hub that would start."""
    # not our own subclass: while that one starts, it changes who may log in
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
            # to no users: JupyterHub would create them, and what an authenticator does for a new user may reach
            # beyond this process
            hub.authenticator.admin_users = set()
            hub.load_roles = [{**role, "users": []} for role in hub.load_roles]
            await hub.init_role_assignment()
        hub.init_tornado_settings()
        hub.init_handlers()
        hub.init_tornado_application()
        spawner = UserServerSpawner.__new__(UserServerSpawner)
        # only this one: the `__init__` of its parent asks systemd at once
        LoggingConfigurable.__init__(spawner, config=hub.config)
        return _find_chosen_names(hub.authenticator) or await _find_login_problem(hub)
    finally:
        hub.db.close()


async def _find_login_problem(hub: JupyterHub) -> str | None:
    """Return what is wrong with logging in by a class that we do not know."""
    users = live.config.users
    if not isinstance(live.config.auth, ClassAuth) or hub.authenticator.manage_roles:
        return None
    hub.authenticator.admin_users = set(users.admin)
    hub.authenticator.allowed_users = {*users.allowed, *users.admin}
    return await find_login_problem(hub, users.admin, users.allowed)


def _mask(said: str, wanted: Any) -> str:
    """Return JupyterHub's message without the secrets of its settings."""
    for secret in sorted(set(_list_secrets(wanted, ("jupyterhub",))), key=len, reverse=True):
        # of a token JupyterHub shows the beginning
        said = said.replace(f"{secret[:TOKEN_BEGINNING]}...", MASK).replace(secret, MASK)
    return said


def _list_secrets(value: Any, place: Place) -> Iterator[str]:
    match value:
        case str() if len(value) >= TOKEN_BEGINNING and is_secret_place(place):
            yield value
        case Mapping():
            for name, inner in value.items():
                yield from _list_secrets(inner, (*place, str(name)))
        case list() | tuple() | set():
            for inner in value:
                yield from _list_secrets(inner, place)


def _find_chosen_names(authenticator: Authenticator) -> str | None:
    """Return what is wrong where the class has a rule of its own, other than those of `auth`, that lets people in
    under the names of accounts of this machine."""
    config = live.config
    if config.users.unix_name != "{name}" or config.auth.proves_accounts:
        return None
    rules = [name for name in authenticator.traits(config=True) if _RULES.match(name) and name not in _NO_RULES]
    return f"{CHOSEN_NAMES}; {NAMES_ADVICE}" if any(getattr(authenticator, name) for name in rules) else None
