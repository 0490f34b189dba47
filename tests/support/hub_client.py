"""A browser-less user of a JupyterHub: logs in by the form, starts a server, runs code in a kernel, administers."""

import asyncio
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from html import unescape
from http.cookies import BaseCookie
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, CookieJar, TCPConnector
from yarl import URL

from tests.support.kernel import open_kernel, run_code
from tests.support.refused import Refused

__all__ = ["HubClient", "Refused"]

ANYWHERE = URL()
MOST_REDIRECTS = 20
"""As many as browsers follow; aiohttp follows ten."""


class BrowserJar(CookieJar):
    """Cookies of addresses without a name, kept as they came, found by a path's escaped form as browsers do."""

    def __init__(self) -> None:
        super().__init__(unsafe=True, quote_cookie=False)  # tornado signs values with `|` and `:`

    def filter_cookies(self, request_url: URL = ANYWHERE) -> "BaseCookie[str]":
        """Compare cookie paths with the address as it is sent; aiohttp would compare them with its unescaped form."""
        return super().filter_cookies(request_url.with_path(request_url.raw_path))


class HubClient:
    """One person at one browser. `url` is the address of the hub as a person types it, ending in a slash.

    Use it as `async with HubClient(...) as client`. Every call is bounded by `seconds`.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str = "",
        seconds: float = 120.0,
        *,
        authority: str = "",
        address: str = "",
    ) -> None:
        """`authority` is the PEM certificate that vouches for an https hub, `address` where the person comes from."""
        self.url = url
        self._authority = authority
        self._address = address
        self.user = user
        self.password = password
        self._seconds = seconds
        self.name = escape(user)
        """The user's name as it is in addresses, after `login` as the hub has it: in lower case."""
        self.server_path = ""
        """Path of this user's server, known after `start_server` or `open_lab`."""

    async def __aenter__(self) -> Self:
        # addresses that the hub sends us to are taken as they are, as browsers do: `%2A` is not made a `*`
        context = ssl.create_default_context(cadata=self._authority) if self._authority else True
        connector = TCPConnector(ssl=context, local_addr=(self._address, 0) if self._address else None)
        self._session = ClientSession(
            connector=connector,
            cookie_jar=BrowserJar(),
            timeout=ClientTimeout(total=self._seconds),
            requote_redirect_url=False,
            headers={"Accept": "text/html,*/*"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    # ---- plain requests ---------------------------------------------------------------------------------------

    def at(self, path: str) -> URL:
        """Give the address of a path below the hub's base, which is already escaped."""
        return URL(self.url + path.lstrip("/"), encoded=True)

    def xsrf(self, path: str) -> dict[str, str]:
        """Give the header that JupyterHub and Jupyter Server want with every request that changes something."""
        cookie = self._session.cookie_jar.filter_cookies(self.at(path)).get("_xsrf")
        return {"X-XSRFToken": cookie.value} if cookie else {}

    async def get(self, path: str, **options: Any) -> tuple[int, str]:
        """Fetch a page as this person; gives the status and the text after all redirects."""
        async with self._session.get(self.at(path), max_redirects=MOST_REDIRECTS, **options) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        """Send a form to a page; gives the status and the text after all redirects."""
        async with self._session.post(self.at(path), data=form, max_redirects=MOST_REDIRECTS) as answer:
            return answer.status, await answer.text()

    async def lead(self, path: str) -> URL:
        """Give the address to which a page, or the one that it leads to in the hub, leads out of the hub."""
        address = self.at(path)
        while True:
            async with self._session.get(address, allow_redirects=False) as answer:
                if answer.status != 302:
                    raise Refused(f"{address} leads nowhere", answer.status, words(await answer.text()))
                address = answer.url.join(URL(answer.headers["Location"], encoded=True))
            if address.origin() != URL(self.url).origin():
                return address

    async def visit(self, address: str | URL) -> tuple[int, str]:
        """Go to a whole address, wherever, and on to where it leads; gives the status and the text."""
        async with self._session.get(address, max_redirects=MOST_REDIRECTS) as answer:
            return answer.status, await answer.text()

    async def where(self, path: str) -> str:
        """Follow a path's redirects; gives the path, below the hub's base, of the page that they end at."""
        async with self._session.get(self.at(path), max_redirects=MOST_REDIRECTS) as answer:
            return self._below_base(answer.url.raw_path)

    async def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the hub's REST API with this person's cookies; gives the status and the decoded answer."""
        return await self._call(method, f"hub/api/{path.lstrip('/')}", body)

    async def server(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call this person's own Jupyter Server."""
        return await self._call(method, f"{self.server_path}{path.lstrip('/')}", body)

    async def _call(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        # the hub refuses requests of any other type, even those without a body
        headers = {"Content-Type": "application/json", "Accept": "*/*", **self.xsrf(path)}
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, self.at(path), data=data, headers=headers) as answer:
            text = await answer.text()
            if "json" in answer.headers.get("Content-Type", "") and text:
                return answer.status, json.loads(text)
            return answer.status, text

    # ---- what a person does -----------------------------------------------------------------------------------

    async def login(self) -> None:
        """Fill in the login form; raises Refused with the words on the page."""
        status, page = await self.get("hub/login")
        if status != 200:
            raise Refused("no login page", status, words(page))
        form = {
            "username": self.user,
            "password": self.password,
            "_xsrf": self.xsrf("hub/login").get("X-XSRFToken", ""),
        }
        async with self._session.post(self.at("hub/login?next="), data=form, allow_redirects=False) as answer:
            if answer.status != 302:
                raise Refused(f"{self.user} could not log in", answer.status, find_error(await answer.text()))
        status, known = await self.api("GET", "user")
        if status != 200:
            raise Refused(f"{self.user} is not known after logging in", status, str(known))
        self.name = escape(known["name"])

    async def start_server(self) -> list[dict[str, Any]]:
        """Start this person's server, where it does not run, and wait until it is ready; gives what the page showed.

        Raises Refused when the hub refuses the start or the start fails.
        """
        asked = asyncio.create_task(self.api("POST", f"users/{self.name}/server"))
        # the hub answers when the server is ready or ten seconds are over; its page shows progress after one
        await asyncio.wait({asked}, timeout=1.0)
        if asked.done():
            self._check_start(*asked.result())
        events = [event async for event in self._progress()]
        self._check_start(*await asked)
        if not events or not events[-1].get("ready"):
            raise Refused(f"the server of {self.user} did not start", 200, json.dumps(events[-3:]))
        self.server_path = self._below_base(events[-1]["url"])
        return events

    def _check_start(self, status: int, said: Any) -> None:
        if status not in {201, 202} and "already running" not in str(said):
            raise Refused(f"the server of {self.user} was not started", status, str(said))

    async def _progress(self) -> AsyncIterator[dict[str, Any]]:
        path = f"hub/api/users/{self.name}/server/progress"
        async with self._session.get(self.at(path), headers=self.xsrf(path)) as answer:
            if answer.status != 200:
                raise Refused("no progress", answer.status, await answer.text())
            async for line in answer.content:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    yield event
                    if event.get("ready") or event.get("failed"):
                        return

    async def open_lab(self) -> str:
        """Open JupyterLab as a browser would, through the hub's own login to the server; gives the page."""
        if not self.server_path:
            self.server_path = f"user/{self.name}/"
        async with self._session.get(self.at(self.server_path + "lab"), max_redirects=MOST_REDIRECTS) as answer:
            page = await answer.text()
            if answer.status != 200 or "jupyter-config-data" not in page:
                raise Refused("JupyterLab did not open", answer.status, f"{answer.url} {words(page)}")
            return page

    async def open_lab_of(self, owner: str) -> None:
        """Open JupyterLab of somebody else's server, and agree to it on the hub's pages, as guests do."""
        self.server_path = f"user/{escape(owner)}/"
        async with self._session.get(self.at(self.server_path + "lab"), max_redirects=MOST_REDIRECTS) as answer:
            page, where = await answer.text(), answer.url
        # the gate asks, and then JupyterHub, whether the server may know who its guest is
        while fields := re.findall(r'<input type="hidden" name="(_xsrf|scopes)" value="([^"]*)"', page):
            form = [(name, unescape(value)) for name, value in fields]
            async with self._session.post(where, data=form, headers={"Referer": str(where)}) as answer:
                page, where = await answer.text(), answer.url
                if answer.status != 200:
                    break
        if "jupyter-config-data" not in page:
            raise Refused("JupyterLab did not open", answer.status, f"{answer.url} {words(page)}")

    async def make_visit_link(self, owner: str) -> str:
        """Ask the hub for the link by which an admin sees somebody else's server in a private window."""
        where = f"hub/gate?user={escape(owner)}&next=/user/{escape(owner)}/lab"
        status, page = await self.post(where, {"_xsrf": self.xsrf("hub/")["X-XSRFToken"]})
        found = re.search(r'id="link" value="([^"]*)"', page)
        if not found:
            raise Refused(f"there is no link to the server of {owner}", status, words(page))
        return unescape(found[1])

    async def open_visit(self, link: str, owner: str) -> None:
        """Open the link of `make_visit_link`, as a window does that never logged in."""
        self.server_path = f"user/{escape(owner)}/"
        status, page = await self.visit(link)
        if status != 200 or "jupyter-config-data" not in page:
            raise Refused("JupyterLab did not open", status, words(page))

    async def execute(self, code: str, kernel: str = "python3", seconds: float = 60.0) -> str:
        """Run code in a fresh kernel; gives what it printed and the value of its last line.

        Raises Refused when the kernel does not start, and AssertionError with the traceback when the code fails.
        """
        path = f"{self.server_path}api/kernels"
        async with open_kernel(self._session, self.at(self.server_path), self.xsrf(path), kernel) as socket:
            return await asyncio.wait_for(run_code(socket, code), seconds)

    async def open_terminal(self) -> AbstractAsyncContextManager[ClientWebSocketResponse]:
        """Open a terminal of the server that this person has open; gives its websocket, to be entered."""
        status, started = await self.server("POST", "api/terminals")
        if status != 200:
            raise Refused("the terminal was not opened", status, str(started))
        path = f"{self.server_path}terminals/websocket/{started['name']}"
        return self._session.ws_connect(self.at(path), headers=self.xsrf(path), max_msg_size=0)

    async def run_in_terminal(self, command: str, seconds: float = 120.0) -> str:
        """Run a shell command in a JupyterLab terminal; gives what it printed. Its status is asked for by `$?`."""
        status, started = await self.server("POST", "api/terminals")
        if status != 200:
            raise Refused("the terminal was not opened", status, str(started))
        path = f"{self.server_path}terminals/websocket/{started['name']}"
        end = secrets.token_hex(8)
        seen = ""
        async with self._session.ws_connect(self.at(path), headers=self.xsrf(path), max_msg_size=0) as socket:
            # the mark is put together by the shell, so that its echo of the command is not taken for the end
            await socket.send_json(["stdin", f"stty -echo; PS1=; printf '%s%s\\n' {end} :begin; {command}\n"])
            await socket.send_json(["stdin", f"printf '%s%s\\n' {end} :end\n"])

            async def listen() -> str:
                nonlocal seen
                async for message in socket:
                    kind, *rest = json.loads(message.data)
                    if kind == "stdout":
                        seen += rest[0]
                    if f"{end}:end" in seen:
                        return seen.split(f"{end}:begin", 1)[-1].split(f"{end}:end", 1)[0]
                raise AssertionError(f"the terminal was closed: {seen}")

            try:
                said = await asyncio.wait_for(listen(), seconds)
            except TimeoutError:
                raise AssertionError(f"{command} did not end within {seconds:.0f} s: {seen[-2000:]}") from None
        await self.server("DELETE", f"api/terminals/{started['name']}")
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said).replace("\r", "").strip()

    async def stop_server(self) -> None:
        """Stop this person's server and wait until it is gone; raises Refused or TimeoutError."""
        status, said = await self.api("DELETE", f"users/{self.name}/server")
        if status not in {202, 204}:
            raise Refused("the server was not stopped", status, str(said))
        async with asyncio.timeout(90):
            while (await self.api("GET", f"users/{self.name}"))[1].get("servers"):
                await asyncio.sleep(0.1)

    def _below_base(self, path: str) -> str:
        base = URL(self.url).raw_path
        return path.removeprefix(base).lstrip("/")


def escape(user: str) -> str:
    """Escape a hub user's name as JupyterHub does in its paths."""
    return quote(user, safe="@~")


def words(page: str) -> str:
    """Give the words of a page, without its markup, at most 600 characters."""
    bare = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<[^>]+>", " ", page)
    return " ".join(unescape(bare).split())[:600]


def find_error(page: str) -> str:
    """Give the message that a login page shows, or else all its words."""
    found = re.search(r'(?s)class="[^"]*login_error[^"]*"[^>]*>(.*?)</', page)
    return " ".join(unescape(found[1]).split()) if found else words(page)


async def use_once(url: str, user: str, password: str, code: str = "6*7", authority: str = "") -> str:
    """Log in, start a server, open JupyterLab, run code, and leave the server running; gives what the code gave."""
    async with HubClient(url, user, password, authority=authority) as client:
        await client.login()
        await client.start_server()
        await client.open_lab()
        return await client.execute(code)
