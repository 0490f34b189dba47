"""`littlest repair database`: remove for good what the hub left out of its database, after a backup of it."""

from datetime import UTC, datetime

from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.hub.set_aside import (
    DatabaseNote,
    SetAside,
    back_up_database,
    forget_set_aside,
    list_set_aside,
    read_database_id,
    read_note,
    write_note,
)


def show_repair(machine: Machine) -> Report:
    """Report what `run_repair` would remove, and change nothing. Raises LittlestError without a database."""
    check_root(machine)
    aside, note = list_set_aside(machine), read_note(machine)
    data = {"changed": False, "rows": [str(one) for one in aside], "problems": list(note.problems), "backup": None}
    return Report(_render(aside, note) or ("There is nothing to repair in the hub's database.",), data)


def run_repair(machine: Machine) -> Report:
    """Copy the database, then remove the rows that the hub left out, and forget what happened to the file.

    The hub may run meanwhile. Raises LittlestError, with nothing removed, when the copy cannot be made.
    """
    check_root(machine)
    with hold_lock(machine):
        found = show_repair(machine)
        if not found.data["rows"] and not found.data["problems"]:
            return found
        backup = back_up_database(machine, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        forget_set_aside(machine)
        write_note(machine, DatabaseNote(read_database_id(machine), read_note(machine).users))
    kept = f"A copy of the earlier database is in {backup}."
    return Report((*found.lines, "Done.", kept), {**found.data, "changed": True, "backup": backup})


def _render(aside: tuple[SetAside, ...], note: DatabaseNote) -> tuple[str, ...]:
    count = f"{len(aside)} row{'s' if len(aside) > 1 else ''}"
    return (
        *(
            (f"JupyterHub cannot work with {count} of its database; they are kept there in a table of their own:",)
            if aside
            else ()
        ),
        *(f"  {one}" for one in aside),
        *(("What happened to the file:",) if note.problems else ()),
        *(f"  {problem}" for problem in note.problems),
    )
