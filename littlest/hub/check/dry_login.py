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
        self.error: BaseException | None = None
        decide = authenticator.get_authenticated_user

        async def refuse(handler: Any, data: Any) -> None:
            found = await decide(handler, data)
            self.let_in = found["name"] if found else ""

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


async def find_login_problem(hub: Any, admins: tuple[str, ...]) -> str | None:
    """Return what is wrong with logging in at a hub that could start; None for nothing.

    Its login page must work, or lead elsewhere. Who gives a password that nobody has is refused, also as one of
    `admins`. Runs in a folder of its own: a class may write files where it is.
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
            return await _try_login(client, f"http://localhost{hub.hub_prefix}login", notes, admins)
        finally:
            server.stop()
            RequestHandler.log_exception = log_exception  # type: ignore[method-assign]
            os.chdir(before)


async def _try_login(client: Any, url: str, notes: _Notes, admins: tuple[str, ...]) -> str | None:
    page = await _ask(client, url)
    if page is None or REDIRECT <= page.code < SERVER_ERROR:
        # it leads to a provider, asks one, or wants something that no browser sends by itself
        return None
    if page.code >= SERVER_ERROR:
        why = notes.explain_failure()
        return f"its login page does not work: {why}" if why else None
    for name in (*admins[:1], f"nobody-{secrets.token_hex(4)}"):
        answer = await _ask(client, url, page, name)
        if notes.let_in:
            return f"anybody can log in as {notes.let_in}, with any password"
        if answer is not None and answer.code >= SERVER_ERROR and (why := notes.explain_failure()):
            return f"a login with a wrong password is not refused, but ends in an error of the hub: {why}"
    return None


async def _ask(client: Any, url: str, page: HTTPResponse | None = None, name: str = "") -> HTTPResponse | None:
    """Get the login page, or send it filled in; None where there is no answer in time."""
    options: dict[str, Any] = {}
    if page is not None:
        cookies = SimpleCookie()
        for line in page.headers.get_list("Set-Cookie"):
            cookies.load(line)
        found = _TOKEN.search(page.body.decode(errors="replace"))
        token = cookies["_xsrf"].value if "_xsrf" in cookies else found[1] if found else ""
        # a password that nobody has, and that is long and mixed enough for everybody's rules
        form = {"_xsrf": token, "username": name, "password": f"aA1!{secrets.token_urlsafe(24)}"}
        headers = {"Cookie": "; ".join(f"{key}={one.value}" for key, one in cookies.items())}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        options = {"method": "POST", "body": urlencode(form), "headers": headers}
    request = client.fetch(
        url, raise_error=False, follow_redirects=False, request_timeout=SECONDS, connect_timeout=SECONDS, **options
    )
    answer: HTTPResponse = await request
    is_late = answer.code == 599  # tornado's own, for no answer
    return None if is_late else answer
