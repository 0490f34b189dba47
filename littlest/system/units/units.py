"""systemd units: their states and journals, and how they start and stop."""

import hashlib
import math
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.plan.steps import EnableUnit, RemoveUnits, RunUnit
from littlest.system.settings.drop_in_copies import list_drop_ins

JOURNAL_LINES = 10
JOURNAL_SECONDS = 30.0
"""How long to wait for the journal: its lines explain an error that must be shown without them, too."""
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
RESTART_TIMEOUT = 420.0
"""Seconds; above the 90 that systemd gives a unit to stop, and the 300 for which the hub may extend its start."""
STOPPED_STATES = frozenset({"inactive", "failed"})
NO_ANSWER = "unknown"
"""The state of a unit when systemd does not answer, as for a moment at each of its upgrades. It is not "stopped"."""


def is_unit_enabled(machine: Machine, step: EnableUnit) -> bool:
    """Whether the unit starts at boot."""
    return _systemctl(machine, "is-enabled", step.unit, check=False).stdout.strip() == "enabled"


def enable_unit(machine: Machine, step: EnableUnit) -> None:
    """Let the unit start at boot."""
    _systemctl(machine, "enable", "--quiet", step.unit)


def read_inputs_digest(machine: Machine, step: RunUnit) -> str:
    """Return the SHA-256 over all that the running process depends on; of a folder these are its drop-ins."""
    digest = hashlib.sha256(step.settings.encode())
    for path in step.inputs:
        drop_ins = [path / file.name for file in list_drop_ins(machine.path(path))]
        for file in (path, *drop_ins):
            digest.update(f"\n{file} {machine.read_digest(file)}".encode())
    return digest.hexdigest()


def is_unit_running(machine: Machine, step: RunUnit, started: Mapping[str, str]) -> bool:
    """Whether the unit runs and was last started with its present inputs."""
    if not machine.is_live:
        return True
    is_current = started.get(step.unit) == read_inputs_digest(machine, step)
    return is_current and read_active_state(machine, step.unit) == "active"


def read_active_state(machine: Machine, unit: str) -> str:
    """Return systemd's ActiveState of the unit: active, activating, inactive, failed … or `NO_ANSWER`."""
    (shown,) = show_units(machine, ("ActiveState",), (unit,), check=False)
    return shown.get("ActiveState", NO_ANSWER)


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """The status of a unit."""

    state: str
    """The ActiveState of systemd."""
    restarts: int
    """How often systemd restarted it because it had ended by itself."""
    invocation: str = ""
    """The id of its last start."""
    seconds: float = math.inf
    """How long it has been active; infinite when systemd does not say."""


def read_unit_statuses(machine: Machine, names: Sequence[str]) -> dict[str, UnitStatus]:
    """Return the status of each of these units, without those that systemd does not know."""
    properties = ("Id", "ActiveState", "NRestarts", "InvocationID", "ActiveEnterTimestampMonotonic")
    now = time.monotonic()
    statuses = {}
    for unit in show_units(machine, properties, names, check=False):
        if "Id" in unit and unit.get("NRestarts", "").isdigit():
            begun = unit.get("ActiveEnterTimestampMonotonic", "")
            seconds = now - int(begun) / 1_000_000 if begun.isdigit() else math.inf
            state, invocation = unit.get("ActiveState", NO_ANSWER), unit.get("InvocationID", "")
            statuses[unit["Id"]] = UnitStatus(state, int(unit["NRestarts"]), invocation, seconds)
    return statuses


