"""What the running hub survives: each test shows the fault that a rule of its design prevents."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.support.load import arrive_together, open_streams, run_streams
from tests.support.server import Server

RATE = 20.0
"""Requests a second on each path."""
CLASS = [f"pupil-{number:02}" for number in range(20)]


@pytest.fixture(autouse=True)
def quiet(server: Server) -> Iterator[None]:
    """Every test begins and ends without user servers."""
    yield
    server.wait_until_ready()
    server.stop_servers()


def test_twenty_users_who_start_at_once_are_told_their_place_in_line_and_get_a_server(server: Server) -> None:
    server.add_users(CLASS)

    async def begin_lesson() -> list[str]:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(server.client(user)) for user in CLASS]
            for client in clients:
                await client.login()
            arrivals = await arrive_together(clients)
        assert not any(arrival.refused_for_load for arrival in arrivals)
        assert any("in line" in arrival.told.lower() for arrival in arrivals)
        return [f"{arrival.user}: {arrival.problem}" for arrival in arrivals if arrival.problem]

    assert server.run(begin_lesson(), 350) == []
    assert len(server.list_server_units()) == len(CLASS)


@pytest.mark.parametrize("action", ["restart jupyterhub.service", "kill --signal=KILL jupyterhub.service"])
def test_no_request_fails_while_the_hub_restarts(server: Server, action: str) -> None:
    """The socket keeps requests waiting. A hub that is killed loses only what it was answering at that moment."""
    server.add_users(["reader"])

    async def read_on() -> dict[str, dict[str, int]]:
        async with server.client("reader") as client:
            await client.login()
            await client.start_server()
            await client.open_lab()
            async with open_streams(client, 300) as streams:
                running = asyncio.create_task(run_streams(streams, RATE, 12))
                await asyncio.sleep(3)
                await asyncio.to_thread(server.machine.run, f"systemctl {action}")
                outcomes = await running
        return {name: dict(outcome.problems) for name, outcome in outcomes.items() if outcome.failed}

    failed = server.run(read_on())
    if action.startswith("restart"):
        assert failed == {}
    else:
        assert sum(sum(problems.values()) for problems in failed.values()) <= RATE, failed
    server.wait_until_ready(30)
    assert server.list_server_units() == ["jupyter-reader.service"]
    assert server.use("reader") == "42"


def test_the_proxy_has_its_routes_right_after_a_restart(server: Server) -> None:
    server.add_users(["routed"])

    async def go_on() -> float:
        async with server.client("routed") as client:
            await client.login()
            await client.start_server()
            await client.open_lab()
            await asyncio.to_thread(server.machine.run, "systemctl restart jupyterhub-proxy.service")
            start = time.monotonic()
            while time.monotonic() - start < 30:
                try:
                    status, _text = await client.get(f"{client.server_path}api/status", allow_redirects=False)
                except OSError:
                    status = 0
                if status == 200:
                    return time.monotonic() - start
                await asyncio.sleep(0.05)
            raise AssertionError(f"no route to the server after 30 s: HTTP {status}")

    assert server.run(go_on()) < 5
    assert server.list_server_units() == ["jupyter-routed.service"]


def test_servers_survive_when_systemd_executes_itself_again(server: Server) -> None:
    users = ["steady-a", "steady-b", "steady-c"]
    server.add_users(users)
    for user in users:
        server.use(user)
    before = {unit: server.unit_property(unit, "InvocationID") for unit in server.list_server_units()}
    assert len(before) == 3

    async def poll_while_it_happens() -> None:
        async with server.admin() as admin:
            await admin.login()
            for _turn in range(5):
                reexec = asyncio.create_task(asyncio.to_thread(server.machine.run, "systemctl daemon-reexec"))
                # asked to start a server that runs, the hub looks at its unit; reading about the user, it does not
                while not reexec.done():
                    for user in users:
                        await admin.api("POST", f"users/{user}/server")
                await reexec

    server.run(poll_while_it_happens())
    after = {unit: server.unit_property(unit, "InvocationID") for unit in server.list_server_units()}
    assert after == before
    for user in users:
        assert server.use(user) == "42"


def test_a_server_that_died_by_itself_is_noticed_and_starts_again(server: Server) -> None:
    server.add_users(["unlucky"])
    server.use("unlucky")
    server.machine.run("systemctl kill --signal=KILL jupyter-unlucky.service")
    server.run(wait_until_stopped(server, "unlucky"), 120)
    assert server.use("unlucky") == "42"


async def wait_until_stopped(server: Server, user: str) -> None:
    async with server.admin() as admin:
        await admin.login()
        while (await admin.api("GET", f"users/{user}"))[1].get("servers"):
            await asyncio.sleep(0.5)


def test_while_the_hub_is_down_people_see_a_friendly_page(server: Server) -> None:
    server.machine.run("systemctl stop jupyterhub.socket jupyterhub.service")
    try:
        status, page = server.run(look(server))
    finally:
        server.machine.run("systemctl start jupyterhub.socket jupyterhub.service")
    assert status == 503
    assert "<html" in page.lower()
    assert "moment" in page.lower() or "try again" in page.lower() or "soon" in page.lower()


async def look(server: Server) -> tuple[int, str]:
    async with server.client("anybody") as client:
        return await client.get("hub/login")


def test_a_stale_socket_of_the_proxy_does_not_keep_it_from_starting(server: Server) -> None:
    server.machine.run("systemctl kill --signal=KILL jupyterhub-proxy.service")
    server.wait_until_ready(30)
    server.add_users(["after-kill"])
    assert server.use("after-kill") == "42"


def test_idle_servers_are_stopped_by_the_culler(own_server: Server) -> None:
    """With all that the unit says but its patience: ten minutes, the least that can be set, is long to wait."""
    unit = "jupyterhub-idle-culler.service"
    command = re.findall(r"(?ms)^ExecStart=(.*?[^\\])$", own_server.machine.run(f"systemctl cat {unit}").stdout)[-1]
    hasty = re.sub(r"--cull-every=\d+", "--cull-every=2", re.sub(r"--timeout=\d+", "--timeout=5", command))
    assert hasty != command
    own_server.add_users(["idle"])
    own_server.use("idle")
    drop_in = f"[Service]\nExecStart=\nExecStart={hasty}\n"
    own_server.machine.write(f"/run/systemd/system/{unit}.d/hasty.conf", drop_in)
    own_server.machine.run(f"systemctl daemon-reload && systemctl restart {unit}")
    own_server.run(wait_until_stopped(own_server, "idle"), 90)
    assert own_server.list_server_units() == []
    assert "idle" in own_server.machine.journal("-u", unit)
