"""The running hub: how soon it is ready, how soon a person sees JupyterLab, what it costs at rest."""

import asyncio
import time

from aiohttp import ClientSession

from benchmarks.figures import Figure
from benchmarks.stage import Server, Stage, wait_for_hub
from tests.support.load import arrive

SHOW_REPEATS = 10


def measure_hub_start(stage: Stage) -> list[Figure]:
    """from `systemctl restart`, and from `start` of a stopped hub, until it answers through the proxy"""
    server = stage.server

    async def restart() -> float:
        started = time.monotonic()
        # returns when the old process has ended, so that the answer cannot be the old one's
        await server.systemctl("restart", "jupyterhub.service")
        await wait_for_hub(server.url)
        return time.monotonic() - started

    async def start() -> float:
        await server.systemctl("stop", "jupyterhub.service")
        started = time.monotonic()
        await server.systemctl("start", "--no-block", "jupyterhub.service")
        await wait_for_hub(server.url)
        return time.monotonic() - started

    restarts = stage.repeat("hub restart", lambda: server.run(restart()))
    starts = stage.repeat("hub start", lambda: server.run(start()))
    return [
        Figure("hub ready after start", "s", tuple(starts), goal=5),
        Figure("hub ready after restart", "s", tuple(restarts), note="with the stop of the old process"),
    ]


def measure_server_start(stage: Stage) -> list[Figure]:
    """from the click on start to JupyterLab's page: the first server after a boot, and one of a user who was there"""
    server = stage.server

    async def start_and_stop(name: str) -> float:
        async with server.client(name) as client:
            await client.login()
            arrival = await arrive(client)
            assert not arrival.problem, arrival.problem
            await client.stop_server()
            return arrival.seconds

    def start_after_boot() -> float:
        server.reboot()
        name = server.add_students(1)[0]
        stage.calm.wait("first server start")
        return server.run(start_and_stop(name))

    first = stage.repeat("first server start", start_after_boot)
    name = server.add_students(1)[0]
    server.run(start_and_stop(name))
    warm = stage.repeat("warm server start", lambda: server.run(start_and_stop(name)))
    return [
        Figure(
            "first server start, click to Lab",
            "s",
            tuple(first),
            note="a new user, right after the machine booted; the host's page cache stays warm",
        ),
        Figure("warm server start, click to Lab", "s", tuple(warm), goal=2.5),
    ]


def measure_memory(stage: Stage) -> list[Figure]:
    """resident memory of hub and proxy at idle, half a minute after their start, nobody's server running"""
    server = stage.server

    async def settle() -> None:
        await server.systemctl("restart", "jupyterhub-proxy.service", "jupyterhub.service")
        await wait_for_hub(server.url)
        async with ClientSession() as session, session.get(f"{server.url}hub/login") as page:
            assert page.status == 200, page.status
        await asyncio.sleep(30)

    def read() -> dict[str, float]:
        server.run(settle())
        return {
            f"{unit} {kind}": read_memory(server, f"jupyterhub{suffix}.service", kind)
            for unit, suffix in (("hub", ""), ("proxy", "-proxy"))
            for kind in ("Rss", "Pss")
        }

    runs = stage.repeat("memory at idle", read)
    both = [tuple(run[f"hub {kind}"] + run[f"proxy {kind}"] for run in runs) for kind in ("Rss", "Pss")]
    return [
        Figure("hub and proxy at idle, resident", "MB", both[0], goal=220),
        Figure("hub and proxy at idle, shared pages divided (PSS)", "MB", both[1]),
        Figure("hub at idle, resident", "MB", tuple(run["hub Rss"] for run in runs)),
        Figure("proxy at idle, resident", "MB", tuple(run["proxy Rss"] for run in runs)),
    ]


def read_memory(server: Server, unit: str, kind: str) -> float:
    """The memory of all processes of a unit, in millions of bytes; `kind` is a line of smaps_rollup, proc(5)."""
    command = f"grep -l '/{unit}$' /proc/[0-9]*/cgroup | while read f; do cat ${{f%cgroup}}smaps_rollup; done"
    rows = [line.split() for line in server.machine.run(command).stdout.splitlines() if line.startswith(f"{kind}:")]
    assert rows, f"no process of {unit}"
    return sum(int(row[1]) for row in rows) * 1024 / 1e6


def measure_config_show(stage: Stage) -> list[Figure]:
    """the wall time of `littlest config show`"""
    machine = stage.server.machine

    def show() -> float:
        started = time.monotonic()
        machine.run(["littlest", "config", "show"])
        return time.monotonic() - started

    show()
    times = [
        seconds
        for run in stage.repeat("config show", lambda: [show() for _ in range(SHOW_REPEATS)])
        for seconds in run
    ]
    return [Figure("littlest config show", "s", tuple(times), goal=0.15, note="with nsenter(1) into the machine")]
