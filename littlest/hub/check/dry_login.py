"""Tries out a class of another at its own login page: a stranger must see a refusal, and not get in as an admin.

The hub is the one that the dry start has made ready. It answers on a socket in a folder of this process, so nobody
else can ask it. Nobody is logged in: what the class says is noted, and then counts as a refusal.
"""

import asyncio
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import Resolver, bind_unix_socket
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import HTTPError, RequestHandler

from littlest.hub.live import live
from littlest.hub.memory.guests import Guests
from littlest.machine.machine import Machine

SECONDS = 15.0
"""How long one answer may take. A class may ask a server that does not answer this machine now."""
SERVER_ERROR, REDIRECT = 500, 300
_HEADERS = (
    *("Remote-User", "REMOTE_USER", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-Email"),
    *("X-Forwarded-Preferred-Username", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Webauth-User"),
)
"""In which a web server in front of others says who somebody is. Here everybody can reach the hub without one."""
_TOKEN = re.compile(r'name="_xsrf"\s+value="([^"]*)"')


class _OneSocket(Resolver):
    """Finds every host at one socket."""

    def initialize(self, path: str) -> None:
        """Take the socket's path."""
        self._path = path

    async def resolve(self, *_: Any, **__: Any) -> list[tuple[int, Any]]:
        """Return the address of the socket."""
        return [(socket.AF_UNIX, self._path)]


class _Notes:
    """What happened while the hub answered."""

    def __init__(self, authenticator: Any) -> None:
        self.let_in = ""
        """The name under which the class let a stranger in."""
        self.is_admin = False
        """Whether the class says that this is an admin."""
        self.error: BaseException | None = None
        decide = authenticator.get_authenticated_user

        async def refuse(handler: Any, data: Any) -> None:
            found = await decide(handler, data)
            if found:
                self.let_in, self.is_admin = found["name"], bool(found.get("admin"))

        authenticator.get_authenticated_user = refuse

    def note(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        """Take the place of `RequestHandler.log_exception`."""
        if not isinstance(error, HTTPError):
            self.error = error

    def explain_failure(self) -> str:
        """Return why the hub answered with an error; empty where only a server elsewhere does not answer."""
        if isinstance(self.error, OSError | TimeoutError | asyncio.TimeoutError):
            return ""
        return f"{type(self.error).__name__}: {self.error}" if self.error else "it does not say why"


async def find_login_problem(hub: Any, admins: tuple[str, ...], others: tuple[str, ...] = ()) -> str | None:
    """Return what is wrong with logging in at a hub that could start; None for nothing.

    Its login page must work, or lead elsewhere. A stranger must be refused who gives a password that nobody has, or
    none, also with the name of one of `admins` or of the `others` who may log in; and one who has a name in a header.
    Runs in a folder of its own: a class may write files where it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        before, log_exception = Path.cwd(), RequestHandler.log_exception
        for name in ("jinja2_env", "jinja2_env_sync"):
            # as our own hub's pages need it
            hub.tornado_settings[name].globals["settings_in_force"] = live
        hub.authenticator._guests = Guests(Machine(folder))
        notes = _Notes(hub.authenticator)
        os.chdir(folder)
        RequestHandler.log_exception = notes.note  # type: ignore[method-assign,assignment]
        server = HTTPServer(hub.tornado_application)
        try:
            path = f"{folder}/hub.sock"
            server.add_socket(bind_unix_socket(path, mode=0o600))
            client = SimpleAsyncHTTPClient(force_instance=True, resolver=_OneSocket(path=path))
            url = f"http://localhost{hub.hub_prefix}login"
            headers, known, some = _list_headers(hub.authenticator), (*admins, *others), (*admins[:1], *others[:1])
            return await _try_page(client, url, notes, known, headers) or await _try_form(client, url, notes, some)
        finally:
            server.stop()
            RequestHandler.log_exception = log_exception  # type: ignore[method-assign]
            os.chdir(before)


def _list_headers(authenticator: Any) -> tuple[str, ...]:
    """Return the headers of a request that may say who sends it: the usual ones, and those that the settings name."""
    told = [getattr(authenticator, name) for name in authenticator.traits() if "header" in name]
    return (*_HEADERS, *(one for one in told if isinstance(one, str) and re.fullmatch("[A-Za-z0-9_-]+", one)))


async def _try_page(
    client: Any, url: str, notes: _Notes, names: tuple[str, ...], headers: tuple[str, ...]
) -> str | None:
    """Return what is wrong where somebody only opens the login page, as people do or with a name in a header."""
    for name in ("", *names[:1]):
        page = await _ask(client, url, dict.fromkeys(headers, name) if name else {})
        if notes.let_in and (notes.is_admin or notes.let_in in names):
            how = "with a header of the request that has the name" if name else "without a password"
            return f"anybody can log in as {notes.let_in}, {how}"
        if not name and page is not None and page.code >= SERVER_ERROR and (why := notes.explain_failure()):
            return f"its login page does not work: {why}"
        notes.let_in = ""
    return None


async def _try_form(client: Any, url: str, notes: _Notes, names: tuple[str, ...]) -> str | None:
    page = await _ask(client, url)
    if page is None or page.code >= REDIRECT:
        # it leads to a provider, asks one, or wants something that no browser sends by itself
        return None
    # a password that nobody has, and that is long and mixed enough for everybody's rules; and none at all
    passwords = (f"aA1!{secrets.token_urlsafe(24)}", "")
    for name in (*names, f"nobody-{secrets.token_hex(4)}"):
        for password in passwords:
            answer = await _send_form(client, url, page, name, password)
            if notes.let_in:
                return f"anybody can log in as {notes.let_in}, {'with any' if password else 'without a'} password"
            if answer is not None and answer.code >= SERVER_ERROR and (why := notes.explain_failure()):
                return f"a login with a wrong password is not refused, but ends in an error of the hub: {why}"
    return None


async def _send_form(client: Any, url: str, page: HTTPResponse, name: str, password: str) -> HTTPResponse | None:
    """Send the login page filled in; None where there is no answer in time."""
    cookies = SimpleCookie()
    for line in page.headers.get_list("Set-Cookie"):
        cookies.load(line)
    found = _TOKEN.search(page.body.decode(errors="replace"))
    token = cookies["_xsrf"].value if "_xsrf" in cookies else found[1] if found else ""
    headers = {"Cookie": "; ".join(f"{key}={one.value}" for key, one in cookies.items())}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    form = urlencode({"_xsrf": token, "username": name, "password": password})
    return await _ask(client, url, headers, method="POST", body=form)


async def _ask(client: Any, url: str, headers: Mapping[str, str] | None = None, **form: str) -> HTTPResponse | None:
    """Get the login page, or send the form to it; None where there is no answer in time."""
    request = client.fetch(
        url,
        headers=headers,
        raise_error=False,
        follow_redirects=False,
        request_timeout=SECONDS,
        connect_timeout=SECONDS,
        **form,
    )
    answer: HTTPResponse = await request
    is_late = answer.code == 599  # tornado's own, for no answer
    return None if is_late else answer
