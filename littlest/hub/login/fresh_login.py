"""What gives rights asks for the password again, unless it was typed in the last minutes.

A page that acts in an admin's name, or somebody at a screen that was left alone, can then not make an admin, a token
or a password that outlasts the moment. Requests with a token are not asked: their token was made like this.
"""

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

COOKIE = "littlest-confirmed"
FRESH_MINUTES = 15
WANTED_COOKIE = "littlest-wanted-login"
WANTED_MINUTES = 10
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


def remember_login(handler: Any, name: str, login: Mapping[str, Any], *, at_provider: bool) -> None:
    """Remember in the browser that this user just proved who it is. `login` is what the authenticator returned.

    A provider may let a user in who logged in there hours ago. So it counts from when the provider says that it
    asked; where it does not say, only if the user wanted to be asked, on our page.
    """
    proved = time.time()
    if at_provider:
        said, was_wanted = read_login_time(login), is_wanted(handler, name)
        if said is None and not was_wanted:
            return
        proved = proved if said is None else min(said, proved)
    ends = proved + FRESH_MINUTES * 60
    if ends <= time.time():
        return
    path = handler.hub.base_url
    if at_provider:
        handler.clear_cookie(WANTED_COOKIE, path=path)
    handler._set_cookie(COOKIE, f"{ends:.0f} {name}", path=path, expires_days=None, max_age=FRESH_MINUTES * 60)


def read_login_time(login: Mapping[str, Any]) -> float | None:
    """Return when a provider says, in its ID token, that the user logged in there; None where it does not say.

    In seconds since 1970. The hub got the token from the provider itself, so there is no signature to check.
    """
    try:
        payload = login["auth_state"]["id_token"].split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=="))["auth_time"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def want_login(handler: Any) -> None:
    """Remember that the user of this request wants to be asked by the provider now."""
    path, name = handler.hub.base_url, handler.current_user.name
    handler._set_cookie(WANTED_COOKIE, name, path=path, expires_days=None, max_age=WANTED_MINUTES * 60)


def is_wanted(handler: Any, name: str) -> bool:
    """Whether this user wants to be asked by the provider, and was not yet."""
    found = handler.get_secure_cookie(WANTED_COOKIE, max_age_days=WANTED_MINUTES / (24 * 60))
    return bool(found and found.decode() == name)


def is_fresh(handler: Any) -> bool:
    """Whether the user of this request proved who it is in the last minutes."""
    found = handler.get_secure_cookie(COOKIE, max_age_days=FRESH_MINUTES / (24 * 60))
    ends, _, name = (found or b"0").decode().partition(" ")
    return ends.isdecimal() and int(ends) > time.time() and bool(name == handler.current_user.name)


class AsksAtProvider:
    """Put before the handler that leads to a provider, it makes the provider ask where the user wants that."""

    def authorize_redirect(self, *arguments: Any, **settings: Any) -> Any:
        """Redirect to the provider; see tornado's `OAuth2Mixin`."""
        handler: Any = self
        if handler.current_user and is_wanted(handler, handler.current_user.name):
            settings["extra_params"] = {**(settings.get("extra_params") or {}), **_make_wish(handler.authenticator)}
        return super().authorize_redirect(*arguments, **settings)  # type: ignore[misc]


def _make_wish(authenticator: Any) -> dict[str, str]:
    """Return what tells a provider to ask: OpenID Connect Core 1.0, section 3.1.2.1."""
    if urlsplit(authenticator.authorize_url).hostname == "accounts.google.com":
        return {"prompt": "select_account"}  # it knows no other
    return {"prompt": "login", "max_age": "0"} if "openid" in authenticator.scope else {}


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
    if hasattr(handler, "authorize_redirect"):
        return type(handler.__name__, (AsksAtProvider, handler), {"__doc__": handler.__doc__})
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
