"""When a server was last used: by a person or a computation, and not by a page that somebody left open."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from tests.support.kernel import make_execute_request, make_message, read_messages
from tests.support.own_server import BASE, OwnServer, install_kernel

QUIET_SECONDS = 3.0
"""Longer than the server of these tests takes to notice a computation."""
POLLED = ("contents?content=1", "sessions", "kernels", "terminals", "kernelspecs", "status", "me")
"""What JupyterLab asks its server again and again."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path_factory.mktemp("activity"))
    install_kernel(server.shared, "small")
    server.start()
    yield server
    server.stop()


async def read_age(session: ClientSession) -> float:
    """The seconds since the server was last used, as it tells the hub."""
    async with session.get(BASE / "api/status") as answer:
        last = datetime.fromisoformat((await answer.json())["last_activity"])
    return (datetime.now(UTC) - last).total_seconds()


async def is_in_use(session: ClientSession) -> bool:
    """Whether something counts for longer than what was before can explain."""
    end = time.monotonic() + 3 * QUIET_SECONDS
    while time.monotonic() < end:
        if await read_age(session) > QUIET_SECONDS:
            return False
        await asyncio.sleep(0.2)
    return True


@asynccontextmanager
async def open_page(session: ClientSession) -> AsyncIterator[tuple[str, ClientWebSocketResponse]]:
    """A kernel and a page that is connected to it; the kernel stays."""
    async with session.post(BASE / "api/kernels", json={"name": "small"}) as answer:
        assert answer.status == 201, await answer.text()
        kernel = (await answer.json())["id"]
    async with session.ws_connect(BASE / f"api/kernels/{kernel}/channels") as page:
        yield kernel, page


async def run_cell(page: ClientWebSocketResponse, code: str, until: str = "status") -> None:
    """Run code until the kernel says something of this kind about it; `status` is idle."""
    request = make_execute_request(code)
    await page.send_json(request)
    async for answered, reply in read_messages(page):
        is_it = answered == request["header"]["msg_id"] and reply["msg_type"] == until
        if is_it and (until != "status" or reply["content"]["execution_state"] == "idle"):
            return
    raise AssertionError("the page was closed")


async def end_kernel(session: ClientSession, kernel: str) -> None:
    async with session.delete(BASE / f"api/kernels/{kernel}") as answer:
        assert answer.status == 204


def test_a_page_that_nobody_touches_is_no_use(server: OwnServer) -> None:
    async def leave_open(session: ClientSession) -> bool:
        async with open_page(session) as (kernel, page):
            await run_cell(page, "6 * 7")
            asking = asyncio.create_task(is_in_use(session))
            while not asking.done():
                for path in POLLED:
                    async with session.get(f"{BASE}api/{path}") as answer:
                        assert answer.status == 200, path
                for kind in ("kernel_info_request", "comm_info_request", "history_request"):
                    await page.send_json(make_message(kind, {}))
                # a network that was gone for a moment
                async with session.ws_connect(BASE / f"api/kernels/{kernel}/channels") as other:
                    await other.send_json(make_message("kernel_info_request", {}))
                await asyncio.sleep(0.2)
            await end_kernel(session, kernel)
            return asking.result()

    assert not server.run(leave_open)


async def save(session: ClientSession) -> None:
    body = {"type": "file", "format": "text", "content": "x"}
    async with session.put(BASE / "api/contents/notes.txt", json=body) as answer:
        assert answer.status in {200, 201}


async def type_in_page(session: ClientSession) -> None:
    async with session.get(BASE / "littlest/presence") as answer:
        assert answer.status == 204


async def open_document(session: ClientSession) -> None:
    async with session.get(BASE / "files/notes.txt", headers={"Accept": "text/html,*/*"}) as answer:
        assert answer.status == 200


async def run_short_cell(session: ClientSession) -> None:
    async with open_page(session) as (kernel, page):
        await asyncio.sleep(QUIET_SECONDS)
        await run_cell(page, "6 * 7")
        await end_kernel(session, kernel)


@pytest.mark.parametrize("act", [save, type_in_page, open_document, run_short_cell])
def test_a_person_is_use(server: OwnServer, act: Callable[[ClientSession], Awaitable[None]]) -> None:
    async def play(session: ClientSession) -> float:
        await asyncio.sleep(QUIET_SECONDS)
        await act(session)
        return await read_age(session)

    assert server.run(play) < 1


