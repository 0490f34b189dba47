"""Makes the hub's objects ready from settings, as a hub does that starts, and takes them down again at once.

The database is in memory and every port stays closed, so nothing outside this process notices.
"""

import asyncio
import copy
import secrets
from collections.abc import Mapping
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.crypto import CryptKeeper
from traitlets import TraitError
from traitlets.config import Config as TraitConfig
from traitlets.config import LoggingConfigurable

from littlest.hub.application import LittlestHub
from littlest.hub.dry.traits import KnownClasses
from littlest.hub.proxy import SocketProxy
from littlest.hub.servers.spawner import UserServerSpawner

MOST_SAID = 300
"""Characters of what JupyterHub says that a person gets to see: some of it is a page long."""


def make_known_classes(settings: Mapping[str, Mapping[str, Any]]) -> KnownClasses:
    """Return the classes of a hub with these settings, in which the authenticator's stands as itself."""
    authenticator = settings["JupyterHub"]["authenticator_class"]
    others = JupyterHub().classes
    JupyterHub.clear_instance()
    return KnownClasses((LittlestHub, authenticator, UserServerSpawner, SocketProxy), others)


def to_config(settings: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return settings as JupyterHub's `c`."""
    return TraitConfig(copy.deepcopy({name: dict(values) for name, values in settings.items()}))


def find_start_problem(wanted: Any) -> str | None:
    """Why a hub would not start with this `c`; None where it would."""
    try:
        asyncio.run(_start(copy.deepcopy(wanted)))
    except (Exception, SystemExit) as error:  # whatever an authenticator or a drop-in raises
        said = " ".join(str(error).split())[:MOST_SAID] or "it says nothing"
        if isinstance(error, TraitError | ValueError):
            return f"JupyterHub refuses it: {said}"
        return f"JupyterHub would not start: {type(error).__name__}: {said}"
    finally:
        JupyterHub.clear_instance()
        CryptKeeper.clear_instance()
    return None


async def _start(wanted: Any) -> None:
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
        if not hub.authenticator.manage_roles:
            # one that manages roles asks elsewhere for them
            await hub.init_role_creation()
        hub.init_services()
        hub.init_tornado_settings()
        hub.init_handlers()
        spawner = UserServerSpawner.__new__(UserServerSpawner)
        # no more of it: its parent's asks systemd at once
        LoggingConfigurable.__init__(spawner, config=hub.config)
    finally:
        hub.db.close()
