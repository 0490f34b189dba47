"""How long things are waited for, and from when on the journal is read."""

import pytest

from littlest.errors import CommandFailed
from littlest.hub.rights.enforce import START_SECONDS
from littlest.machine.machine import Machine
from littlest.system.units.units import RESTART_TIMEOUT, read_journal_lines, render_moment


@pytest.mark.parametrize("seconds", [1700000000.0, 1700000000.4999, 1700000000.5001, 1700000000.9999])
def test_the_journal_is_read_from_a_moment_that_has_been(seconds: float) -> None:
    # a unit that fails at once says why in the same half second
    moment = float(render_moment(seconds).removeprefix("@"))
    assert seconds - 0.01 < moment <= seconds


def test_a_restart_is_waited_for_as_long_as_the_hub_may_take() -> None:
    # TimeoutStopSec of the hub and what it asks systemd for when it begins with an end of rights
    assert RESTART_TIMEOUT > 90 + START_SECONDS


def test_a_journal_that_does_not_answer_neither_delays_nor_hides_why_a_unit_failed() -> None:
    waited = []

    class Silent(Machine):
        def has_command(self, name: str) -> bool:
            return name == "journalctl"

        def run(self, argv: object, *, timeout: float = 120.0, **_further: object) -> None:  # type: ignore[override]
            waited.append(timeout)
            raise CommandFailed("journalctl --sync: did not end in time")

    assert read_journal_lines(Silent(), "jupyter-ada.service", 0.0) == ()
    assert sum(waited) <= 30
