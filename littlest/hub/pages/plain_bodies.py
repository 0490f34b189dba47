"""What users send to be kept with their servers and tokens is plain and short.

It is in the hub's database and in every answer that the admin panel asks for: one user could fill the first, and keep
the second from all admins, with what JSON has no form for.
"""

import json
from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado.web import HTTPError

from littlest.hub.database.stored import is_plain

LONGEST = 4096
"""Bytes of a request's body and of its query."""
_USER = r"/api/users/([^/]+)"
_PATHS = (
    *(f"{_USER}/server", rf"{_USER}/servers/([^/]*)", f"{_USER}/tokens", rf"{_USER}/tokens/([^/]*)"),
    *("/spawn", r"/spawn/([^/]+)", r"/spawn/([^/]+)/([^/]*)"),
)


class TakesPlainBodies(BaseHandler):
    """Put before a handler, it refuses what is too long or not plain."""

    async def prepare(self) -> None:
        """Go on, or raise HTTPError 400."""
        await super().prepare()
        if len(self.request.body) > LONGEST or len(self.request.query) > LONGEST:
            raise HTTPError(400, f"This is too much: the hub takes {LONGEST} bytes here.")
        if not _is_plain_body(self.request.body):
            raise HTTPError(400, "The hub takes plain JSON here: no numbers such as NaN, and nothing of its own.")


def _is_plain_body(body: bytes) -> bool:
    try:
        # as JupyterHub reads it
        found: Any = json.loads(body.strip().decode("utf-8", "replace"))
    except ValueError:
        # of a form, or the handler itself says what is wrong
        return True
    except RecursionError:
        return False
    return is_plain(found)


def take_plain_bodies(path: str, handler: type) -> type:
    """Return the handler of a path below the hub's; where what it takes is kept, one that checks it."""
    if path in _PATHS:
        return type(handler.__name__, (TakesPlainBodies, handler), {"__doc__": handler.__doc__})
    return handler
