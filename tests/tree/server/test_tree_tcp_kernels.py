"""Kernels that speak TCP only: they run, and no port is open in which a classmate could read what they print."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from tests.support.kernel import open_kernel, run_code
from tests.support.own_server import BASE, OwnServer, install_kernel


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path_factory.mktemp("kernels"), LITTLEST_KERNEL_PATIENCE="2")
    install_kernel(server.shared, "ends", "tcp-ends")
    install_kernel(server.shared, "hangs", "tcp-hangs")
    install_kernel(server.shared, "fine")
    server.start()
    yield server
    server.stop()


def list_open_ports(name: str) -> list[str]:
    """The TCP sockets, of any state, of the processes with this word in their command."""
    inodes = set()
    for file in ("/proc/net/tcp", "/proc/net/tcp6"):
        inodes |= {f"socket:[{line.split()[9]}]" for line in Path(file).read_text().splitlines()[1:]}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
            if "small_kernel" in command and name in command.split("\0"):
                found += [str(one.readlink()) for one in (process / "fd").iterdir()]
        except OSError:
            continue
    assert found, "no such kernel runs"
    return [one for one in found if one in inodes]


@pytest.mark.parametrize("habit", ["ends", "hangs"])
def test_a_kernel_that_speaks_tcp_only_runs_and_opens_no_port(server: OwnServer, habit: str) -> None:
    async def play(session: ClientSession) -> tuple[str, list[str]]:
        async with open_kernel(session, BASE, {}, habit) as kernel:
            return await run_code(kernel, "6 * 7"), list_open_ports(f"tcp-{habit}")

    assert server.run(play) == ("42", [])


def test_it_is_remembered_how_a_kernel_starts(server: OwnServer) -> None:
    async def play(session: ClientSession) -> None:
        for _ in range(2):
            async with open_kernel(session, BASE, {}, "hangs") as kernel:
                await run_code(kernel, "1")

    server.run(play)
    assert server.log.read_text().count("waiting for a port") == 1


OWN_PORT = """
import socket, threading
own = socket.create_server(("127.0.0.1", 0))
other = socket.create_connection(own.getsockname())
taken, peer = own.accept()
taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
other.sendall(b"hello")
(taken.recv(5), peer == other.getsockname(), own.getsockname()[0])
"""


def test_other_ports_of_such_a_kernel_are_real(server: OwnServer) -> None:
    async def play(session: ClientSession) -> str:
        async with open_kernel(session, BASE, {}, "ends") as kernel:
            return await run_code(kernel, OWN_PORT)

    assert server.run(play) == "(b'hello', True, '127.0.0.1')"


async def control(session: ClientSession, what: str) -> None:
    async with session.get(BASE / "api/kernels") as answer:
        (kernel,) = await answer.json()
    async with session.post(BASE / f"api/kernels/{kernel['id']}/{what}") as answer:
        assert answer.status in {200, 204}, await answer.text()


@pytest.mark.parametrize("name", ["ends", "fine"])
def test_a_kernel_is_interrupted_and_restarted(server: OwnServer, name: str) -> None:
    async def play(session: ClientSession) -> tuple[str, str]:
        async with open_kernel(session, BASE, {}, name) as kernel:
            running = asyncio.create_task(run_until_error(kernel, "time.sleep(60)"))
            await asyncio.sleep(1)
            await control(session, "interrupt")
            error = await running
        async with open_kernel(session, BASE, {}, name) as kernel:
            await control(session, "restart")
            # what it publishes before the server is connected again is lost
            await asyncio.sleep(2)
            return error, await run_code(kernel, "6 * 7")

    assert server.run(play) == ("KeyboardInterrupt", "42")
    for _ in range(50):
        if not find_kernels(server):
            break
        time.sleep(0.2)
    assert find_kernels(server) == []


async def run_until_error(kernel: ClientWebSocketResponse, code: str) -> str:
    try:
        return await run_code(kernel, code)
    except AssertionError as error:
        return str(error).split("(")[0]


def find_kernels(server: OwnServer) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
        except OSError:
            continue
        if "small_kernel" in command and server.runtime in command:
            found.append(command)
    return found


def test_a_kernel_that_speaks_ipc_is_left_alone(server: OwnServer) -> None:
    own = Path("/proc/self/status").read_text().partition("Seccomp_filters:")[2].split()[0]

    async def play(session: ClientSession) -> str:
        async with open_kernel(session, BASE, {}, "fine") as kernel:
            return await run_code(
                kernel, "open('/proc/self/status').read().partition('Seccomp_filters:')[2].split()[0]"
            )

    assert server.run(play) == repr(own)


def test_where_linux_cannot_do_it_the_page_says_so(tmp_path: Path) -> None:
    server = OwnServer(tmp_path, LITTLEST_KERNEL_PATIENCE="2")
    install_kernel(server.shared, "hangs", "tcp-hangs")
    # a processor of whose calls we do not know the numbers
    server.start("setarch", "i686")
    try:

        async def play(session: ClientSession) -> str:
            async with open_kernel(session, BASE, {}, "hangs") as kernel:
                return await run_until_error(kernel, "6 * 7")

        assert "listens on TCP ports only" in server.run(play)
    finally:
        server.stop()
