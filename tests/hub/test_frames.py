"""A page of another site shows the hub in a frame: only where `frame_ancestors` names it, with cookies for there."""

from http.cookies import Morsel
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar

from littlest.hub.gate.passes import COOKIE
from tests.hub.hostile_server import BODY, serve
from tests.hub.running_hub import PASSWORD, URL
from tests.hub.world import World

MOODLE = "https://moodle.example.org"
SETTINGS = "users: {admin: [teacher], allowed: [eve]}\nexternal_url: https://hub.example.org/\n"
FRAMES = f"{SETTINGS}frame_ancestors: [{MOODLE}]"
NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
ENTRY = {**NAVIGATE, "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
FRAME = {**NAVIGATE, "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
WINDOW = {**NAVIGATE, "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
OLD_BROWSER = {"Accept": "text/html"}


class Page:
    """What a browser keeps for one window, or for a frame on one site: cookies, whether they are Secure or not."""

    def __init__(self, session: ClientSession, world: World) -> None:
        self.session, self.world = session, world
        self.cookies: dict[tuple[str, str], Morsel[str]] = {}
        self.set: list[str] = []
        """Every Set-Cookie that came."""

    async def ask(
        self, path: str, headers: dict[str, str], method: str = "GET", form: dict[str, str] | None = None
    ) -> tuple[int, str, Any]:
        """Ask for a page; gives status, text and headers. It comes by http, as from a web server in front."""
        matching = [one for (name, place), one in self.cookies.items() if f"{path}/".startswith(place)]
        cookie = "; ".join(f"{one.key}={one.coded_value}" for one in matching)
        given = {**headers, **({"Cookie": cookie} if cookie else {})}
        async with self.session.request(
            method, f"{URL}{path.lstrip('/')}", headers=given, data=form, allow_redirects=False
        ) as answer:
            self.set += answer.headers.getall("Set-Cookie", [])
            for one in answer.cookies.values():
                self.cookies[one.key, one["path"]] = one
            return answer.status, await answer.text(errors="replace"), answer.headers

    async def follow(self, path: str, headers: dict[str, str]) -> tuple[int, str, Any]:
        """Ask for a page and follow where it leads."""
        for _ in range(8):
            status, text, found = await self.ask(path, headers)
            if status not in {302, 303, 307}:
                return status, text, found
            path = found["Location"].removeprefix("https://hub.example.org")
        raise AssertionError(f"{path} leads on and on")

    def find(self, name: str) -> str:
        return next(one.value for (key, _), one in self.cookies.items() if key == name)

    async def log_in(self, first: dict[str, str], then: dict[str, str]) -> Any:
        """Log in as eve and open her server; gives the headers of the page."""
        assert (await self.ask("/hub/login", first))[0] == 200
        form = {"username": "eve", "password": PASSWORD, "_xsrf": self.find("_xsrf")}
        assert (await self.ask("/hub/login?next=/hub/home", then, "POST", form))[0] == 302
        assert (await self.ask("/hub/home", then))[0] == 200
        status, text, headers = await self.follow("/user/eve/lab", then)
        assert (status, text) == (200, BODY)
        return headers


@pytest.fixture
def play(world: World, start: Any) -> Any:
    def play(settings: str, story: Any) -> None:
        start(settings)

        async def run() -> None:
            async with serve(world, "eve") as hostile, ClientSession(cookie_jar=DummyCookieJar()) as session:
                hostile.headers = [
                    ("Content-Security-Policy", "frame-ancestors https://evil.example; sandbox allow-scripts"),
                    ("X-Frame-Options", "DENY"),
                    ("Set-Cookie", "mine=1; SameSite=Strict"),
                ]
                await story(hostile, lambda: Page(session, world))

        world.network.run(run())

    return play


def is_for_frames(cookie: str) -> bool:
    return cookie.endswith("; SameSite=None; Secure; Partitioned") and cookie.lower().count("samesite") == 1


def test_in_a_frame_cookies_are_for_the_frame_and_elsewhere_they_are_not(play: Any) -> None:
    async def story(_hostile: Any, make_page: Any) -> None:
        for first, then in ((ENTRY, FRAME), (OLD_BROWSER, OLD_BROWSER)):
            page = make_page()
            headers = await page.log_in(first, then)
            assert headers["Content-Security-Policy"] == f"frame-ancestors {MOODLE}; sandbox allow-scripts"
            assert "X-Frame-Options" not in headers
            names = {one.partition("=")[0] for one in page.set}
            assert {COOKIE, "jupyterhub-session-id", "jupyterhub-hub-login", "_xsrf", "mine"} <= names
            assert all(is_for_frames(one) for one in page.set), page.set
            # what clears a cookie has to say which one
            page.set.clear()
            await page.ask("/hub/logout", then)
            assert any('jupyterhub-hub-login=""' in one for one in page.set)
            assert all(is_for_frames(one) for one in page.set), page.set
        page = make_page()
        headers = await page.log_in(WINDOW, WINDOW)
        assert headers["Content-Security-Policy"] == f"frame-ancestors {MOODLE}; sandbox allow-scripts"
        assert not [one for one in page.set if "Partitioned" in one or "SameSite=None" in one]
        assert all("SameSite=Lax" in one and "; Secure" in one for one in page.set if not one.startswith("mine="))
        # a frame of the hub itself, in a window of the hub
        await page.ask("/hub/home", FRAME)
        assert not [one for one in page.set if "Partitioned" in one]

    play(FRAMES, story)


def test_every_page_of_the_hub_may_be_in_that_frame_and_in_no_other(play: Any) -> None:
    async def story(_hostile: Any, make_page: Any) -> None:
        for path in ("/hub/login", "/hub/api/", "/hub/nothing", "/hub/static/css/style.min.css", "/hub/logo"):
            policy = (await make_page().ask(path, ENTRY))[2]["Content-Security-Policy"]
            assert policy.count("frame-ancestors") == 1
            assert policy.startswith(f"frame-ancestors {MOODLE}"), path

    play(FRAMES, story)


def test_without_the_setting_there_is_no_frame(play: Any) -> None:
    async def story(_hostile: Any, make_page: Any) -> None:
        page = make_page()
        _, _, headers = await page.ask("/hub/login", ENTRY)
        assert headers["Content-Security-Policy"].startswith("frame-ancestors 'none'")
        assert page.set
        assert all("SameSite=Lax" in one and "Partitioned" not in one for one in page.set)

    play(SETTINGS, story)


def test_a_page_elsewhere_uses_no_pass_but_by_a_link(play: Any) -> None:
    async def story(hostile: Any, make_page: Any) -> None:
        page = make_page()
        await page.log_in(ENTRY, FRAME)
        before = len(hostile.requests)
        for site in ("cross-site", "same-site"):
            for method, mode in (("GET", "no-cors"), ("GET", "cors"), ("POST", "navigate"), ("GET", "websocket")):
                headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Accept": "*/*"}
                assert (await page.ask("/user/eve/api/x", headers, method))[0] == 403, (site, method, mode)
        assert len(hostile.requests) == before
        for headers in (ENTRY, {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}):
            assert (await page.ask("/user/eve/api/x", headers))[0] == 200

    play(FRAMES, story)


LTI = f"""
users: {{admin: [teacher]}}
external_url: https://hub.example.org/
frame_ancestors: [{MOODLE}]
auth:
  type: lti13
  allow_all: true
  issuer: {MOODLE}
  client_ids: [hub]
  authorize_url: {MOODLE}/auth
  jwks_url: {MOODLE}/certs
"""


def test_a_launch_from_a_course_keeps_its_state_in_the_frame(play: Any) -> None:
    async def story(_hostile: Any, make_page: Any) -> None:
        page = make_page()
        form = {
            "iss": MOODLE,
            "client_id": "hub",
            "login_hint": "7",
            "target_link_uri": "https://hub.example.org/hub",
        }
        status, _, headers = await page.ask("/hub/lti13/oauth_login", ENTRY, "POST", form)
        assert (status, headers["Location"].startswith(f"{MOODLE}/auth?")) == (302, True)
        assert len(page.set) > 1
        assert all(is_for_frames(one) for one in page.set), page.set

    play(LTI, story)
