"""What gives rights asks for the password again, unless it was typed in the last minutes.

A page that acts in an admin's name, or somebody at a screen that was left alone, can then not make an admin, a token
or a password that outlasts the moment. Requests with a token are not asked: their token was made like this.
"""

import json
import re
from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

COOKIE = "littlest-confirmed"
FRESH_MINUTES = 15
CONFIRM_PATH = "/confirm"
HEADER = "X-Littlest-Confirm"
"""In an answer of the API: the page that asks for the password. A script in `page.html` goes there."""
_USERS = r"/api/users"
_USER = r"/api/users/([^/]+)"
_ALWAYS = (
    *(r"/api/users/([^/]+)/tokens", r"/change-password/([^/]+)", r"/passwords", r"/authorize/([^/]*)"),
    # groups may have roles, a share lasts, and another proxy would be sent the proxy's secret
    *(r"/api/groups", r"/api/groups/([^/]+)", r"/api/groups/([^/]+)/users", r"/api/proxy"),
    *(r"/api/shares/([^/]+)", r"/api/shares/([^/]+)/([^/]*)"),
    *(r"/api/share-codes/([^/]+)", r"/api/share-codes/([^/]+)/([^/]*)"),
)
"""Paths of which every request that changes something gives rights; of the two above, those that make an admin do."""


def remember_login(handler: Any, name: str) -> None:
    """Remember in the browser that the password of this user was just typed."""
    handler._set_cookie(COOKIE, name, path=handler.hub.base_url, expires_days=None, max_age=FRESH_MINUTES * 60)


def is_fresh(handler: Any) -> bool:
    """Whether the user of this request typed the password in the last minutes."""
    found = handler.get_secure_cookie(COOKIE, max_age_days=FRESH_MINUTES / (24 * 60))
    return bool(found and found.decode() == handler.current_user.name)


class AsksForPassword(BaseHandler):
    """Put before a handler, it lets a request that gives rights through only with a fresh login."""

    async def prepare(self) -> None:
        """Refuse the request, or lead to the page that asks for the password. Raises HTTPError 403."""
        await super().prepare()
        is_by_browser = self.current_user and not getattr(self, "_token_authenticated", False)
        if self._finished or not is_by_browser or is_fresh(self) or not _gives_rights(self):
            return
        page = f"{self.hub.base_url}{CONFIRM_PATH[1:]}"
        if not self.request.path.startswith(f"{self.hub.base_url}api/"):
            self.redirect(url_concat(page, {"next": self.request.path}), status=303)
            return
        error = web.HTTPError(403, f"Confirm your password first, on the page {page}; then try again.")
        error.headers = {HEADER: page}  # type: ignore[attr-defined]  # JupyterHub sends them
        raise error


def ask_for_password(path: str, handler: type) -> type:
    """Return the handler of a path below the hub's; where what it does may give rights, one that asks."""
    if path in (_USERS, _USER, *_ALWAYS):
        return type(handler.__name__, (AsksForPassword, handler), {"__doc__": handler.__doc__})
    return handler


def _gives_rights(handler: Any) -> bool:
    if handler.request.method not in ("POST", "PATCH", "PUT"):
        return False
    path = handler.request.path.removeprefix(handler.hub.base_url.rstrip("/"))
    found = re.fullmatch(f"{_USERS}|{_USER}", path)
    if found is None:
        return True
    try:
        # as JupyterHub reads it
        body = json.loads(handler.request.body.strip().decode("utf-8", "replace"))
    except ValueError:
        return True
    if not isinstance(body, dict) or body.get("admin") is None:
        return False
    known = handler.find_user(handler.path_args[0]) if handler.path_args else None
    return bool(body["admin"]) != bool(known and known.admin)
