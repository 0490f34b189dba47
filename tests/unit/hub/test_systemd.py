"""What `systemctl is-active` says, in three states. The statuses and words are systemd 252's own."""

import pytest

from littlest.hub.servers.systemd import UnitState, parse_unit_state
from littlest.machine.commands import CommandResult


@pytest.mark.parametrize(
    ("status", "said", "state"),
    [
        (0, "active\n", UnitState.RUNNING),
        (3, "inactive\n", UnitState.STOPPED),
        (3, "failed\n", UnitState.STOPPED),
        (4, "unknown\n", UnitState.STOPPED),
        # status 3 as well, and yet not stopped
        (3, "activating\n", UnitState.RUNNING),
        (3, "deactivating\n", UnitState.RUNNING),
        # systemd executes itself again, at each of its upgrades: JupyterHub stopped healthy servers for this
        (1, "", UnitState.UNKNOWN),
        (-9, "", UnitState.UNKNOWN),
    ],
)
def test_no_answer_is_not_stopped(status: int, said: str, state: UnitState) -> None:
    assert parse_unit_state(CommandResult(("systemctl",), status, said, "")) is state
