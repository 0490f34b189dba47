"""`littlest repair database`: what the hub left out goes for good, and only after a backup of everything."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from littlest import paths
from littlest.commands.repair import run_repair, show_repair
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.system.hub.set_aside import (
    LEFT_OUT,
    DatabaseNote,
    SetAside,
    keep_aside,
    list_set_aside,
    read_note,
    write_note,
)

ONE = SetAside("2026-11-30T05:00:00+00:00", "users 3", "name is missing", LEFT_OUT)


@pytest.fixture
def database(machine: Machine) -> Path:
    """A database from which the hub left out one row."""
    file = machine.path(paths.DATABASE_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO users VALUES (1, 'ada')")
        connection.execute("PRAGMA user_version = 42")
        keep_aside(connection, ONE, {"id": 3, "name": None, "cookie_id": b"\x00"})
    write_note(machine, DatabaseNote(42, 1, ("2026-11-30 05:00 UTC: the hub's database was gone",)))
    return file


def read_names(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]


def test_what_would_go_is_shown_first(machine: Machine, database: Path) -> None:
    before = database.read_bytes()
    report = show_repair(machine)
    assert "  users 3: name is missing (left out)" in report.lines
    assert report.data["problems"] == ["2026-11-30 05:00 UTC: the hub's database was gone"]
    assert database.read_bytes() == before


def test_the_rows_go_and_the_backup_has_them(machine: Machine, database: Path) -> None:
    report = run_repair(machine)
    backup = machine.path(paths.DATABASE_BACKUP_DIR) / Path(report.data["backup"]).name
    assert backup.stat().st_mode & 0o777 == 0o600
    assert read_names(backup) == ["littlest_set_aside", "users"]
    assert read_names(database) == ["users"]
    assert (list_set_aside(machine), read_note(machine)) == ((), DatabaseNote(42, 1))
    # there is nothing more to do
    assert run_repair(machine).data["changed"] is False


def test_without_a_backup_nothing_goes(machine: Machine, database: Path) -> None:
    machine.path(paths.DATABASE_BACKUP_DIR).write_text("no folder")
    with pytest.raises((LittlestError, OSError)):
        run_repair(machine)
    assert list_set_aside(machine) == (ONE,)


def test_no_database_is_said(machine: Machine) -> None:
    with pytest.raises(LittlestError):
        show_repair(machine)
