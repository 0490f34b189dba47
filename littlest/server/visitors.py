"""A server extension: users of somebody else's server, admins or those it is shared with, may lose the right to it.

Jupyter keeps the hub's answer about a token for five minutes, and never asks about an open websocket again. For the
owner that is right: the hub stops the server of an owner who loses it, and nobody waits while the hub restarts. For
all others, this extension asks the hub again and again.
"""

import os
from typing import Any
from weakref import WeakSet

from jupyterhub.services.auth import _ExpiringDict
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

ASK_AGAIN = 10.0
"""Seconds for which an answer about a user who is not the owner counts."""


class Answers(_ExpiringDict):
    """The hub's answers, by token: about the owner for `max_age` seconds, about others for `others_age`."""

    def __init__(self, owner: str, max_age: float, others_age: float = ASK_AGAIN) -> None:
        super().__init__(max_age)
        self._owner = owner
        self._earlier = max(0.0, max_age - others_age)

    def __setitem__(self, key: str, answer: dict[str, Any] | None) -> None:
        """Keep an answer; None means that the token is nobody's."""
        super().__setitem__(key, answer)
        if answer is None or answer.get("name") != self._owner:
            self.timestamps[key] -= self._earlier


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.visitors"}]


def _load_jupyter_server_extension(server: Any) -> None:
    hub = server.identity_provider.hub_auth
    owner = os.environ["JUPYTERHUB_USER"]
    hub.cache = Answers(owner, hub.cache_max_age)
    opened = remember_websockets()

    async def check() -> None:
        for handler in [one for one in opened if one.ws_connection is not None]:
            user = getattr(handler.current_user, "username", "nobody")
            if user != owner and not await may_go_on(hub, handler):
                server.log.warning("Closing a connection of %s, who may not use this server any more", user)
                handler.close()

    PeriodicCallback(check, ASK_AGAIN * 1000).start()


def remember_websockets() -> "WeakSet[WebSocketHandler]":
    """Return a set to which every new websocket adds itself, and which does not keep closed ones in memory."""
    opened: WeakSet[WebSocketHandler] = WeakSet()
    original = WebSocketHandler.get

    async def get(self: WebSocketHandler, *arguments: Any, **settings: Any) -> None:
        opened.add(self)
        await original(self, *arguments, **settings)

    WebSocketHandler.get = get  # type: ignore[method-assign]
    return opened


async def may_go_on(hub: Any, handler: Any) -> bool:
    """Whether the hub allows the user of a connection this server, or does not answer now."""
    try:
        token = hub.get_token(handler)
        user = token and await hub.user_for_token(token, session_id=hub.get_session_id(handler), sync=False)
    except HTTPError:
        return True
    return bool(user and hub.check_scopes(hub.access_scopes, user))
