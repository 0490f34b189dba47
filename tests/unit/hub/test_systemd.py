"""What systemd says of a unit: no answer is not "stopped"."""

import pytest

from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.system.units.units import NO_ANSWER, STOPPED_STATES, read_active_state


class Systemd(Machine):
    """One in which systemctl says this."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__("/")
        self.result = CommandResult(("systemctl",), status, said, "")

    def run(self, *_arguments: object, **_settings: object) -> CommandResult:  # type: ignore[override]
        return self.result


@pytest.mark.parametrize(
    ("status", "said", "state", "is_stopped"),
    [
        (0, "ActiveState=active\n", "active", False),
        (0, "ActiveState=inactive\n", "inactive", True),
        (0, "ActiveState=failed\n", "failed", True),
        (0, "ActiveState=activating\n", "activating", False),
        (0, "ActiveState=deactivating\n", "deactivating", False),
        # systemd executes itself again, at each of its upgrades: JupyterHub stopped healthy servers for this
        (1, "", NO_ANSWER, False),
        (-9, "", NO_ANSWER, False),
    ],
)
def test_no_answer_is_not_stopped(status: int, said: str, state: str, is_stopped: bool) -> None:
    found = read_active_state(Systemd(status, said), "jupyter-ada.service")
    assert found == state
    assert (found in STOPPED_STATES) is is_stopped
