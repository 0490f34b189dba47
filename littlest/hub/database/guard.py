"""Before JupyterHub opens its database, and while it runs: nothing that is in the database keeps the hub down."""

import asyncio
import logging
import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyterhub import orm

from littlest import paths
from littlest.hub.database import file as database_file
from littlest.hub.database.rows import MakeAddress, set_rows_aside
from littlest.machine.machine import Machine
from littlest.system.hub.set_aside import SECONDS, SetAside, read_note, write_note

log = logging.getLogger("littlest")
LEAST_PAUSE = 10.0
"""Seconds between two looks at a database whose hub had an error."""


def make_database_usable(machine: Machine, make_address: MakeAddress) -> None:
    """Mend the database before the hub opens it, and note what happened for `littlest status`.

    Never raises: what goes wrong here goes to the log, and JupyterHub tries the database as it is.
    """
    file = machine.path(paths.DATABASE_FILE)
    try:
        _look_at_file(machine, file)
        if file.exists():
            _set_aside(file, make_address)
    except Exception:  # whatever is wrong with the file, JupyterHub may still be able to use it
        log.exception("%s could not be checked", file)


def _look_at_file(machine: Machine, file: Path) -> None:
    note, said = read_note(machine), ""
    if problem := database_file.find_file_problem(file) if os.path.lexists(file) else "":
        kept = database_file.rebuild(file)
        said = f"the hub's database {problem}. What could be read is in use; the old file is {kept}"
    elif note.id and not file.exists():
        said = "the hub's database was gone, and the hub made a new one"
    elif note.id and not database_file.has_tables(file):
        said = "the hub's database was empty, and the hub filled it again"
    if file.exists() and database_file.has_tables(file) and database_file.ensure_form(file):
        log.error("%s did not say that its tables have this JupyterHub's form", file)
    if said:
        log.error("%s", said)
        write_note(machine, database_file.note_problem(replace(note, id=0), said))


def _set_aside(file: Path, make_address: MakeAddress) -> tuple[SetAside, ...]:
    found = set_rows_aside(file, make_address)
    for one in found:
        log.error("A row of the hub's database cannot be used: %s", one)
    return found


def remember_database(machine: Machine, users: int) -> None:
    """Note by what the hub knows this database again, once it has loaded the users. Never raises."""
    try:
        note = read_note(machine)
        with closing(sqlite3.connect(machine.path(paths.DATABASE_FILE), timeout=SECONDS)) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if not found:
                found = secrets.randbelow(2**31 - 1) + 1
                connection.execute(f"PRAGMA user_version = {found}")
        if note.id and found != note.id:
            note = database_file.note_problem(note, "the hub's database is another one than before")
        write_note(machine, replace(note, id=found, users=users))
    except (OSError, sqlite3.Error) as error:
        log.error("%s: %s; a loss of the database would not be noticed", paths.DATABASE_NOTE_FILE, error)


def check_emptied(machine: Machine, users: int) -> None:
    """Note that the database has no users any more. Never raises."""
    try:
        note = read_note(machine)
        if note.id and note.users and not users:
            said = "the hub's database had no users any more; it has those of the settings"
            write_note(machine, database_file.note_problem(replace(note, users=0), said))
    except OSError as error:
        log.error("%s: %s", paths.DATABASE_NOTE_FILE, error)


class DatabaseKeeper:
    """Looks at the database when the hub answers with an error: a row that was changed behind its back may be why."""

    def __init__(self, app: Any, make_address: MakeAddress) -> None:
        self._app, self._make_address = app, make_address
        self._last = -LEAST_PAUSE
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look soon, unless that was done a moment ago."""
        now = asyncio.get_running_loop().time()
        if now - self._last >= LEAST_PAUSE:
            self._last = now
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        try:
            self._app.db.rollback()
            if await asyncio.to_thread(_set_aside, Path(paths.DATABASE_FILE), self._make_address):
                self._app.db.expire_all()
                known = {number for (number,) in self._app.db.query(orm.User.id)}
                for number in set(self._app.users) - known:
                    dict.pop(self._app.users, number)
        except Exception:  # the hub goes on as it was
            log.exception("%s could not be checked", paths.DATABASE_FILE)
