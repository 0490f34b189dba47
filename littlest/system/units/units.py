"""systemd units: enabled, running with their present inputs, removed."""

import hashlib
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from littlest.errors import CommandFailed, LittlestError
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.plan.steps import EnableUnit, RemoveUnits, RunUnit
from littlest.system.settings.drop_in_copies import list_drop_ins

JOURNAL_LINES = 10
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
RESTART_TIMEOUT = 420.0
"""Seconds; above the 90 that systemd gives a unit to stop, and the 300 for which the hub may extend its start."""


def is_unit_enabled(machine: Machine, step: EnableUnit) -> bool:
    """Whether the unit starts at boot."""
    return _systemctl(machine, "is-enabled", step.unit, check=False).stdout.strip() == "enabled"


def enable_unit(machine: Machine, step: EnableUnit) -> None:
    """Let the unit start at boot."""
    _systemctl(machine, "enable", "--quiet", step.unit)


def read_inputs_digest(machine: Machine, step: RunUnit) -> str:
    """SHA-256 over everything that the running process depends on; of a folder these are its drop-ins."""
    digest = hashlib.sha256(step.settings.encode())
    for path in step.inputs:
        drop_ins = [path / file.name for file in list_drop_ins(machine.path(path))]
        for file in (path, *drop_ins):
            digest.update(f"\n{file} {machine.read_digest(file)}".encode())
    return digest.hexdigest()


def is_unit_running(machine: Machine, step: RunUnit, started: Mapping[str, str]) -> bool:
    """Whether the unit runs and was last started with the inputs of now."""
    if not machine.is_live:
        return True
    return started.get(step.unit) == read_inputs_digest(machine, step) and is_active(machine, step.unit)


def is_active(machine: Machine, unit: str) -> bool:
    """Whether the unit runs now."""
    return read_active_state(machine, unit) == "active"


def read_active_state(machine: Machine, unit: str) -> str:
    """What systemd says of the unit: active, activating, inactive, failed …"""
    shown = machine.run(["systemctl", "show", "--property=ActiveState", "--value", unit], check=False)
    return shown.stdout.strip() or "unknown"


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """The status of a unit."""

    state: str
    """Active, activating, inactive, failed …"""
    restarts: int
    """How often systemd restarted it because it had ended by itself."""
    invocation: str = ""
    """Which start of it this is."""
    seconds: float = math.inf
    """For how long it has been active; infinite where systemd does not say."""


def read_unit_statuses(machine: Machine, names: Sequence[str]) -> dict[str, UnitStatus]:
    """The status of each of these units; without those that systemd does not know."""
    properties = ("Id", "ActiveState", "NRestarts", "InvocationID", "ActiveEnterTimestampMonotonic")
    statuses = {}
    now = time.monotonic()
    for unit in show_units(machine, properties, names, check=False):
        if "Id" in unit and unit.get("NRestarts", "").isdigit():
            begun = unit.get("ActiveEnterTimestampMonotonic", "")
            seconds = now - int(begun) / 1_000_000 if begun.isdigit() else math.inf
            state, invocation = unit.get("ActiveState", "unknown"), unit.get("InvocationID", "")
            statuses[unit["Id"]] = UnitStatus(state, int(unit["NRestarts"]), invocation, seconds)
    return statuses


def show_units(
    machine: Machine, properties: Sequence[str], names: Sequence[str], *, check: bool = True
) -> list[dict[str, str]]:
    """The properties of each of these units (names or patterns), as `systemctl show` gives them.

    Raises CommandFailed when systemctl fails, unless `check` is false.
    """
    command = ["systemctl", "show", f"--property={','.join(properties)}", "--", *names]
    blocks = machine.run(command, check=check).stdout.strip().split("\n\n")
    return [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]


def start_unit(machine: Machine, step: RunUnit) -> str:
    """Start or restart the unit, and return the digest of the inputs it was started with.

    Raises LittlestError with the unit's last journal lines when it does not start.
    """
    began = time.time()
    digest = read_inputs_digest(machine, step)
    reload_units(machine)
    if step.unit.endswith(".socket"):
        # systemd refuses to restart a socket while the service that it feeds is running
        _systemctl(machine, "stop", step.unit.removesuffix(".socket") + ".service", check=False)
    # a unit that failed often is not started again before its counter is cleared
    _systemctl(machine, "reset-failed", step.unit, check=False)
    try:
        _systemctl(machine, "restart", step.unit)
    except CommandFailed as error:
        raise LittlestError(
            "\n".join((f"{step.unit} did not start", *read_journal(machine, step.unit, began))),
            f"See the whole log: sudo journalctl -u {step.unit}",
        ) from error
    return digest


def are_units_removed(machine: Machine, step: RemoveUnits) -> bool:
    """Whether none of these units runs or starts at boot."""
    if machine.is_live and any(
        read_active_state(machine, unit) not in ("inactive", "unknown") for unit in step.units
    ):
        return False
    return not any(is_unit_enabled(machine, EnableUnit(unit)) for unit in step.units)


def remove_units(machine: Machine, step: RemoveUnits) -> None:
    """Stop these units together (a socket would start its service again), and what they run, then disable them."""
    if machine.is_live:
        _systemctl(machine, "stop", *step.units, check=False)
        _systemctl(machine, "reset-failed", *step.units, check=False)
    for unit in step.units:
        _systemctl(machine, "disable", "--quiet", unit, check=False)


def is_reload_needed(machine: Machine, names: Sequence[str]) -> bool:
    """Whether systemd knows one of these units as its file was, not as it is."""
    if not machine.is_live or not names:
        return False
    shown = machine.run(["systemctl", "show", "--property=NeedDaemonReload", "--value", *names], check=False)
    return "yes" in shown.stdout.split()


def reload_units(machine: Machine) -> None:
    """Let systemd read the unit files as they are now."""
    if machine.is_live:
        machine.run(["systemctl", "daemon-reload"])


def read_journal(machine: Machine, unit: str, since: float, invocation: str = "") -> tuple[str, ...]:
    """The last lines that the unit's processes wrote since a moment, in seconds since 1970, or else in one start of
    it, whenever that was; what systemd says of a unit whose processes wrote nothing. None where there is no journal.
    """
    if not machine.has_command("journalctl"):
        return ()
    # what a process says last, before it ends, may still be on its way
    machine.run(["journalctl", "--sync"], check=False)
    # what its processes say, and what systemd says of it
    for unit_field, start_field in (("_SYSTEMD_UNIT", "_SYSTEMD_INVOCATION_ID"), ("UNIT", "INVOCATION_ID")):
        # a start that has ended since that moment may have said why before it; with --since, --lines would give the
        # first ones
        when = f"{start_field}={invocation}" if invocation else f"--since={render_moment(since)}"
        query = ["--quiet", "--output=cat", when, f"{unit_field}={unit}"]
        said = machine.run(["journalctl", "--no-pager", *query], check=False).stdout
        if said.strip():
            return tuple(f"  {unit}: {_COLOUR.sub('', line)}" for line in said.splitlines()[-JOURNAL_LINES:])
    return ()


def render_moment(seconds: float) -> str:
    """A moment in seconds since 1970 as journalctl takes it, and never a later one: the first line counts."""
    return f"@{math.floor(seconds * 1000) / 1000:.3f}"


def _systemctl(machine: Machine, verb: str, *arguments: str, check: bool = True) -> CommandResult:
    root = () if machine.is_live else (f"--root={machine.root}",)
    return machine.run(["systemctl", *root, verb, *arguments], check=check, timeout=RESTART_TIMEOUT)
