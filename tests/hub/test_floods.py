"""Strangers who hold thousands of bad connections open: a class logs in all the same, and the hub stays small."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from littlest import paths
from tests.hub.running_hub import PASSWORD, URL
from tests.hub.world import REPOSITORY, World, wait_until
from tests.support.hub_client import HubClient, Refused

CLASS = [f"student-{number}" for number in range(20)]
CONFIG = f"users: {{allowed: [{', '.join(CLASS)}]}}"
MOST_MEMORY = 300 * 10**6


def flood(world: World, kind: str, count: int, port: int = 80) -> None:
    """Hold this many bad connections open from now on."""
    name = f"flood-{kind}-{port}"
    world.start(
        name,
        f"ulimit -n 100000; cd {REPOSITORY}; exec {sys.executable} -m tests.support.flood {port} {kind} {count}",
    )
    wait_until(lambda: "ready" in world.read_log(name), 60)


def read_memory(process: Any) -> int:
    """Bytes that this process has had in memory at most."""
    (line,) = (one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


async def log_in(name: str) -> tuple[str, float]:
    began = time.monotonic()
    try:
        async with HubClient(URL, name, PASSWORD) as student:
            await student.login()
            return "", time.monotonic() - began
    except (Refused, OSError) as refused:
        return str(refused), time.monotonic() - began


async def log_in_together() -> list[tuple[str, float]]:
    return list(await asyncio.gather(*map(log_in, CLASS)))


def test_a_class_logs_in_while_strangers_send_slowly_and_much(world: World, start: Any) -> None:
    hub = start(CONFIG)
    flood(world, "slow", 1000)
    flood(world, "headers", 500)
    flood(world, "idle", 500)
    flood(world, "large", 200)
    answers = world.network.run(log_in_together(), 120)
    assert [problem for problem, _ in answers if problem] == []
    assert max(seconds for _, seconds in answers) < 60
    assert read_memory(hub) < MOST_MEMORY, read_memory(hub)


def test_the_same_from_a_program_on_this_machine(world: World, start: Any) -> None:
    hub = start(CONFIG)
    flood(world, "slow", 1500, paths.HUB_PORT)
    flood(world, "idle", 1000, paths.HUB_PORT)
    flood(world, "large", 50, paths.HUB_PORT)
    answers = world.network.run(log_in_together(), 120)
    assert [problem for problem, _ in answers if problem] == []
    assert read_memory(hub) < MOST_MEMORY, read_memory(hub)


@pytest.mark.parametrize(("path", "size", "status"), [("hub/login", 70_000, 413), ("hub/api/users", 2**20 + 1, 413)])
def test_a_body_that_is_too_large_is_refused_with_a_sentence(
    world: World, start: Any, path: str, size: int, status: int
) -> None:
    start(CONFIG)

    async def send() -> tuple[int, str]:
        async with HubClient(URL, "x") as client, client._session.post(client.at(path), data="x" * size) as answer:
            return answer.status, await answer.text()

    found, said = world.network.run(send())
    assert (found, "at most" in said) == (status, True)
