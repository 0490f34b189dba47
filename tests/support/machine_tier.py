"""What the tiers with machines share: their marker and time limit, their machines, and the journals of failures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import MakeMachine, list_own_machines, machines_for_tests, save_evidence
from tests.support.machine import Machine

FindReader = Callable[[Machine], Any]


def mark_tests(items: list[pytest.Item], folder: Path, marker: pytest.MarkDecorator, seconds: int) -> None:
    """Mark the tests of a folder as those of its tier, and end each after so many seconds."""
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(marker)
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.fixture(scope="session")
def make_machine() -> Iterator[MakeMachine]:
    """Makes machines that are gone when the tests end, as are those of a test run that was killed."""
    with machines_for_tests() as make:
        yield make


def keep_journals(item: pytest.Item, outcome: Any, tier: str, find: FindReader = lambda machine: machine) -> None:
    """Keep the journals of this run's machines when a test of the tier has failed; `find` gives what reads them."""
    if outcome.get_result().failed and item.get_closest_marker(tier):
        save_evidence(item.nodeid, [find(machine) for machine in list_own_machines()])
