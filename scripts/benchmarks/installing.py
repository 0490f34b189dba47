"""How long an install takes, where the time goes, and what the least possible would be."""

import re
import statistics
import sys
from itertools import pairwise
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.floor import lay_down
from benchmarks.stage import Installation, Server, Stage

PHASES = (
    # what a line of the installer begins with, and what goes on from there
    (r"\[1/", "verify the file"),
    (r"\[2/", "look at the machine"),
    (r"\[3/", "unpack the packages"),
    (r"\[4/", "link the release"),
    (r"\[5/", "unpack the user environment's channel, start littlest"),
    (r" +write the list of the release's files", "checksums of the release's files"),
    (r" +(create the )?user environment", "create the user environment"),
    (r" +start jupyterhub.* at every boot", "accounts, files, secrets"),
    (r" +start jupyterhub", "start the units"),
    (r" +wait until the hub answers", "wait for the hub"),
    (r" +try a server out", "try a server out"),
    (r" ", "accounts, files, secrets"),
    (r"The Littlest JupyterHub", "tidy up"),
)


def measure_install(stage: Stage) -> list[Figure]:
    """installs on fresh machines, by phase, against the floor"""

    def install() -> Installation:
        server = Server("install")
        try:
            stage.calm.wait("install")
            installation = server.install(stage.installer)
            print(f"  install: {installation.seconds:.1f} s", file=sys.stderr)
            return installation
        finally:
            server.remove()

    def floor() -> float:
        server = Server("floor")
        try:
            # the machine's own file system, seen from outside; its installer is the same as ours
            target = Path(f"/proc/{server.machine.leader}/root/opt/floor")
            stage.calm.wait("floor")
            return lay_down(stage.installer, target)
        finally:
            server.remove()

    installs = stage.repeat("install", install)
    floors = stage.repeat("floor of the install", floor)
    floor_seconds = statistics.median(floors)
    answering = tuple(run.answering_after for run in installs)
    totals = tuple(run.seconds for run in installs)
    figures = [
        Figure("install, command to hub answering", "s", answering, goal=60),
        Figure("install, command to its end", "s", totals, note="after the hub answered, a server is tried out"),
        Figure("floor of the install", "s", tuple(floors), note="read, decompress, write the packages, nothing else"),
        Figure(
            "hub answering, against the floor", "times", tuple(time / floor_seconds for time in answering), goal=3
        ),
        Figure("end of the install, against the floor", "times", tuple(time / floor_seconds for time in totals)),
    ]
    phases = [split(run) for run in installs]
    names = list(dict.fromkeys(name for run in phases for name in run))
    return figures + [Figure(f"install: {name}", "s", tuple(run.get(name, 0.0) for run in phases)) for name in names]


def split(run: Installation) -> dict[str, float]:
    """How many seconds each phase took, by the moments at which the installer's lines appeared."""
    marks = [(moment, find_phase(line)) for moment, line in run.lines]
    phases: dict[str, float] = {}
    current = PHASES[0][1]
    for (moment, phase), (following, _) in pairwise([(0.0, None), *marks, (run.seconds, None)]):
        current = phase or current
        phases[current] = phases.get(current, 0.0) + following - moment
    return phases


def find_phase(line: str) -> str | None:
    """Which phase begins with this line; None when it tells of none."""
    return next((name for pattern, name in PHASES if re.match(pattern, line)), None)
