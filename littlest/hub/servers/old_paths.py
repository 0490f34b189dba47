"""Servers that still run at the address that the hub had before `base_url` changed.

A server answers only at the path with which it was started. So the proxy leads that path to it until it stops, and
open notebooks go on.
"""

import re
from typing import Any

from jupyterhub.utils import url_escape_path, url_path_join

_BASE = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")


def find_old_path(spawner: Any) -> str:
    """Return the path at which a server runs, where it is not today's; empty where it is, and where none runs."""
    if spawner.server is None:
        return ""
    user, path = spawner.user, str(spawner.server.base_url)
    today = url_path_join(user.base_url, url_escape_path(spawner.name), "/")
    base, hub = user.settings["base_url"], spawner.hub.base_url
    own = today.removeprefix(base)
    # a row of the database may say anything, and nothing may come in the way of the hub's own pages
    is_usable = path.endswith(f"/{own}") and _BASE.fullmatch(path.removesuffix(own))
    return path if is_usable and path != today and not path.startswith(hub) and not base.startswith(path) else ""


def find_old_base(spawner: Any) -> str:
    """Return what `base_url` was when a server started that has an old path; empty for other servers."""
    today = url_path_join(spawner.user.base_url, url_escape_path(spawner.name), "/")
    return find_old_path(spawner).removesuffix(today.removeprefix(spawner.user.settings["base_url"]))


def find_server_url(user: Any, name: str) -> str:
    """Return where browsers reach the server of this name of a user of JupyterHub's."""
    spawner = user.spawners.get(name)
    url: str = (find_old_path(spawner) if spawner else "") or user.server_url(name)
    return url
