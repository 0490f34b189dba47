"""Leaves rows out of the hub's database that JupyterHub cannot work with. They are kept in a table of ours.

One such row keeps the hub from starting, or empties the admin panel. What can go on without one value does.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyterhub import orm
from sqlalchemy import Column, Table

from littlest.hub.database.stored import (
    decode,
    find_row_problem,
    find_value_problem,
    is_dispensable,
    make_substitute,
)
from littlest.system.hub.set_aside import LEFT_OUT, MADE_AGAIN, NOT_GIVEN, SECONDS, SetAside, keep_aside

Row = dict[str, Any]
MakeAddress = Callable[[str, str], Mapping[str, Any]]
"""From the names of a user and of a server to the row of that server's address."""
_SHOWN = 60
"""Characters of a name that a person sees."""


def set_rows_aside(file: Path, make_address: MakeAddress) -> tuple[SetAside, ...]:
    """Leave out what JupyterHub cannot work with, all in one transaction; return what, and why.

    `make_address` gives the address of a server whose own row is lost: the server may still run. Raises sqlite3.Error
    when the file cannot be read or written.
    """
    with closing(sqlite3.connect(file, timeout=SECONDS)) as connection, connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = decode
        return tuple(_Sieve(connection, make_address).find_all())


class _Sieve:
    """One look at all tables, those first to which others refer."""

    def __init__(self, connection: sqlite3.Connection, make_address: MakeAddress) -> None:
        self._connection, self._make_address = connection, make_address
        self._at = datetime.now(UTC).isoformat(timespec="seconds")
        self._tables = orm.Base.metadata.sorted_tables
        self._known: dict[Column[Any], set[Any]] = {
            key.column: set() for table in self._tables for key in table.foreign_keys
        }
        """The values of the columns to which others refer."""
        self._users: dict[int, str] = {}

    def find_all(self) -> Iterator[SetAside]:
        there = {str(row["name"]) for row in self._connection.execute("SELECT name FROM sqlite_master")}
        for table in self._tables:
            rows = self._connection.execute(f'SELECT rowid AS "row id", * FROM "{table.name}"')  # noqa: S608
            for row in rows.fetchall() if table.name in there else ():
                yield from self._check_row(table, dict(row))

    def _check_row(self, table: Table, row: Row) -> Iterator[SetAside]:
        before = dict(row)
        problems = {column: problem for column in table.columns if (problem := self._find_problem(column, row))}
        fatal = [f"{column.name} {problem}" for column, problem in problems.items() if not is_dispensable(column)]
        if fatal or (fatal := [problem] if (problem := find_row_problem(table.name, row)) else []):
            self._connection.execute(f'DELETE FROM "{table.name}" WHERE rowid = ?', (row["row id"],))  # noqa: S608
            yield self._keep(table, before, fatal[0], LEFT_OUT)
            return
        for column, problem in problems.items():
            if (table.name, column.name) == ("spawners", "server_id"):
                self._write_address(row)
                yield self._keep(table, before, f"{column.name} {problem}", MADE_AGAIN)
                continue
            row[column.name] = make_substitute(column)
            change = f'UPDATE "{table.name}" SET "{column.name}" = ? WHERE rowid = ?'  # noqa: S608  # JupyterHub's names
            self._connection.execute(change, (row[column.name], row["row id"]))
            yield self._keep(table, before, f"{column.name} {problem}", NOT_GIVEN)
        for column in self._known.keys() & set(table.columns):
            self._known[column].add(row[column.name])
        if table.name == "users":
            self._users[row["id"]] = row["name"]

    def _find_problem(self, column: Column[Any], row: Row) -> str:
        value = row.get(column.name)
        problem = find_value_problem(column, value)
        if value is None or problem:
            return problem
        is_there = all(value in self._known[key.column] for key in column.foreign_keys)
        return "" if is_there else "leads nowhere"

    def _write_address(self, spawner: Row) -> None:
        """Give a spawner's server the address that it has if it still runs."""
        address = {**self._make_address(self._users[spawner["user_id"]], spawner["name"])}
        columns = ", ".join(address)
        marks = ", ".join("?" * len(address))
        made = self._connection.execute(f"INSERT INTO servers ({columns}) VALUES ({marks})", tuple(address.values()))  # noqa: S608
        self._connection.execute(
            "UPDATE spawners SET server_id = ? WHERE rowid = ?", (made.lastrowid, spawner["row id"])
        )

    def _keep(self, table: Table, row: Row, problem: str, outcome: str) -> SetAside:
        label = next((row[name] for name in ("name", "identifier", "username") if isinstance(row.get(name), str)), "")
        # escaped, because a name can hold anything
        shown = f" {json.dumps(label[:_SHOWN], ensure_ascii=True)}" if label else ""
        one = SetAside(self._at, f"{table.name} {row['row id']}{shown}", problem, outcome)
        keep_aside(self._connection, one, {name: value for name, value in row.items() if name != "row id"})
        return one