def show_server_units(machine: Machine, properties: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return Id and these properties of each user's server that systemd has loaded. Raises CommandFailed."""
    shown = show_units(machine, ("Id", "Slice", *properties), [paths.SERVER_UNITS])
    return [unit for unit in shown if unit.get("Slice") == paths.USERS_SLICE]


def show_units(
    machine: Machine, properties: Sequence[str], names: Sequence[str], *, check: bool = True
) -> list[dict[str, str]]:
    """Return the properties of each of these units (names or patterns), as `systemctl show` gives them.

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


def run_transient_unit(
    machine: Machine,
    unit: str,
    command: Sequence[str],
    *,
    properties: Mapping[str, str],
    environment: Mapping[str, str],
) -> None:
    """Start a command as a transient unit with systemd-run(1), and wait until it runs.

    The environment goes through a file of root's, because every user can read command lines and properties. Raises
    LittlestError with systemd's own words when systemd does not accept the unit or cannot run the command.
    """
    began = time.time()
    file = paths.SERVERS_ENVIRONMENT_DIR / f"{unit}.env"
    machine.make_directory(file.parent, mode=0o700)
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    machine.write_file(file, "".join(lines), mode=0o400)
    # apart from the other properties: an admin may have one of this name, and systemd takes several
    words = [f"--property={name}={value}" for name, value in (*properties.items(), ("EnvironmentFile", file))]
    try:
        argv = ["systemd-run", "--quiet", f"--unit={unit}", *words, "--", *command]
        result = machine.run(argv, check=False, timeout=90)
    finally:
        machine.remove(file)
    if result.status != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()[:2]
        last = " ".join(said or read_journal_lines(machine, unit, began)[-2:]) or "it ended at once without a message"
        raise LittlestError(f"systemd did not start {unit}: {last}", f"sudo journalctl -u {unit}")


def stop_units(machine: Machine, *units: str, timeout: float = 100.0) -> None:
    """Stop these units together, and let systemd forget that they failed. Ignores units that do not exist.

    Raises CommandFailed when that takes longer than `timeout` seconds.
    """
    machine.run(["systemctl", "stop", "--", *units], check=False, timeout=timeout)
    machine.run(["systemctl", "reset-failed", "--", *units], check=False)


def are_units_removed(machine: Machine, step: RemoveUnits) -> bool:
    """Whether none of these units runs or starts at boot."""
    if machine.is_live and any(
        read_active_state(machine, unit) not in ("inactive", NO_ANSWER) for unit in step.units
    ):
        return False
    return not any(is_unit_enabled(machine, EnableUnit(unit)) for unit in step.units)


def remove_units(machine: Machine, step: RemoveUnits) -> None:
    """Stop these units together (a socket would start its service again), then disable them."""
    if machine.is_live:
        stop_units(machine, *step.units, timeout=RESTART_TIMEOUT)
    for unit in step.units:
        _systemctl(machine, "disable", "--quiet", unit, check=False)


def is_reload_needed(machine: Machine, names: Sequence[str]) -> bool:
    """Whether the file of one of these units has changed since systemd read it."""
    if not machine.is_live or not names:
        return False
    shown = show_units(machine, ("NeedDaemonReload",), names, check=False)
    return any(unit.get("NeedDaemonReload") == "yes" for unit in shown)


def reload_units(machine: Machine) -> None:
    """Let systemd read the unit files as they are now."""
    if machine.is_live:
        machine.run(["systemctl", "daemon-reload"])


def read_journal(machine: Machine, unit: str, since: float, invocation: str = "") -> tuple[str, ...]:
    """Return what `read_journal_lines` does, each line with the unit's name in front."""
    return tuple(f"  {unit}: {line}" for line in read_journal_lines(machine, unit, since, invocation))


def read_journal_lines(machine: Machine, unit: str, since: float, invocation: str = "") -> tuple[str, ...]:
    """Return the last lines that the unit's processes wrote; when they wrote nothing, what systemd says of the unit.

    The lines are from after `since`, in seconds since 1970, or from one start of the unit, whenever that was. None
    where there is no journal, or it does not answer.
    """
    if not machine.has_command("journalctl"):
        return ()
    try:
        return _read_journal(machine, unit, since, invocation)
    except CommandFailed:
        return ()


def _read_journal(machine: Machine, unit: str, since: float, invocation: str) -> tuple[str, ...]:
    # the last words of a process may not be in the journal yet
    machine.run(["journalctl", "--sync"], check=False, timeout=JOURNAL_SECONDS)
    for unit_field, start_field in (("_SYSTEMD_UNIT", "_SYSTEMD_INVOCATION_ID"), ("UNIT", "INVOCATION_ID")):
        # a start that has ended since that moment may have said why before it; with --since, --lines would give the
        # first ones
        when = f"{start_field}={invocation}" if invocation else f"--since={render_moment(since)}"
        query = ["--quiet", "--output=cat", when, f"{unit_field}={unit}"]
        said = machine.run(["journalctl", "--no-pager", *query], check=False, timeout=JOURNAL_SECONDS).stdout
        if said.strip():
            return tuple(_COLOUR.sub("", line) for line in said.splitlines()[-JOURNAL_LINES:])
    return ()


def render_moment(seconds: float) -> str:
    """Write a moment in seconds since 1970 for journalctl, never a later one: the first line counts."""
    return f"@{math.floor(seconds * 1000) / 1000:.3f}"


def _systemctl(machine: Machine, verb: str, *arguments: str, check: bool = True) -> CommandResult:
    root = () if machine.is_live else (f"--root={machine.root}",)
    return machine.run(["systemctl", *root, verb, *arguments], check=check, timeout=RESTART_TIMEOUT)
