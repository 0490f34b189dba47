"""Gives passes to browsers."""

import os
import time
from typing import Any

from jupyterhub.handlers.base import SESSION_COOKIE_NAME

from littlest.hub.gate.passes import COOKIE, Pass, make_login_mark, make_session_mark, sign_pass
from littlest.hub.servers.old_paths import find_old_base, find_server_url

SECRET = "CONFIGPROXY_AUTH_TOKEN"  # the variable with what hub and proxy share


def make_content(handler: Any, visitor: Any, *, visit: bool = False) -> Pass:
    """Return what a pass for the browser of a request says of a visitor (a user of JupyterHub's) from now on."""
    session = make_session_mark(handler.get_session_cookie())
    return Pass(visitor.name, make_login_mark(visitor.cookie_id), session, int(time.time()), visit)


def give_pass(handler: Any, user: Any, server: str, content: Pass) -> str:
    """Give the browser of a request a pass for a server of `user` (JupyterHub's), and return the pass."""
    value = sign_pass(os.environ[SECRET], user.name, server, content)
    handler._set_cookie(COOKIE, value, encrypted=False, path=find_server_url(user, server))
    spawner, session = user.spawners.get(server), handler.get_session_cookie()
    if session and spawner and (base := find_old_base(spawner)):
        # the pass counts only together with the session, and that of the hub has the path of today
        handler._set_cookie(SESSION_COOKIE_NAME, session, encrypted=False, path=base)
    handler.set_header("Cache-Control", "no-store")
    return value


def renew_passes(handler: Any, user: Any) -> None:
    """Give the browser new passes for the user's own servers: the old ones ended with the logins."""
    for name, spawner in user.spawners.items():
        if spawner.active or not name:
            give_pass(handler, user, name, make_content(handler, user))
