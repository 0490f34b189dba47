"""Removing what an install that failed made, and nothing else."""

from dataclasses import replace

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.record import Record, list_made
from littlest.plan.steps import Plan, RemoveUnits
from littlest.system.accounts.user_accounts import find_account_made_for
from littlest.system.record_file import read_record, write_record
from littlest.system.removal import RUNTIME, is_there, remove_all
from littlest.system.units import units


def remember_before_install(machine: Machine, plan: Plan) -> tuple[str, ...]:
    """Record, and return, what the plan will make that is not there yet: it can be removed, even after a crash."""
    record = read_record(machine)
    # the record's own directory comes first, so it is removed last
    things = (*(f"path:{path}" for path in (paths.STATE_DIR, *RUNTIME)), *list_made(plan))
    missing = (thing for thing in things if not is_there(machine, thing))
    made = tuple(dict.fromkeys((*record.made, *missing)))
    write_record(machine, replace(record, made=made))
    return made


def is_install_complete(machine: Machine, remembered: tuple[str, ...]) -> bool:
    """Whether the install that remembered this finished: then the record names nothing that it made."""
    return bool(remembered) and machine.read_state(paths.RECORD_FILE) is not None and not read_record(machine).made


def undo_install(machine: Machine) -> tuple[str, ...]:
    """Remove what the unfinished install made, the latest first; return what could not be removed, and why."""
    record = read_record(machine)
    made_units = Record(paths=dict.fromkeys((thing.removeprefix("path:") for thing in record.made), "")).units
    if made_units:
        units.remove_units(machine, RemoveUnits(made_units))
    # a trial that was killed leaves its account
    canary = find_account_made_for(machine, paths.CANARY_USER)
    failures = remove_all(machine, (*((f"user:{canary.name}",) if canary else ()), *reversed(record.made)))
    if made_units:
        units.reload_units(machine)
    if machine.read_state(paths.STATE_DIR) is not None:
        _forget(machine, record)
    return failures


def _forget(machine: Machine, record: Record) -> None:
    """Nothing of the failed install is ours any more; what was ours before it stays ours."""
    kept = {path: kind for path, kind in record.paths.items() if f"path:{path}" not in record.made}
    if not kept:
        machine.remove(paths.RECORD_FILE)
        return
    accounts = tuple(name for name in record.accounts if f"account:{name}" not in record.made)
    write_record(machine, replace(record, paths=kept, accounts=accounts, started={}, made=()))
