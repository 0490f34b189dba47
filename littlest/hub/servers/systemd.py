"""What the spawner asks of systemd, in words that keep "stopped" and "no answer" apart."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from systemdspawner.systemd import make_environment_file

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine

ENVIRONMENT_DIR = Path(paths.SERVERS_ENVIRONMENT_DIR)
"""Root's own; a file is there only while a unit is started. (Everybody can read command lines and properties.)"""


class UnitState(StrEnum):
    """What systemd says of a unit."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"
    """systemd did not answer, as for a moment at every upgrade of it."""


def parse_unit_state(result: CommandResult) -> UnitState:
    """The meaning of `systemctl is-active`: status 0 is running; 3 and 4 are stopped; anything else is no answer.

    A unit that is still starting or stopping also gives status 3, and is not stopped yet.
    """
    if result.status == 0 or result.stdout.strip() in {"activating", "deactivating", "reloading"}:
        return UnitState.RUNNING
    return UnitState.STOPPED if result.status in {3, 4} else UnitState.UNKNOWN


def read_unit_state(machine: Machine, unit: str) -> UnitState:
    """What the unit is doing now."""
    return parse_unit_state(machine.run(["systemctl", "is-active", "--", unit], check=False))


def list_user_units(machine: Machine, slice_name: str) -> tuple[str, ...]:
    """Units of user servers in this slice that systemd has loaded."""
    listed = machine.run(
        ["systemctl", "list-units", "--plain", "--no-legend", "--all", "--type=service", paths.SERVER_UNITS]
    )
    names = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    if not names:
        return ()
    shown = machine.run(["systemctl", "show", "--property=Id,Slice", "--", *names])
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.stdout.strip().split("\n\n")]
    return tuple(block["Id"] for block in blocks if block.get("Slice") == slice_name)


def start_unit(
    machine: Machine,
    unit: str,
    command: Sequence[str],
    *,
    working_directory: str,
    properties: Mapping[str, str],
    environment: Mapping[str, str],
) -> None:
    """Start a transient unit with systemd-run(1), and wait until its program runs.

    Raises LittlestError with systemd's own words when it is not accepted or its program cannot be run.
    """
    file = make_environment_file(str(ENVIRONMENT_DIR), unit, dict(environment))
    try:
        result = machine.run(
            [
                "systemd-run",
                "--quiet",
                f"--unit={unit}",
                f"--working-directory={working_directory}",
                *(f"--property={name}={value}" for name, value in properties.items()),
                f"--property=EnvironmentFile={file}",
                "--",
                *command,
            ],
            check=False,
            timeout=90,
        )
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file)  # noqa: PTH108
    if result.status != 0:
        said = result.stderr.strip() or result.stdout.strip() or read_last_words(machine, unit, 2)
        words = " ".join(said.split("\n")[:2]) or "it ended at once without a message"
        raise LittlestError(f"systemd did not start {unit}: {words}", f"sudo journalctl -u {unit}")


def stop_unit(machine: Machine, *units: str) -> None:
    """Stop units at once, and let systemd forget that they failed. Nothing happens to one that is not there."""
    machine.run(["systemctl", "stop", "--", *units], check=False, timeout=100)
    machine.run(["systemctl", "reset-failed", "--", *units], check=False)


def read_last_words(machine: Machine, unit: str, lines: int = 8) -> str:
    """The last lines that a unit's own processes wrote to the journal; empty when there are none."""
    # what was said a moment ago may still be on its way
    machine.run(["journalctl", "--sync"], check=False, timeout=10)
    found = machine.run(
        ["journalctl", "--quiet", "--output=cat", f"--lines={lines}", f"_SYSTEMD_UNIT={unit}"],
        check=False,
        timeout=10,
    )
    return found.stdout.strip()
