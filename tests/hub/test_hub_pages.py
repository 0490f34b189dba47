"""What the hub's pages say and show: the school's name and logo, the newcomer's sentences, errors in plain words."""

from typing import Any

from aiohttp import ClientSession

from littlest import paths
from littlest.hub.pages.logo_page import POLICY
from littlest.plan.proxy_pages import PROXY_PAGES
from tests.hub.running_hub import PASSWORD, URL, reload_hub
from tests.hub.world import World
from tests.support.hub_client import HubClient
from tests.support.images import make_png, make_svg

SETTINGS = "users: {admin: [teacher], allowed: [ada]}\n"
BRANDED = f"""{SETTINGS}branding:
  title: Physics <101>
  logo: /etc/littlest/logo.svg
  help_url: https://example.org/?a&b
"""
TITLE, HELP = "Physics &lt;101&gt;", 'href="https://example.org/?a&amp;b"'


async def fetch(path: str) -> tuple[int, dict[str, str], bytes]:
    async with ClientSession() as session, session.get(URL + path) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def read_as(user: str, *pages: str) -> list[tuple[int, str]]:
    async with HubClient(URL, user, PASSWORD) as client:
        await client.login()
        return [await client.get(page) for page in pages]


def test_title_and_help_are_on_every_page_at_once(world: World, start: Any) -> None:
    start(SETTINGS)
    run = world.network.run
    assert b"<title>JupyterHub</title>" in run(fetch("hub/login"))[2]
    reload_hub(world, BRANDED)
    pages = [run(fetch(path))[2].decode() for path in ("hub/login", "hub/nowhere")]
    pages += [text for _status, text in run(read_as("ada", "hub/home", "hub/token", "hub/admin"))]
    pages += [text for _status, text in run(read_as("teacher", "hub/usage", "hub/admin", "hub/passwords"))]
    for page in pages:
        assert f"<title>{TITLE}</title>" in page
        assert HELP in page, page


def test_the_logo_is_the_copy_and_nothing_in_it_can_run(world: World, start: Any) -> None:
    start(SETTINGS)
    run = world.network.run
    status, headers, theirs = run(fetch("hub/logo"))
    assert (status, headers["Content-Type"]) == (200, "image/png")
    world.path(paths.LOGO_FILE).write_bytes(make_svg())
    reload_hub(world, BRANDED)
    status, headers, found = run(fetch("hub/logo"))
    assert (status, headers["Content-Type"], found) == (200, "image/svg+xml", make_svg())
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    world.path(paths.LOGO_FILE).write_bytes(make_png())
    assert run(fetch("hub/logo"))[1]["Content-Type"] == "image/png"
    # whatever happens to the copy, there is a logo
    for ruin in (lambda: world.path(paths.LOGO_FILE).write_bytes(b"<script>"), world.path(paths.LOGO_FILE).unlink):
        ruin()
        status, _headers, found = run(fetch("hub/logo"))
        assert (status, found) == (200, theirs)
    reload_hub(world, SETTINGS)
    assert run(fetch("hub/logo"))[2] == theirs


def test_a_hub_starts_without_the_logo_that_its_settings_name(world: World, start: Any) -> None:
    start(BRANDED)
    assert TITLE.encode() in world.network.run(fetch("hub/login"))[2]


def test_errors_say_what_they_mean_and_what_to_do(world: World, start: Any) -> None:
    start(SETTINGS)
    run = world.network.run
    status, _headers, page = run(fetch("hub/nowhere"))
    assert (status, b"There is no such page" in page, b"Log in" in page) == (404, True, True)
    found = run(read_as("ada", "hub/admin", "hub/nowhere", "hub/usage", "hub/gate?user=teacher&next=/user/teacher/"))
    assert [status for status, _text in found] == [403, 404, 403, 403]
    words = ("You may not open this", "There is no such page", "You may not open this", "server of teacher")
    for (_status, text), said in zip(found, words, strict=True):
        assert said in text
        assert "logged in as ada" in text
        assert ">Home</a>" in text
        assert "lots of moons" not in text
        assert ": Forbidden" not in text


RAISES = """
from tornado.web import HTTPError, RequestHandler
from jupyterhub.handlers import BaseHandler

class Raises(BaseHandler):
    def get(self, status):
        raise HTTPError(int(status)) if status != "500" else ValueError("a secret of the program")

c.JupyterHub.extra_handlers = [("/raises/([0-9]+)", Raises)]
"""
ANSWERS = {
    400: ("did not understand", "try again"),
    403: ("You may not open this", "ask your teacher"),
    404: ("no such page", "Your files are not"),
    418: ("This did not work", "tell your teacher"),
    429: ("Too many at once", "Wait a minute"),
    500: ("Something went wrong", "saved files are safe"),
    503: ("Not ready yet", "start your server"),
}


def test_each_refusal_has_its_words_and_none_of_the_programs(world: World, start: Any) -> None:
    world.path(paths.DROP_IN_DIR / "raises.py").write_text(RAISES)
    start(SETTINGS)
    for status, words in ANSWERS.items():
        found, _headers, page = world.network.run(fetch(f"hub/raises/{status}"))
        assert found == status
        for word in words:
            assert word in page.decode(), status
        assert b"secret" not in page


async def post_old_form() -> str:
    async with ClientSession() as session, session.post(f"{URL}hub/auth/change-password", data={}) as answer:
        return f"{answer.status} {await answer.text()}"


def test_a_form_that_is_too_old_says_so(world: World, start: Any) -> None:
    start(SETTINGS)
    said = world.network.run(post_old_form())
    assert said.startswith("403")
    assert "reload" in said.lower()


def test_a_newcomer_is_told_what_this_is(world: World, start: Any) -> None:
    start(SETTINGS)
    [(status, page)] = world.network.run(read_as("ada", "hub/home"))
    assert status == 200
    welcome = page.split('id="welcome">', 1)[1].split("</p>", 1)[0]
    assert welcome.count(".") == 3
    assert "for an hour" in welcome
    reload_hub(world, f"{SETTINGS}services: {{cull: {{enabled: false}}}}\n")
    [(_status, page)] = world.network.run(read_as("ada", "hub/home"))
    assert "for an hour" not in page


def test_the_admins_page_shows_everybody_also_where_systemd_does_not_answer(world: World, start: Any) -> None:
    start(SETTINGS)
    [(status, page)] = world.network.run(read_as("teacher", "hub/usage"))
    assert status == 200
    assert "ada" in page
    assert "not measured yet" in page


def test_while_the_hub_is_down_the_proxy_shows_the_same_name(world: World, start: Any) -> None:
    hub = start(SETTINGS)
    for name in PROXY_PAGES:
        file = world.path(paths.PAGES_DIR / name)
        file.write_text(file.read_text().replace("<h1>", "<header>Physics</header><h1>"))
    world.stop(hub)
    world.listening.close()
    status, _headers, page = world.network.run(fetch("hub/login"))
    assert (status, b"Physics" in page, b"One moment" in page) == (503, True, True)
