"""The file of the hub's database before JupyterHub opens it: missing, empty, damaged, or not a database at all.

A file that cannot be used is kept under another name, and what can be read of it goes into a new one.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jupyterhub
from alembic.script import ScriptDirectory
from jupyterhub import orm
from sqlalchemy import create_engine

from littlest.hub.database.stored import decode
from littlest.system.hub.set_aside import SECONDS, DatabaseNote

MOST_GAPS = 1000
"""Places of one table that cannot be read, after which the rest of the table is given up."""
_OWN_TABLE = "littlest_set_aside"
_SCRIPTS = ScriptDirectory(str(Path(jupyterhub.__file__).with_name("alembic")))
"""JupyterHub's migrations, which number the forms that its tables had."""


def find_file_problem(file: Path) -> str:
    """Return why JupyterHub could not work with this file, as the end of a sentence; empty where it can."""
    if not file.is_file():
        return "is no file"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", timeout=SECONDS, uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return _find_form_problem(connection) if said == "ok" else f"is damaged: {' '.join(said.split())}"
    except sqlite3.OperationalError as error:
        # of a locked file or a full disk, JupyterHub itself says more
        return f"is damaged: {error}" if "malformed" in str(error) else ""
    except sqlite3.DatabaseError as error:
        return f"is damaged: {error}"


def _find_form_problem(connection: sqlite3.Connection) -> str:
    """Return which table has not the columns that JupyterHub uses.

    Those of an earlier JupyterHub, which says so in the database, are for its own migration.
    """
    connection.text_factory = decode
    if _is_earlier(_read_form(connection)):
        return ""
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    for table in orm.Base.metadata.sorted_tables:
        found = {row[1] for row in connection.execute(f'PRAGMA table_info("{table.name}")')}
        is_whole = kinds.get(table.name) == "table" and found >= {column.name for column in table.columns}
        if found and not is_whole:
            return f"has a table {table.name} of another form"
    return ""


def has_tables(file: Path) -> bool:
    """Whether JupyterHub has made tables in this file."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=SECONDS, uri=True)) as connection:
        found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return not found.isdisjoint(orm.Base.metadata.tables)


def ensure_form(file: Path) -> bool:
    """Say in the database that its tables have this JupyterHub's form, where they do; return whether it did not.

    JupyterHub adds tables that lack, but no columns.
    """
    with closing(sqlite3.connect(file, timeout=SECONDS)) as connection, connection:
        form = _read_form(connection)
        if form == _SCRIPTS.get_current_head() or _is_earlier(form) or _find_form_problem(connection):
            return False
        _write_form(connection)
    return True


def _is_earlier(form: object) -> bool:
    return form in {one.revision for one in _SCRIPTS.walk_revisions()} - {_SCRIPTS.get_current_head()}


def _read_form(connection: sqlite3.Connection) -> object:
    try:
        found = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.Error:
        return None
    return found[0] if len(found) == 1 else None


def _write_form(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS alembic_version")
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", (_SCRIPTS.get_current_head(),))


def rebuild(file: Path) -> Path:
    """Make a new database of what can be read, and return the name under which the old one is kept.

    Raises OSError or sqlite3.Error where that is not possible; the old file is then where it was.
    """
    new = file.with_name(f".{file.name}.rebuilt")
    new.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{new}")
    orm.Base.metadata.create_all(engine)
    engine.dispose()
    with closing(sqlite3.connect(new)) as target, target:
        _write_form(target)
        for name in (*orm.Base.metadata.tables, _OWN_TABLE) if file.is_file() else ():
            with suppress(sqlite3.Error):
                _copy_table(file, target, name)
    new.chmod(0o600)
    kept = file.with_name(f"{file.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    for ending in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            file.with_name(file.name + ending).rename(f"{kept}{ending}")
    if file.is_file():
        # at no moment is there no database
        os.link(file, kept)
    else:
        file.rename(kept)
    new.replace(file)
    return kept


def _copy_table(file: Path, target: sqlite3.Connection, name: str) -> None:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=SECONDS, uri=True)) as source:
        source.text_factory = bytes
        there = [row[1].decode() for row in source.execute(f'PRAGMA table_info("{name}")')]
        wanted = [row[1] for row in target.execute(f'PRAGMA table_info("{name}")')]
        if name == _OWN_TABLE and there:
            (made,) = source.execute("SELECT CAST(sql AS TEXT) FROM sqlite_master WHERE name = ?", (name,)).fetchone()
            target.execute(made.decode())
            wanted = there
        columns = [column for column in wanted if column in there]
        if not columns:
            return
        listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        for row in _read_rows(source, name, columns):
            target.execute(f'INSERT OR IGNORE INTO "{name}" ({listed}) VALUES ({marks})', row)  # noqa: S608


def _read_rows(source: sqlite3.Connection, name: str, columns: list[str]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table, and go on behind what cannot be read."""
    # a text as its own bytes, whatever they are
    read = ", ".join(f'"{column}", typeof("{column}")' for column in columns)
    query = f'SELECT rowid, {read} FROM "{name}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608  # our own names
    last, gaps = -1, 0
    while gaps <= MOST_GAPS:
        try:
            for number, *values in source.execute(query, (last,)):
                last = number
                yield tuple(
                    value.decode(errors="replace") if kind == b"text" else value
                    for value, kind in zip(values[::2], values[1::2], strict=True)
                )
            return
        except sqlite3.DatabaseError:
            last, gaps = last + 1, gaps + 1


def note_problem(note: DatabaseNote, problem: str) -> DatabaseNote:
    """Return the note with a sentence about what happened now. Pure but for the clock."""
    return replace(note, problems=(*note.problems, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {problem}"))
