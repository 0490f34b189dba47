"""The proxy with our storage backend and error pages."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path

import pytest
from aiohttp import ClientSession

from littlest import paths
from tests.hub.world import PROXY_FILES, World, wait_until

ROUTES_FILE = paths.PROXY_STATE_DIR / "routes.json"
FAST_CLOCK = "const now = Date.now, start = now(); Date.now = () => start + 10 * (now() - start);\n"
"""For the probe, which waits 20 seconds, or 100 for a proxy that lives: ten of its seconds are one of ours."""


def get(world: World, path: str) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        async with ClientSession() as session, session.get(f"http://127.0.0.1{path}") as answer:
            return answer.status, await answer.text()

    return world.network.run(ask())


def test_routes_are_there_right_after_a_restart(world: World) -> None:
    # by default they are lost until the hub looks again, up to 300 s later
    proxy = world.start_proxy()
    assert world.ask_proxy("POST", "/user/ada", {"target": "http://127.0.0.1:9", "jupyterhub": True}) == 201
    assert world.ask_proxy("POST", "/user/bob", {"target": "http://127.0.0.1:9", "jupyterhub": True}) == 201
    assert world.ask_proxy("DELETE", "/user/bob") == 204
    world.stop(proxy)
    world.start_proxy()
    routes = world.ask_proxy("GET", "")
    assert sorted(routes) == ["/", "/user/ada"]
    assert routes["/user/ada"]["jupyterhub"] is True
    # the hub reads it, and the culler trusts it
    assert routes["/user/ada"]["last_activity"]


def test_routes_survive_a_kill(world: World) -> None:
    proxy = world.start_proxy()
    world.ask_proxy("POST", "/user/ada", {"target": "http://127.0.0.1:9"})
    proxy.kill()
    proxy.wait()
    world.start_proxy()
    assert "/user/ada" in world.ask_proxy("GET", "")


def test_a_file_of_routes_that_is_not_one_does_not_stop_the_proxy(world: World) -> None:
    world.path(ROUTES_FILE).write_text('{"/user/ada": {"targ')
    world.start_proxy()
    assert list(world.ask_proxy("GET", "")) == ["/"]
    assert "routes.json is not usable" in world.read_log("proxy")
    assert list(json.loads(world.path(ROUTES_FILE).read_text())) == ["/"]


def test_requests_go_to_the_route_with_the_most_in_common(world: World) -> None:
    world.start_proxy()
    for prefix in ("/user/ada", "/user/ada/deep"):
        world.ask_proxy("POST", prefix, {"target": f"http+unix://{prefix.replace('/', '%2F')}.sock"})
    for path, name in {
        "/user/ada": "/user/ada.sock",
        "/user/ada/lab": "/user/ada.sock",
        "/user/ada/deep/x": "/user/ada/deep.sock",
        "/user/ada/deeper": "/user/ada.sock",
    }.items():
        assert get(world, path)[0] == 503
        wait_until(
            lambda wanted=f"GET {path} Error: ENOENT: no such file or directory, open '{name}'": (
                wanted in world.read_log("proxy")
            )
        )


def test_the_connection_to_a_users_server_stays_open(world: World) -> None:
    # one that is closed after each answer may be closed before the request is written: 503 for what was saved
    file = world.path("/run/ada.sock")
    connections: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(b"")
        while head := await reader.readuntil(b"\r\n\r\n"):
            connections[-1] += head.lower()
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()

    async def save_twice() -> list[int]:
        async with await asyncio.start_unix_server(answer, file), ClientSession() as session:
            found = []
            for _ in range(2):
                async with session.put("http://127.0.0.1/user/ada/note") as response:
                    found.append(response.status)
            return found

    world.start_proxy()
    world.ask_proxy("POST", "/user/ada", {"target": "http+unix://%2Frun%2Fada.sock"})
    assert world.network.run(save_twice()) == [204, 204]
    assert len(connections) == 1
    assert b"connection: close" not in connections[0]


def test_an_idle_connection_is_kept_for_longer_than_other_web_servers_keep_theirs(world: World) -> None:
    # a request on one that is just being closed is lost; nginx gives one up after 60 s
    async def ask() -> str | None:
        async with ClientSession() as session, session.get("http://127.0.0.1/_chp_healthz") as answer:
            return answer.headers.get("Keep-Alive")

    world.start_proxy()
    assert world.network.run(ask()) == "timeout=75"


def test_while_the_hub_is_gone_people_see_a_page_that_tries_again_by_itself(world: World) -> None:
    world.start_proxy()
    # nobody listens there
    world.ask_proxy("POST", "/", {"target": "http://127.0.0.1:9"})
    status, page = get(world, "/hub/login")
    assert status == 503
    assert '<meta http-equiv="refresh"' in page
    # nothing on it comes from elsewhere
    assert "http://" not in page
    assert "https://" not in page
    assert "src=" not in page


def test_a_proxy_that_cannot_listen_ends(world: World) -> None:
    # it would log that and live on, deaf, and systemd would call it active
    taken = world.network.call(lambda: socket.create_server(("::", 8124), family=socket.AF_INET6))
    deaf = world.start(
        "deaf",
        f"export CONFIGPROXY_AUTH_TOKEN=x STATE_DIRECTORY={paths.PROXY_STATE_DIR}; "
        f"exec {world.node} {world.proxy_program} --port 8124 --api-socket /run/littlest-proxy/deaf.sock "
        f"--storage-backend {PROXY_FILES}/routes.cjs",
    )
    assert deaf.wait(20) == 1
    assert "cannot listen on" in world.read_log("deaf")
    taken.close()


@pytest.fixture
def _fast_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clock.cjs").write_text(FAST_CLOCK)
    monkeypatch.setenv("NODE_OPTIONS", f"--require {tmp_path}/clock.cjs")


@pytest.mark.usefixtures("_fast_clock")
def test_the_probe_waits_for_a_slow_proxy_and_not_for_one_that_has_ended(world: World) -> None:
    proxy = world.start("slow", "exec sleep 6")
    probe = f"exec {world.node} {PROXY_FILES}/probe.cjs /none 127.0.0.1 1"
    waiting = world.start("wait", f"export MAINPID={proxy.pid}; {probe}")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(5)
    # systemd reaps it at once, too
    assert proxy.wait(20) == 0
    assert waiting.wait(5) == 1
    assert "the proxy has ended" in world.read_log("wait")
    assert world.probe(proxy=proxy) == 1
    assert "the proxy has ended" in world.read_log("probe")


@pytest.mark.usefixtures("_fast_clock")
def test_the_probe_is_not_content_with_a_port_that_systemd_holds(world: World) -> None:
    proxy = world.start_proxy()
    world.stop(proxy)
    # the kernel takes connections, and no proxy answers
    assert world.probe() == 1
    assert "did not come up" in world.read_log("probe")


def test_the_port_is_not_free_while_the_proxy_restarts_and_who_comes_meanwhile_is_served(world: World) -> None:
    # a user of the machine could listen there, and would get everybody's passwords
    proxy = world.start_proxy(8123)
    world.stop(proxy)
    with pytest.raises(OSError, match="in use"):
        world.network.call(lambda: socket.create_server(("127.0.0.1", 8123)))
    waiting = world.network.call(lambda: socket.create_connection(("127.0.0.1", 8123)))
    with waiting:
        waiting.sendall(b"GET /_chp_healthz HTTP/1.0\r\n\r\n")
        world.start_proxy(8123)
        waiting.settimeout(10)
        assert waiting.recv(100).startswith(b"HTTP/1.1 200")


def test_a_proxy_without_the_sockets_of_systemd_ends(world: World) -> None:
    said = world.start(
        "alone",
        f"export CONFIGPROXY_AUTH_TOKEN=x STATE_DIRECTORY={paths.PROXY_STATE_DIR} LITTLEST_PORTS='8123 8124'; "
        f"exec {world.read_proxy_command('ExecStart', 8123)}",
    )
    assert said.wait(20) == 1
    assert "systemd holds 0 of the ports 8123, 8124" in world.read_log("alone")
