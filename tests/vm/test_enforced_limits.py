"""The kernel holds the limits: who takes more than allowed is stopped, and the hub and everybody else go on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.support.hub_client import HubClient
from tests.support.server import PASSWORD, Server

MIB = 2**20
ADA, GRACE = STUDENTS = ("ada", "grace")
HUB = ("jupyterhub.service", "jupyterhub-proxy.service")
USERS_SLICE = "jupyterhub-users.slice"
SETTINGS = """
users: {admin: [admin]}
limits: {memory: 600M, total_memory: 800M, users: {ada: {processes: 100}}}
"""
# on this machine of 2G, two students may then have more than all together
CHANGE = "limits.memory 400M limits.users.grace.cpu 0.5 limits.reserve 70% --unset limits.total_memory"
# writes down how many MiB it holds, as long as it may
GROW = """
import pathlib
held, note = [], pathlib.Path("held")
while True:
    held.append(b"x" * 2**22)
    note.write_text(str(4 * len(held)))
"""
FOLDER = "/srv/lesson"
GO = f"{FOLDER}/go"
"""The programs go on as long as this file is there."""
PROGRAMS = {
    "busy": f"#!/bin/sh\n(while [ -e {GO} ]; do :; done) &\nwhile [ -e {GO} ]; do :; done\n",
    # takes all that there is until it is killed, again and again
    "greedy": f"#!/bin/sh\nwhile [ -e {GO} ]; do python3 {FOLDER}/take; done\n",
    "take": "held = []\nwhile True: held.append(bytes([1]) * 2**22)\n",
    "bomb": "#!/usr/bin/env python3\nimport os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n",
}
PATIENCE = 400.0
"""Seconds for what takes a tenth of them on another machine."""
SECONDS_OF_PRESSURE = 20.0
PAGE_SECONDS = 10.0
"""How long the login page may take while others use everything. (This machine is ten times slower than others.)."""


@pytest.fixture(scope="module")
def lesson(server: Server) -> Server:
    """Students whose servers run."""
    server.add_users(STUDENTS)
    server.machine.run("cat >/etc/littlest/config.yaml", stdin=SETTINGS)
    server.machine.run("littlest apply", timeout=PATIENCE)
    for name, program in PROGRAMS.items():
        server.machine.write(f"{FOLDER}/{name}", program, 0o755)
    for user in STUDENTS:
        server.run(open_server(server, user), PATIENCE)
    return server


@pytest.fixture(scope="module")
def changed(lesson: Server) -> Server:
    """The same with other limits, applied while the servers run: once for all, because it takes its time."""
    before = read_processes(lesson, *HUB, *map(unit_of, STUDENTS))
    lesson.machine.run(f"littlest config set {CHANGE} --apply", timeout=PATIENCE)
    assert read_processes(lesson, *before) == before
    return lesson


def make_client(server: Server, user: str) -> HubClient:
    return HubClient(server.url, user, PASSWORD, seconds=PATIENCE)


async def open_server(server: Server, user: str) -> None:
    async with make_client(server, user) as client:
        await client.login()
        await client.start_server()
        await client.open_lab()


# ---- what the tests look at ---------------------------------------------------------------------------------------


def unit_of(user: str) -> str:
    return f"jupyter-{user}.service"


def read_processes(server: Server, *units: str) -> dict[str, str]:
    return {unit: server.unit_property(unit, "MainPID") for unit in units}


def read_group(server: Server, unit: str, file: str) -> dict[str, int]:
    """Read a file of a unit's control group; a single number is called `value`."""
    group = server.unit_property(unit, "ControlGroup")
    lines = [line.split() for line in server.machine.read(f"/sys/fs/cgroup{group}/{file}").splitlines()]
    return {words[0] if words[1:] else "value": int(words[-1]) for words in lines}


def count_killed(server: Server, unit: str) -> int:
    return read_group(server, unit, "memory.events")["oom_kill"]


@contextmanager
def running(server: Server, program: str, *users: str) -> Iterator[None]:
    """Have users run a program, all at the same time."""
    server.machine.write(GO, "")
    try:
        for user in users:
            server.run(start_program(server, user, program), PATIENCE)
        yield
    finally:
        server.machine.run(["rm", GO])


async def start_program(server: Server, user: str, program: str) -> None:
    """Start a program in a terminal; it goes on when the terminal is closed."""
    async with make_client(server, user) as client:
        await client.login()
        await client.open_lab()
        await client.run_in_terminal(f"setsid -f {FOLDER}/{program} >/dev/null 2>&1 </dev/null", PATIENCE)


async def watch_login_page(server: Server, seconds: float) -> None:
    """Ask for the login page all the time; raises AssertionError when it is not there soon enough."""
    async with make_client(server, ADA) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            async with asyncio.timeout(PAGE_SECONDS):
                status, page = await client.get("hub/login")
            assert status == 200
            assert "password" in page
            await asyncio.sleep(0.2)
        # a password is looked up and checked, and a session written
        await client.login()


# ---- one student -------------------------------------------------------------------------------------------------


