"""Settings on a running hub: what the commands cost, and what people notice when a change is applied."""

import asyncio
import itertools
import time

from benchmarks.figures import Figure
from benchmarks.stage import Stage
from tests.support.load import Outcome, open_streams, run_streams
from tests.support.machine import Machine

REPEATS = 10
RATE = 20.0
"""Requests a second on each path."""
SECONDS = 20.0
ACTION_AFTER = 3.0
COMMANDS = {
    "littlest config validate": itertools.repeat(("config", "validate")),
    # each time another value: what is so already is not written
    "littlest config set": itertools.cycle(("config", "set", "limits.memory", value) for value in ("1G", "2G")),
}


def run_timed(machine: Machine, *words: str) -> float:
    """The wall time of a `littlest` command, with nsenter(1) into the machine."""
    started = time.monotonic()
    machine.run(["littlest", *words])
    return time.monotonic() - started


def measure_config_commands(stage: Stage) -> list[Figure]:
    """the wall time of `littlest config validate` and `set`"""
    machine = stage.server.machine
    figures = []
    for name, lines in COMMANDS.items():
        run_timed(machine, *next(lines))
        runs = stage.repeat(name, lambda lines=lines: [run_timed(machine, *next(lines)) for _ in range(REPEATS)])  # type: ignore[misc]
        times = tuple(seconds for run in runs for seconds in run)
        figures.append(Figure(name, "s", times, note="with nsenter(1) into the machine"))
    return figures


def measure_apply_nothing(stage: Stage) -> list[Figure]:
    """the wall time of `littlest apply` when everything is as the settings say"""
    machine = stage.server.machine
    machine.run("littlest apply")
    return [
        Figure(
            "littlest apply, nothing to do", "s", tuple(stage.repeat("apply", lambda: run_timed(machine, "apply")))
        )
    ]


def measure_apply_live(stage: Stage) -> list[Figure]:
    """the wall time of `littlest apply` for a setting that the running hub reloads"""
    machine = stage.server.machine
    numbers = itertools.count()

    def change() -> float:
        machine.run(["littlest", "config", "set", "announcement", f"Exam number {next(numbers)}."])
        return run_timed(machine, "apply")

    return [Figure("littlest apply, no restart needed", "s", tuple(stage.repeat("apply, live", change)))]


def measure_apply_restart(stage: Stage) -> list[Figure]:
    """`littlest apply` for a setting that restarts the hub, under 20 requests a second on each path"""
    server = stage.server
    name = server.add_students(1)[0]
    values = itertools.cycle(("true", "false"))

    async def change_under_load() -> tuple[float, dict[str, Outcome]]:
        async with server.client(name) as client:
            await client.login()
            await client.start_server()
            await asyncio.to_thread(server.machine.run, ["littlest", "config", "set", "metrics.public", next(values)])
            async with open_streams(client, round(RATE * SECONDS)) as streams:
                running = asyncio.create_task(run_streams(streams, RATE, SECONDS))
                await asyncio.sleep(ACTION_AFTER)
                seconds = await asyncio.to_thread(run_timed, server.machine, "apply")
                outcomes = await running
            await client.stop_server()
        return seconds, outcomes

    runs = stage.repeat("apply, hub restart", lambda: server.run(change_under_load()))
    figures = [
        Figure("littlest apply, hub restart", "s", tuple(seconds for seconds, _ in runs), note="under load"),
        Figure(
            "apply, hub restart: hub gap",
            "s",
            tuple(outcomes["hub page"].worst for _, outcomes in runs),
            note="the longest that somebody waits for a page of the hub",
        ),
    ]
    for path in runs[0][1]:
        problems = sorted({f"{count} x {what}" for _, run in runs for what, count in run[path].problems.items()})
        failed = tuple(float(run[path].failed) for _, run in runs)
        note = "; ".join(problems[:4])
        figures.append(Figure(f"apply, {path}: failed", "", failed, goal=0, worst_counts=True, note=note))
    return figures
