"""Rows of the hub's database that JupyterHub cannot work with, and the database's own state, as the hub noted them.

The hub moves such rows to a table of ours in the same database when it starts, so that nothing of them is lost. What
it noted about the file as a whole is in a file of its own, because the database may be gone.
"""

import base64
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine

_TABLE = """CREATE TABLE IF NOT EXISTS littlest_set_aside (
    id INTEGER PRIMARY KEY, at TEXT, place TEXT, problem TEXT, outcome TEXT, content TEXT)"""
LEFT_OUT = "left out"
NOT_GIVEN = "counts as not given"
MADE_AGAIN = "made again by the hub"
SECONDS = 10.0
"""How long to wait for somebody who writes to the database."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row, or one value of a row, that was left out."""

    at: str
    """When: ISO 8601, UTC."""
    place: str
    """The table, the number of the row, and its name if it has one."""
    problem: str
    """What is wrong, as the end of a sentence."""
    outcome: str
    """What the hub did: it left the row out, or went on with the row in another way."""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} ({self.outcome})"


def keep_aside(connection: sqlite3.Connection, one: SetAside, row: Mapping[str, Any]) -> None:
    """Keep a row as it is, in the transaction that changes it."""
    connection.execute(_TABLE)
    content = json.dumps(dict(row), default=_encode)
    connection.execute(
        "INSERT INTO littlest_set_aside (at, place, problem, outcome, content) VALUES (?, ?, ?, ?, ?)",
        (one.at, one.place, one.problem, one.outcome, content),
    )


def _encode(value: object) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else repr(value)


def list_set_aside(machine: Machine) -> tuple[SetAside, ...]:
    """Return what was left out, oldest first. Raises LittlestError when the database cannot be read."""
    try:
        with closing(_open(machine)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'littlest_set_aside'").fetchone():
                return ()
            rows = connection.execute("SELECT at, place, problem, outcome FROM littlest_set_aside ORDER BY id")
            return tuple(SetAside(*row) for row in rows)
    except sqlite3.Error as error:
        raise LittlestError(f"{paths.DATABASE_FILE} cannot be read: {error}") from error


def forget_set_aside(machine: Machine) -> None:
    """Remove what was left out from the database for good. Raises LittlestError when that is not possible."""
    try:
        with closing(_open(machine, "rw")) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS littlest_set_aside")
    except sqlite3.Error as error:
        raise LittlestError(f"{paths.DATABASE_FILE} cannot be changed: {error}") from error


def back_up_database(machine: Machine, when: str) -> str:
    """Write a copy of the database, with everything that was left out, and return its path. `when` is in its name.

    Raises LittlestError when the copy cannot be made, or is not sound.
    """
    target = paths.DATABASE_BACKUP_DIR / f"{paths.DATABASE_FILE.name}.{when}"
    machine.make_directory(target.parent, mode=0o700)
    file = machine.path(target)
    try:
        with closing(_open(machine)) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        with closing(sqlite3.connect(file)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise LittlestError(f"{target} cannot be written: {error}") from error
    file.chmod(0o600)
    if said != "ok":
        raise LittlestError(f"{target} is damaged: {said}")
    return str(target)


def read_database_id(machine: Machine) -> int:
    """Return the number by which the hub knows this very database again; 0 where it has none yet.

    Raises LittlestError where there is no database.
    """
    try:
        with closing(_open(machine)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise LittlestError(f"{paths.DATABASE_FILE} cannot be read: {error}") from error


def _open(machine: Machine, mode: str = "ro") -> sqlite3.Connection:
    return sqlite3.connect(f"{machine.path(paths.DATABASE_FILE).as_uri()}?mode={mode}", timeout=SECONDS, uri=True)


@dataclass(frozen=True, slots=True)
class DatabaseNote:
    """What the hub knows of its database, outside of it."""

    id: int = 0
    """`PRAGMA user_version` of the database that the hub used last."""
    users: int = 0
    """How many users it had."""
    problems: tuple[str, ...] = ()
    """What happened to the file, until somebody has read it: sentences."""


def read_note(machine: Machine) -> DatabaseNote:
    """Return what the hub noted; nothing where the file is missing or damaged."""
    try:
        found = json.loads(machine.read_text(paths.DATABASE_NOTE_FILE) or "{}")
        return DatabaseNote(int(found["id"]), int(found["users"]), tuple(map(str, found["problems"])))
    except (OSError, ValueError, KeyError, TypeError):
        return DatabaseNote()


def write_note(machine: Machine, note: DatabaseNote) -> None:
    """Keep a note. Raises OSError when the file cannot be written."""
    machine.write_file(paths.DATABASE_NOTE_FILE, json.dumps(asdict(note), ensure_ascii=False), mode=0o600)
