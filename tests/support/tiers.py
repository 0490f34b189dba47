"""pytest plugin: says how long each tier took, and which could not run (LITTLEST_NOT_RUN, from scripts/test)."""

import os
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.sharing_out import name_share

Seconds = defaultdict[str, float]
SPENT = pytest.StashKey[Seconds]()
TESTS = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[SPENT] = defaultdict(float)


def name_tier(path: Path) -> str:
    """Name the tier that a test file belongs to: the folder of tests/ that it lies in."""
    return path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else str(path)


class Clock:
    """Adds up what each test took, its fixtures included; fails where tests that belong together do not run so."""

    def __init__(self, spent: Seconds, root: Path) -> None:
        self.spent = spent
        self.root = root
        self.workers: dict[str, str] = {}
        self.split: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test."""
        self.spent[name_tier(self.root / report.nodeid.split("::")[0])] += report.duration
        worker = getattr(report, "worker_id", "")  # the report of one that crashed has none
        first = self.workers.setdefault(name_share(report.nodeid), worker)
        if worker and first and worker != first:
            self.split.append(f"{report.nodeid} ran in {worker}, and what belongs to it in {first}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let no run count in which one process made what another used."""
        if self.split:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where that was so."""
        for line in self.split:
            terminalreporter.line(line)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to the reports."""
    session.config.pluginmanager.register(Clock(session.config.stash[SPENT], session.config.rootpath))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    terminalreporter.section("time per tier")
    for tier, seconds in config.stash[SPENT].items():
        terminalreporter.line(f"{tier:10} {seconds:7.1f} s")
    for line in os.environ.get("LITTLEST_NOT_RUN", "").splitlines():
        terminalreporter.line(line)