@pytest.mark.parametrize(
    ("code", "closed", "counts"),
    [
        ("time.sleep(20)", "after", True),
        ("ask('Your name? ')", "before", False),
        ("ask('Your name? ')", "never", False),
        ("ask('Your name? ')", "after", False),
        # in the background of a kernel that is idle
        ("import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()", "after", True),
        ("import subprocess\nsubprocess.Popen(['sleep', '60']).pid", "after", False),
    ],
)
def test_a_computation_is_use_and_a_question_is_not(server: OwnServer, code: str, closed: str, counts: bool) -> None:
    async def play(session: ClientSession) -> bool:
        async with open_page(session) as (kernel, page):
            begun = f"time.sleep(1)\n{code}" if closed == "before" else code
            await run_cell(page, begun, "execute_input")
            if closed == "after":
                await asyncio.sleep(1)
            if closed == "never":
                in_use = await is_in_use(session)
        if closed != "never":
            in_use = await is_in_use(session)
        await end_kernel(session, kernel)
        return in_use

    assert server.run(play) is counts


def test_an_answered_question_leads_on_to_a_computation(server: OwnServer) -> None:
    async def play(session: ClientSession) -> tuple[bool, bool]:
        async with open_page(session) as (kernel, page):
            await run_cell(page, "ask()\ntime.sleep(20)", "input_request")
            asks = await is_in_use(session)
            await page.send_json({**make_message("input_reply", {"value": "Ada"}), "channel": "stdin"})
            goes_on = await is_in_use(session)
            await end_kernel(session, kernel)
            return asks, goes_on

    assert server.run(play) == (False, True)


COMMANDS = [
    ("sleep 30", True),
    ("python3 -c 'import time; time.sleep(30)'", True),
    ("sleep 30 | cat", True),
    ("sleep 30 | tail", True),
    ("tail -f notes.txt | grep line", False),
    ("(sleep 30)", True),
    ("while :; do :; done", True),
    ("(while :; do :; done) & disown", True),
    ("nohup sleep 30 >/dev/null & disown", False),
    ("", False),
    ("cat", False),
    ("read name", False),
    ("bash --norc", False),
    ("python3 -c 'input()'", False),
    ("python3 -q", False),
    ("tail -f notes.txt", False),
    ("top", False),
    ("watch ls", False),
    ("less notes.txt", False),
    ("vi notes.txt", False),
    ("nano notes.txt", False),
]


@pytest.mark.parametrize(("command", "counts"), COMMANDS)
def test_a_command_in_a_terminal_is_use_unless_it_waits_for_a_person(
    server: OwnServer, command: str, counts: bool
) -> None:
    program = command.lstrip("(").split(" ")[0]
    if program in {"top", "watch", "less", "vi", "nano"} and not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    (server.home / "notes.txt").write_text("line\n" * 200)

    async def play(session: ClientSession) -> bool:
        async with session.post(BASE / "api/terminals") as answer:
            name = (await answer.json())["name"]
        address = BASE / f"terminals/websocket/{name}"
        async with session.ws_connect(address) as terminal:
            await terminal.send_str(json.dumps(["set_size", 24, 80, 0, 0]))
            await asyncio.sleep(0.5)
            await terminal.send_str(json.dumps(["stdin", f"export TERM=xterm; {command}\r"]))
            await asyncio.sleep(0.5)
        in_use = await is_in_use(session)
        async with session.delete(BASE / f"api/terminals/{name}") as answer:
            assert answer.status == 204
        return in_use

    try:
        assert server.run(play) is counts
    finally:
        end_what_runs(server.home)


def end_what_runs(home: Path) -> None:
    """End the programs that a terminal left in the background."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = (process / "cwd").readlink() == home and b"littlest" not in (process / "cmdline").read_bytes()
        except OSError:
            continue
        if is_ours:
            os.kill(int(process.name), signal.SIGKILL)


def test_only_sizes_and_questions_of_a_terminals_page_are_no_use(server: OwnServer) -> None:
    async def play(session: ClientSession) -> tuple[float, float]:
        async with session.post(BASE / "api/terminals") as answer:
            name = (await answer.json())["name"]
        async with session.ws_connect(BASE / f"terminals/websocket/{name}") as terminal:
            await asyncio.sleep(QUIET_SECONDS)
            await terminal.send_str(json.dumps(["set_size", 24, 80, 0, 0]))
            await asyncio.sleep(0.5)
            resized = await read_age(session)
            await terminal.send_str(json.dumps(["stdin", "x"]))
            await asyncio.sleep(0.5)
            return resized, await read_age(session)

    resized, typed = server.run(play)
    assert typed < 1 < QUIET_SECONDS <= resized
