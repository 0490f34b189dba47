"""Addresses from before a change of `base_url` lead to today's."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from aiohttp import ClientSession

from littlest import paths
from littlest.hub.servers.sockets import make_socket_path
from littlest.plan.account_names import make_unit_name
from tests.hub.hostile_server import BODY, serve
from tests.hub.running_hub import PASSWORD, URL, write_config
from tests.hub.world import World
from tests.support.hub_client import HubClient, words


@pytest.mark.parametrize(
    ("base", "leads"),
    [
        (
            "/jupyter/",
            {
                "/hub/login?a=b": "/jupyter/hub/login?a=b",
                "/user/ada/lab/tree/hub/x.ipynb": "/jupyter/user/ada/lab/tree/hub/x.ipynb",
                "/old/place/user/ada/lab": "/jupyter/user/ada/lab",
                "/": "/jupyter/hub/",
                "/jupyter/user/ada/lab": "/jupyter/hub/user/ada/lab",
            },
        ),
        ("/", {"/jupyter/hub/login": "/hub/login", "/user/ada/lab": "/hub/user/ada/lab", "/": "/hub/"}),
    ],
)
def test_an_old_address_leads_to_the_new_one(world: World, start: Any, base: str, leads: dict[str, str]) -> None:
    start(f"users: {{admin: [teacher]}}\nbase_url: {base}")

    async def ask() -> dict[str, str]:
        async with ClientSession() as session:
            found = {}
            for path in leads:
                async with session.get(f"http://127.0.0.1{path}", allow_redirects=False) as answer:
                    found[path] = answer.headers.get("Location", str(answer.status))
            return found

    assert world.network.run(ask()) == leads


def run_server_at(world: World, path: str) -> None:
    """Write into the database of a hub that has ended what it has of a server of eve's that runs at this path."""
    # SQLite takes the folder of a link, and the world's root is one
    file = world.path(paths.DATABASE_FILE)
    copy = shutil.copy(file, world.logs / "hub.sqlite")
    with closing(sqlite3.connect(copy)) as database, database:
        address = (4711, "http+unix", "x", 80, path, "c")
        columns = "id, proto, ip, port, base_url, cookie_name"
        database.execute(f"INSERT INTO servers ({columns}) VALUES (?, ?, ?, ?, ?, ?)", address)
        eve = "user_id = (SELECT id FROM users WHERE name = 'eve') AND name = ''"
        assert database.execute(f"UPDATE spawners SET server_id = 4711 WHERE {eve}").rowcount == 1
    shutil.copy(copy, file)


@pytest.mark.parametrize(("old", "new"), [("/", "/jupyter/"), ("/jupyter/", "/"), ("/a/", "/b/")])
def test_a_server_that_runs_keeps_its_address_until_its_user_restarts_it(
    world: World, start: Any, old: str, new: str
) -> None:
    settings = "users: {admin: [teacher], allowed: [eve]}\nbase_url: "
    hub = start(f"{settings}{old}")
    socket = str(make_socket_path(make_unit_name("eve")))

    async def story(open_page: HubClient, other: HubClient) -> None:
        await open_page.login()
        assert (await open_page.get("hub/home"))[0] == 200
        assert await open_page.get("user/eve/lab") == (200, BODY)
        world.stop(hub)
        run_server_at(world, f"{old}user/eve/")
        write_config(world, f"{settings}{new}")
        await world.wait_for_hub(world.launch_hub())
        # a page that is open goes on
        assert await open_page._call("GET", "user/eve/api", None) == (200, BODY)
        assert await open_page._call("POST", "user/eve/api/contents", None) == (200, BODY)
        # the hub's old pages lead to the new ones, at which servers' own logins are
        assert (await open_page.visit(f"{URL.rstrip('/')}{old}hub/login?a=b"))[0] == 200
        assert await open_page.where("hub/api/oauth2/x") == f"{new}hub/api/oauth2/x".removeprefix(old).lstrip("/")
        # what servers report to the hub arrives
        async with ClientSession() as session:
            address = f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}{old}hub/api/users/eve/activity"
            async with session.post(address, json={}) as answer:
                assert str(answer.url.path) == f"{new}hub/api/users/eve/activity"
                assert "missing or invalid credentials" in (await answer.text()).lower()
        # somebody who comes by the new address reads what is so, and is led there
        await other.login()
        status, page = await other.get("user/eve/lab/tree/a%20b.ipynb?x=1")
        assert status == 200
        assert "Save your notebooks first" in words(page)
        assert f'href="{old}user/eve/lab/tree/a%20b.ipynb?x=1' in page
        assert "keeps running at the old address until it stops" in words((await other.get("hub/home"))[1])
        assert await other.visit(f"http://127.0.0.1{old}user/eve/lab/tree/a%20b.ipynb?x=1") == (200, BODY)
        # also in a browser that was at the old address before
        again = HubClient(f"http://127.0.0.1{new}", "eve", PASSWORD)
        again._session = open_page._session
        await again.login()
        assert await open_page.get("user/eve/lab") == (200, BODY)
        # without the user's word it is not stopped
        assert (await other.post("hub/restart-moved", {}))[0] == 403
        assert f"{old}user/eve" in await world.tell_proxy("GET", "")
        form = {"_xsrf": other.xsrf("hub/")["X-XSRFToken"], "server": "", "next": f"{new}user/eve/lab"}
        async with other._session.post(other.at("hub/restart-moved"), data=form, allow_redirects=False) as answer:
            assert answer.headers["Location"].startswith(f"{new}hub/spawn/eve?next=")
        async with asyncio.timeout(20):
            while f"{old}user/eve" in await world.tell_proxy("GET", ""):
                await asyncio.sleep(0.1)

    async def run() -> None:
        async with (
            serve(world, "eve", socket=socket, base=old),
            HubClient(f"http://127.0.0.1{old}", "eve", PASSWORD) as open_page,
            HubClient(f"http://127.0.0.1{new}", "eve", PASSWORD) as other,
        ):
            await story(open_page, other)

    world.network.run(run())


@pytest.mark.parametrize("path", ["/b/hub/user/eve/", "//evil.example/user/eve/", "/a/../user/eve/", "/a/user/ada/"])
def test_no_row_of_the_database_leads_the_hubs_pages_to_a_server(world: World, start: Any, path: str) -> None:
    settings = "users: {admin: [teacher], allowed: [eve]}\nbase_url: /b/\n"
    hub = start(settings)

    async def run() -> None:
        socket = str(make_socket_path(make_unit_name("eve")))
        async with serve(world, "eve", socket=socket), HubClient(f"{URL}b/", "eve", PASSWORD) as eve:
            await eve.login()
            assert (await eve.get("hub/home"))[0] == 200
            world.stop(hub)
            run_server_at(world, path)
            await world.wait_for_hub(world.launch_hub())
            assert (await eve.get("hub/home"))[0] == 200
            for route in await world.tell_proxy("GET", ""):
                assert route in {"/", "/b", "/b/user/eve"}

    world.network.run(run())
