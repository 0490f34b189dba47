"""The gate: no browser sees a server that it may not see, and no server reaches beyond its own path."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from littlest.hub.gate.passes import COOKIE
from tests.hub.hostile_server import BODY, HostileServer, serve
from tests.hub.running_hub import PASSWORD, URL, ask, take_up, write_config
from tests.hub.world import World
from tests.support.hub_client import HubClient, Refused, words

SETTINGS = "users: {admin: [teacher], allowed: [ada, ben, eve]}"
ENDED = 10.0
"""Seconds within which what a right opened has ended."""
Story = Callable[[World, HostileServer], Coroutine[Any, Any, None]]


@pytest.fixture
def play(world: World, start: Any) -> Callable[..., None]:
    """Play a story with a hostile server of this user."""

    def play(story: Story, user: str = "eve", settings: str = SETTINGS) -> None:
        start(settings)

        async def run() -> None:
            async with serve(world, user) as hostile:
                await story(world, hostile)

        world.network.run(run())

    return play


async def enter(client: HubClient, user: str = "") -> None:
    """Log in, and open the own server, or that of another user."""
    await client.login()
    # JupyterHub knows a server only after its user's page was shown
    assert (await client.get("hub/home"))[0] == 200
    if user:
        assert (await client.get(f"user/{user}/lab")) == (200, BODY)


async def meet(user: str) -> None:
    """Let the hub know the server of a user."""
    async with HubClient(URL, user, PASSWORD) as client:
        await enter(client)


async def try_socket(client: HubClient, path: str) -> int:
    """Open a websocket; gives the status of the answer."""
    try:
        async with client._session.ws_connect(client.at(path)):
            return 101
    except WSServerHandshakeError as error:
        return error.status


def test_without_a_login_the_hub_answers(play: Any) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "nobody") as client:
            assert "hub/login" in await client.where("user/eve/lab?x=1")
            for method in ("GET", "POST", "PUT", "OPTIONS"):
                status, said = await client._call(method, "user/eve/api/contents", None)
                assert status == 403
                assert "may not use this server" in said["message"]
            assert await try_socket(client, "user/eve/api/kernels/1/channels") == 403
        assert not hostile.requests

    play(story)


def test_the_owner_is_let_in_and_the_server_sees_no_pass(play: Any) -> None:
    async def story(world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as client:
            await enter(client, "eve")
            assert await client.where("user/eve/tree?a=b%20c") == "user/eve/tree"
            assert hostile.requests[-1].path_qs == "/user/eve/tree?a=b%20c"
            assert (await client._call("POST", "user/eve/api/contents", None))[0] == 200
            async with client._session.ws_connect(client.at("user/eve/ws")) as socket:
                await socket.send_str("hello")
                assert (await socket.receive()).data == "echo hello"
        assert COOKIE not in " ".join(request.headers.get("Cookie", "") for request in hostile.requests)

    play(story)


def test_a_classmate_is_kept_out_also_with_a_pass_of_another_server(play: Any) -> None:
    async def story(world: World, hostile: HostileServer) -> None:
        await meet("eve")
        async with serve(world, "ada"), HubClient(URL, "ada", PASSWORD) as client:
            await enter(client, "ada")
            before = len(hostile.requests)
            status, page = await client.get("user/eve/lab")
            assert status == 403
            assert "You may not open the server of eve" in words(page)
            jar = client._session.cookie_jar
            own = jar.filter_cookies(client.at("user/ada/"))[COOKIE].value
            payload, signature = own.split(".")
            forged = [
                f"x.{'é' * 43}",
                own,
                f"{payload}.",
                f"{payload}.{signature[:-1]}",
                payload,
                ".",
                "",
                "x.y.z",
                f"{payload}.{'A' * 43}",
            ]
            for value in forged:
                headers = {"Cookie": f"{COOKIE}={value}"}
                async with client._session.get(client.at("user/eve/api"), headers=headers) as answer:
                    assert answer.status == 403, value
            assert len(hostile.requests) == before

    play(story)


def test_an_admin_sees_a_students_server_only_in_a_window_without_a_login(play: Any) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        await meet("eve")
        async with HubClient(URL, "teacher", PASSWORD) as admin, HubClient(URL, "teacher", PASSWORD) as window:
            await enter(admin)
            status, page = await admin.get("user/eve/lab/tree/a.ipynb")
            assert status == 200
            assert "could act in your name" in words(page)
            link = await admin.make_visit_link("eve")
            assert link.startswith(f"{URL}hub/gate/visit?ticket=")
            # the window with the login does not use it up
            assert (await admin.visit(link))[0] == 403
            assert not hostile.requests
            assert await window.visit(link) == (200, BODY)
            assert (await window._call("POST", "user/eve/api/contents", None))[0] == 200
            assert await try_socket(window, "user/eve/ws") == 101
            assert COOKIE not in hostile.requests[-1].headers.get("Cookie", "")
            token = hostile.requests[-1].headers["Authorization"].removeprefix("token ")
            # what the hostile server learns opens itself and nothing else
            assert (await ask("GET", "users", token))[0] == 403
            assert (await ask("PATCH", "users/eve", token, {"admin": True}))[0] in {403, 404}
            assert (await window.get("hub/home"))[0] == 200  # the login page
            with pytest.raises(AssertionError, match="shows a user's server"):
                await refuse_login(window)
            async with HubClient(URL, "x") as other:
                assert (await other.visit(link))[0] == 403

    play(story)


async def refuse_login(client: HubClient) -> None:
    try:
        await client.login()
    except Exception as error:
        raise AssertionError(str(error)) from error


def test_what_ends_a_right_ends_what_it_opened(play: Any) -> None:
    async def story(world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as client, HubClient(URL, "teacher", PASSWORD) as admin:
            await enter(client, "eve")
            await enter(admin)
            async with client._session.ws_connect(client.at("user/eve/ws")) as socket:
                assert (await admin.api("DELETE", "users/eve"))[0] == 204
                assert (await asyncio.wait_for(socket.receive(), ENDED)).type in {
                    WSMsgType.CLOSED,
                    WSMsgType.CLOSE,
                    WSMsgType.ERROR,
                }
            assert (await client._call("GET", "user/eve/api", None))[0] == 403

    play(story)


def test_when_the_logins_of_a_user_end_so_do_the_passes(play: Any) -> None:
    async def story(world: World, _hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as client:
            await enter(client, "eve")
            async with client._session.ws_connect(client.at("user/eve/ws")) as socket:
                banned = SETTINGS.replace(", eve]", "], banned: [eve]")
                write_config(world, banned)
                assert (await take_up(banned))[0] == 200
                assert (await asyncio.wait_for(socket.receive(), ENDED)).type != WSMsgType.TEXT
            assert (await client._call("GET", "user/eve/api", None))[0] == 403

    play(story)


def test_a_user_who_changes_the_password_stays_on_the_own_server(play: Any) -> None:
    async def story(_world: World, _hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as client, HubClient(URL, "eve", PASSWORD) as other:
            await enter(client, "eve")
            await enter(other, "eve")
            page = "hub/auth/change-password"
            await client.get(page)
            form = {"current": PASSWORD, "password": "another-password", "again": "another-password"}
            status, said = await client.post(page, form | {"_xsrf": client.xsrf("hub/")["X-XSRFToken"]})
            assert "Your password is changed" in said, status
            async with asyncio.timeout(ENDED):
                while (await other._call("GET", "user/eve/api", None))[0] != 403:
                    assert (await client._call("GET", "user/eve/api", None))[0] == 200
                    await asyncio.sleep(0.5)
            assert (await client._call("GET", "user/eve/api", None))[0] == 200

    play(story)


def test_a_pass_counts_while_hub_and_proxy_restart(world: World, start: Any) -> None:
    hub = start(SETTINGS)

    async def story(hostile: HostileServer, client: HubClient) -> None:
        await enter(client, "eve")
        world.stop(hub)
        assert (await client._call("GET", "user/eve/api", None))[0] == 200
        world.stop(world.processes[0])
        await asyncio.to_thread(world.start_proxy)
        assert (await client._call("GET", "user/eve/api", None))[0] == 200
        # a token needs the word of the hub, and waits for it
        headers = {"Authorization": "token 0123456789abcdef"}
        async with ClientSession() as session:
            waiting = asyncio.create_task(session.get(f"{URL}user/eve/api", headers=headers))
            await asyncio.sleep(3)
            assert not waiting.done()
            await world.wait_for_hub(world.launch_hub())
            assert (await waiting).status == 403
        assert (await client._call("GET", "user/eve/api", None))[0] == 200

    async def run() -> None:
        async with serve(world, "eve") as hostile, HubClient(URL, "eve", PASSWORD) as client:
            await story(hostile, client)

    world.network.run(run())


def test_a_token_opens_the_servers_that_it_is_for_until_it_is_revoked(play: Any) -> None:
    async def story(world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as eve, HubClient(URL, "ada", PASSWORD) as ada:
            await enter(eve)
            await enter(ada)
            made = [(await client.api("POST", f"users/{client.user}/tokens", {}))[1] for client in (eve, ada)]
            own, others = (token["token"] for token in made)
            for scheme, token, status in (("token", own, 200), ("Bearer", own, 200), ("token", others, 403)):
                headers = {"Authorization": f"{scheme} {token}"}
                async with ClientSession(headers=headers) as session, session.get(f"{URL}user/eve/api") as answer:
                    assert answer.status == status
            headers = {"Authorization": f"token {own}"}
            async with ClientSession(headers=headers) as session, session.ws_connect(f"{URL}user/eve/ws") as socket:
                await eve.api("DELETE", f"users/eve/tokens/{made[0]['id']}")
                assert (await asyncio.wait_for(socket.receive(), ENDED)).type != WSMsgType.TEXT

    play(story)


def test_a_server_cannot_reach_beyond_its_path(play: Any) -> None:
    async def story(world: World, hostile: HostileServer) -> None:
        hostile.headers = [
            ("Service-Worker-Allowed", "/"),
            ("Clear-Site-Data", '"*"'),
            ("Strict-Transport-Security", "max-age=1"),
            ("Alt-Svc", 'h2=":9999"'),
            ("Access-Control-Allow-Origin", "https://evil.example"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=1; path=/hub/; HttpOnly; Domain=127.0.0.1"),
            ("Set-Cookie", "c=1; Path=/user/eve/tree; Secure"),
            ("Set-Cookie", "d=1"),
            ("Set-Cookie", f"{COOKIE}=mine; Path=/user/eve/"),
            ("Set-Cookie", "__Host-e=1; Path=/; Secure"),
            ("Set-Cookie", "f=1; Path=/user/eve/../ada/"),
            ("X-Kept", "yes"),
        ]
        async with HubClient(URL, "eve", PASSWORD) as client:
            await enter(client, "eve")
            async with client._session.get(client.at("user/eve/page")) as answer:
                headers = answer.headers
            async with client._session.ws_connect(client.at("user/eve/ws")) as socket:
                upgrade = socket._response.headers
        for found in (headers, upgrade):
            assert sorted(found.getall("Set-Cookie")) == [
                "a=1; Path=/user/eve/",
                "b=1; HttpOnly; Path=/user/eve/",
                "c=1; Secure; Path=/user/eve/tree",
                "d=1; Path=/user/eve/",
                "f=1; Path=/user/eve/",
            ]
            assert found["X-Kept"] == "yes"
            assert not {"Service-Worker-Allowed", "Clear-Site-Data", "Alt-Svc", "Strict-Transport-Security"} & {
                *found
            }
            assert "Access-Control-Allow-Credentials" not in found

    play(story)


def test_a_pass_that_another_page_put_into_a_browser_opens_nothing(play: Any) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as eve, HubClient(URL, "teacher", PASSWORD) as teacher:
            await enter(eve, "eve")
            await enter(teacher)
            before = len(hostile.requests)
            tossed = eve._session.cookie_jar.filter_cookies(eve.at("user/eve/"))[COOKIE].value
            session = eve._session.cookie_jar.filter_cookies(eve.at("user/eve/"))["jupyterhub-session-id"].value
            # a page on another port of this host may set any cookie, but not replace one that is for the hub alone
            for cookies in (f"{COOKIE}={tossed}", f"{COOKIE}={tossed}; jupyterhub-session-id={session}"):
                own = teacher._session.cookie_jar.filter_cookies(teacher.at("user/eve/"))[
                    "jupyterhub-session-id"
                ].value
                headers = {"Cookie": f"jupyterhub-session-id={own}; {cookies}", "Accept": "*/*"}
                async with ClientSession() as plain, plain.get(f"{URL}user/eve/lab", headers=headers) as answer:
                    assert answer.status == 403
            assert len(hostile.requests) == before

    play(story)


def test_a_server_that_starts_gets_nothing_that_was_for_the_hub(world: World, start: Any) -> None:
    start(SETTINGS)

    async def story() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", 80)
        writer.write(b"POST /user/eve/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nx")
        await writer.drain()
        await asyncio.sleep(0.5)
        async with serve(world, "eve") as hostile:
            writer.write(b"y")
            assert (await reader.readline()).startswith(b"HTTP/1.1 503")
            assert not hostile.requests
        writer.close()

    world.network.run(story())


def test_no_stranger_learns_versions_or_writes_lines_of_the_log(play: Any, world: World) -> None:
    async def story(_world: World, _hostile: HostileServer) -> None:
        async with HubClient(URL, "eve\r\n[I] forged", PASSWORD) as client:
            async with client._session.get(client.at("hub/login")) as answer:
                assert not {"Server", "X-JupyterHub-Version"} & {*answer.headers}
            with pytest.raises(Refused):
                await client.login()
        assert "\n[I] forged" not in world.read_log("hub")
        assert "[I] forged" in world.read_log("hub")

    play(story)


def test_nothing_of_a_server_stays_in_a_browser_for_its_next_user(play: Any) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as client:
            await enter(client, "eve")
            # a worker would answer in the place of the gate
            headers = {"Service-Worker": "script", "Accept": "*/*"}
            async with client._session.get(client.at("user/eve/sw.js"), headers=headers) as answer:
                assert answer.status == 403
            for kind, is_kept in (("text/html", False), ("image/svg+xml", False), ("", False), ("text/css", True)):
                hostile.headers = [("Content-Type", kind), ("Cache-Control", "max-age=999")]
                async with client._session.get(client.at("user/eve/page")) as answer:
                    assert answer.headers["Cache-Control"] == ("max-age=999" if is_kept else "no-store"), kind
            # somebody else logs in at the same browser
            form = {"username": "ada", "password": PASSWORD, "_xsrf": client.xsrf("hub/")["X-XSRFToken"]}
            assert (await client.post("hub/login?next=/hub/home", form))[0] == 200
            assert (await client.api("GET", "user"))[1]["name"] == "ada"
            async with asyncio.timeout(ENDED):
                while (await client._call("GET", "user/eve/api", None))[0] != 403:
                    await asyncio.sleep(0.5)

    play(story)


@pytest.mark.parametrize("spelt", ["o%27neil%20z%C3%B6e", "o'neil%20z%C3%B6e", "%6F'neil%20z%C3%B6e"])
def test_a_name_may_be_spelt_in_any_way(play: Any, spelt: str) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "o'neil zöe", PASSWORD) as client:
            await enter(client)
            assert await client.get(f"user/{spelt}/lab?a=1") == (200, BODY)
            assert hostile.requests[-1].query_string == "a=1"

    play(story, "o'neil zöe", 'users: {admin: [teacher], allowed: ["o\'neil zöe"]}')


def test_a_server_that_is_shared_opens_after_a_question_until_it_is_not(play: Any) -> None:
    async def story(_world: World, hostile: HostileServer) -> None:
        async with HubClient(URL, "eve", PASSWORD) as eve, HubClient(URL, "ada", PASSWORD) as ada:
            await enter(ada)
            await enter(eve)
            status, said = await eve.api("POST", "shares/eve/", {"user": "ada"})
            assert status == 200, said
            status, page = await ada.get("user/eve/lab")
            assert status == 200
            assert "Go on only if you trust eve" in words(page)
            assert not hostile.requests
            where = "hub/gate?user=eve&server=&next=/user/eve/lab"
            assert await ada.post(where, {"_xsrf": ada.xsrf("hub/")["X-XSRFToken"]}) == (200, BODY)
            async with ada._session.ws_connect(ada.at("user/eve/ws")) as socket:
                await eve.api("PATCH", "shares/eve/", {"user": "ada"})
                assert (await asyncio.wait_for(socket.receive(), ENDED)).type != WSMsgType.TEXT

    sharing = "{name: sharing, scopes: [shares!user, 'read:users:name'], users: [eve]}"
    play(story, settings=f"{SETTINGS}\njupyterhub: {{JupyterHub: {{load_roles: [{sharing}]}}}}")
