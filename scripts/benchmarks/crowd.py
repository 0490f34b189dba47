"""A class: twenty people who start at the same moment, and people at work while the hub or the proxy restarts."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks.figures import Figure
from benchmarks.stage import Stage, wait_for_hub
from tests.support.hub_client import HubClient
from tests.support.load import Arrival, Outcome, arrive_together, make_tokens, open_streams, run_streams

CLASS = 20
RATE = 20.0
"""Requests a second on each path."""
SECONDS = 15.0
ACTION_AFTER = 3.0


def measure_class_start(stage: Stage) -> list[Figure]:
    """20 new users who start their servers at the same moment"""
    server = stage.server

    async def start(names: list[str]) -> list[Arrival]:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(server.client(name)) for name in names]
            for client in clients:
                await client.login()
            arrivals = await arrive_together(clients)
            await asyncio.gather(*(client.stop_server() for client in clients))
        return arrivals

    runs = stage.repeat("20 users at once", lambda: server.run(start(server.add_students(CLASS)), 600.0))
    problems = sorted({arrival.problem for run in runs for arrival in run if arrival.problem})
    times = [sorted(arrival.seconds for arrival in run) for run in runs]
    return [
        Figure(
            "20 users at once: failed",
            "",
            tuple(sum(bool(arrival.problem) for arrival in run) for run in runs),
            goal=0,
            worst_counts=True,
            note="; ".join(problems[:3]),
        ),
        Figure(
            "20 users at once: answers 429",
            "",
            tuple(sum(arrival.refused_for_load for arrival in run) for run in runs),
            goal=0,
            worst_counts=True,
        ),
        Figure("20 users at once: first in Lab", "s", tuple(run[0] for run in times)),
        Figure("20 users at once: median in Lab", "s", tuple(statistics.median(run) for run in times)),
        Figure("20 users at once: last in Lab", "s", tuple(run[-1] for run in times), goal=30),
    ]


def measure_hub_restart(stage: Stage) -> list[Figure]:
    """20 requests a second on each path while the hub restarts"""
    server = stage.server
    name = server.add_students(1)[0]

    async def restart_under_load() -> dict[str, Outcome]:
        async with server.client(name) as client:
            await client.login()
            await client.start_server()
            async with open_streams(client, round(RATE * SECONDS)) as streams:
                running = asyncio.create_task(run_streams(streams, RATE, SECONDS))
                await asyncio.sleep(ACTION_AFTER)
                await server.systemctl("restart", "jupyterhub.service")
                outcomes = await running
            await client.stop_server()
        return outcomes

    runs = stage.repeat("hub restart under load", lambda: server.run(restart_under_load()))
    figures = []
    for path in runs[0]:
        problems = sorted({f"{count} x {what}" for run in runs for what, count in run[path].problems.items()})
        failed = tuple(float(run[path].failed) for run in runs)
        note = "; ".join(problems[:4])
        figures.append(Figure(f"hub restart, {path}: failed", "", failed, goal=0, worst_counts=True, note=note))
        figures.append(Figure(f"hub restart, {path}: longest wait", "s", tuple(run[path].worst for run in runs)))
    return figures


def measure_proxy_restart(stage: Stage) -> list[Figure]:
    """from the restart of the proxy until a user's server is reached through it again"""
    server = stage.server
    name = server.add_students(1)[0]

    async def restart() -> float:
        async with server.client(name) as client:
            await client.login()
            await client.start_server()
            async with make_tokens(client, 1) as (token,):
                path = f"{client.server_path}api/status"
                started = time.monotonic()
                await server.systemctl("restart", "jupyterhub-proxy.service")
                await wait_for_server(client, path, token)
                seconds = time.monotonic() - started
                await wait_for_hub(server.url)
            await client.stop_server()
        return seconds

    times = stage.repeat("proxy restart", lambda: server.run(restart()))
    return [Figure("proxy restart until routes are back", "s", tuple(times), goal=1)]


async def wait_for_server(client: HubClient, path: str, token: str) -> None:
    """Wait until a user's server answers, and not the hub in its place; raises TimeoutError after 330 s."""
    headers = {"Authorization": f"token {token}"}
    async with asyncio.timeout(330), ClientSession(timeout=ClientTimeout(total=5)) as session:
        while True:
            try:
                async with session.get(client.at(path), headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    if answer.status == 200:
                        return
            except (ClientError, OSError):
                pass
            await asyncio.sleep(0.01)