def test_kernel_over_its_memory_limit_is_killed_alone(lesson: Server) -> None:
    before = read_processes(lesson, *HUB, *map(unit_of, STUDENTS))
    assert 300 < lesson.run(grow_until_killed(lesson, ADA), PATIENCE) < 600
    assert read_group(lesson, unit_of(ADA), "memory.peak")["value"] <= 600 * MIB
    # not even the servers were ended, nor was anything of others
    assert read_processes(lesson, *before) == before
    assert count_killed(lesson, unit_of(GRACE)) == count_killed(lesson, "littlest.slice") == 0
    assert lesson.run(compute(lesson, GRACE), PATIENCE) == "42"


async def compute(server: Server, user: str) -> str:
    async with make_client(server, user) as client:
        await client.login()
        await client.open_lab()
        return await client.execute("6*7", seconds=PATIENCE)


async def grow_until_killed(server: Server, user: str) -> int:
    """Have a kernel take memory until it is killed; gives the MiB that it had."""
    unit = unit_of(user)
    before = count_killed(server, unit)
    async with make_client(server, user) as client:
        await client.login()
        await client.open_lab()
        growing = asyncio.create_task(client.execute(GROW, seconds=PATIENCE))
        while await asyncio.to_thread(count_killed, server, unit) == before:
            assert not growing.done(), growing
            await asyncio.sleep(1)
        growing.cancel()
        with suppress(asyncio.CancelledError):
            await growing
    main = server.unit_property(unit, "MainPID")
    return int(server.machine.read(f"/proc/{main}/cwd/held"))


def use_everything(server: Server, limit: int) -> None:
    """Have all students take what they get, again and again, while people come to the hub."""
    before = read_processes(server, *HUB, *map(unit_of, STUDENTS))
    assert read_group(server, USERS_SLICE, "memory.max")["value"] == limit
    reached = count_limit_reached(server)
    with running(server, "greedy", *STUDENTS):
        server.run(watch_login_page(server, SECONDS_OF_PRESSURE))
        assert read_group(server, USERS_SLICE, "memory.current")["value"] <= limit
    # it was their limit that they ran into, not the end of the machine's memory
    assert count_limit_reached(server) > reached
    assert count_killed(server, "littlest.slice") == 0
    assert read_processes(server, *before) == before


def count_limit_reached(server: Server) -> int:
    """Count how often all together needed more than they may have, and some program was ended."""
    return read_group(server, USERS_SLICE, "memory.events.local")["oom"]


def test_students_who_together_use_all_of_total_memory_leave_the_hub_alive(lesson: Server) -> None:
    use_everything(lesson, 800 * MIB)


# ---- limits that were changed while servers ran --------------------------------------------------------------------


def test_a_running_server_is_held_to_its_new_limit_of_memory(changed: Server) -> None:
    assert read_group(changed, unit_of(ADA), "memory.max")["value"] == 400 * MIB
    assert 100 < changed.run(grow_until_killed(changed, ADA), PATIENCE) < 400
    # and admins are told, from what systemd and the kernel wrote down
    told = {use["name"]: use["out_of_memory"] for use in changed.littlest("status", check=False)["usage"]}
    assert told[ADA], told


def test_a_quota_of_processor_time_holds(changed: Server) -> None:
    with running(changed, "busy", GRACE, ADA):
        used = measure_processor_time(changed, GRACE, ADA)
    assert 0.35 < used[GRACE] < 0.65
    # nothing else had kept it from taking more
    assert used[ADA] > 0.8


def measure_processor_time(server: Server, *users: str, seconds: int = 8) -> dict[str, float]:
    """Measure how many processors each user's server keeps busy, by the machine's own clock."""
    groups = [f"/sys/fs/cgroup{server.unit_property(unit_of(user), 'ControlGroup')}/cpu.stat" for user in users]
    look = f"cut -d' ' -f1 /proc/uptime; sed -n 's/^usage_usec //p' {' '.join(groups)}"
    printed = server.machine.run(f"{look}; sleep {seconds}; {look}").stdout.split()
    first, then = (list(map(float, numbers)) for numbers in (printed[: len(users) + 1], printed[len(users) + 1 :]))
    took = then[0] - first[0]
    return {user: (then[at] - first[at]) / 1e6 / took for at, user in enumerate(users, 1)}


def test_students_who_together_use_all_but_the_reserve_leave_the_hub_alive(changed: Server) -> None:
    limit = int(changed.unit_property(USERS_SLICE, "MemoryMax"))
    total = int(changed.machine.read("/proc/meminfo").split("MemTotal:")[1].split()[0]) * 1024
    assert abs(limit - total * 0.3) < MIB
    use_everything(changed, limit)


def test_a_fork_bomb_stays_within_its_limit_and_ends_with_its_server(lesson: Server) -> None:
    before = read_processes(lesson, *HUB, unit_of(GRACE))
    with running(lesson, "bomb", ADA):
        lesson.run(watch_login_page(lesson, SECONDS_OF_PRESSURE))
        assert read_group(lesson, unit_of(ADA), "pids.events")["max"] > 0
        assert 90 <= read_group(lesson, unit_of(ADA), "pids.current")["value"] <= 100
    assert read_processes(lesson, *before) == before
    lesson.run(stop(lesson, ADA))
    assert unit_of(ADA) not in lesson.list_server_units()
    assert lesson.machine.run("pgrep -c bomb", check=False).stdout.strip() == "0"


async def stop(server: Server, user: str) -> None:
    async with make_client(server, user) as client:
        await client.login()
        await client.stop_server()
