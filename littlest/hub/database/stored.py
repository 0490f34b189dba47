"""What SQLite keeps, as JupyterHub's own classes read it: can they work with the value, and what else would do? Pure.

SQLite takes any value in any column, and JupyterHub trusts what it reads.
"""

import json
import math
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jupyterhub.orm import JSONDict, JSONList
from jupyterhub.scopes import scope_definitions
from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, String
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect()
NEEDED: Mapping[str, frozenset[str]] = {
    "users": frozenset({"name"}),
    "groups": frozenset({"name"}),
    "roles": frozenset({"name"}),
    "services": frozenset({"name"}),
    "spawners": frozenset({"user_id", "name"}),
    "servers": frozenset({"proto", "ip", "port", "base_url", "cookie_name"}),
    "oauth_clients": frozenset({"identifier"}),
    "oauth_codes": frozenset({"client_id", "user_id", "code"}),
    "api_tokens": frozenset({"hashed", "prefix", "client_id"}),
    "shares": frozenset({"owner_id", "spawner_id"}),
    "share_codes": frozenset({"owner_id", "spawner_id", "hashed", "prefix"}),
}
"""Columns without which a row is nothing, though the database allows NULL in most of them."""
_NAMES = frozenset({("spawners", "name"), ("servers", "ip"), ("servers", "cookie_name")})
"""Columns that are needed and may be an empty text."""
_ONE_OF: Mapping[str, tuple[str, str]] = {
    "api_tokens": ("user_id", "service_id"),
    "shares": ("user_id", "group_id"),
}
"""Who has a right: exactly one of the two."""
_PEOPLE = frozenset({"users", "groups", "roles", "services", "spawners"})
"""Tables whose rows are kept without a value that they can do without."""
_REMARKS = frozenset(
    {"created", "created_at", "description", "display_name", "exchange_count", "last_activity", "last_exchanged_at"}
    | {"note", "email", "login_email_sent"}
)
"""Columns that decide about no right: without its end, say, a token of another table would be valid for ever."""
_SORTED = ("api_tokens", "created")
"""The column by which JupyterHub sorts, and cannot where it is missing twice."""
_LONG_AGO = "1970-01-01 00:00:00.000000"
_PROTOCOLS = frozenset({"http", "https", "http+unix"})
_PATH = re.compile(r"/[!-~]*")
MOST_PORT = 65535
_HASHED = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512):[1-9][0-9]{0,5}:[^:]*:[0-9a-f]*")
"""How JupyterHub keeps a token; it cannot ask whether another text fits a token."""
_SCOPES = frozenset({"scopes", "allowed_scopes", "oauth_client_allowed_scopes"})
_LIMITED = re.compile("user|server|service|[a-z]+=.+", re.DOTALL)
"""What may be behind the mark of a limited scope."""
DEEPEST = 20
"""Lists and groups of values in each other."""
_BYTES_MARK = "__jupyterhub_bytes__"
"""The key by which JupyterHub knows a group of values that stands for bytes, which no answer of its API can have."""


class Undecodable(bytes):
    """A text that is no UTF-8."""


def decode(content: bytes) -> str | Undecodable:
    """Return a text as SQLite keeps it; for `sqlite3.Connection.text_factory`."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Undecodable(content)


def find_value_problem(column: Column[Any], value: object) -> str:
    """Return why JupyterHub cannot work with a value of this column, as the end of a sentence; empty if it can."""
    is_needed = column.name in NEEDED.get(column.table.name, ()) or not column.nullable
    if value is None:
        is_needed = is_needed or (column.table.name, column.name) == _SORTED
        return "is missing" if is_needed and not column.primary_key else ""
    if value == "" and is_needed and (column.table.name, column.name) not in _NAMES and _is_text(column):
        return "is empty"
    return "" if _is_usable(column, value) else f"is no {_describe(column)}"


def find_row_problem(table: str, row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row whose single values are right; empty for nothing."""
    if table in _ONE_OF and sum(row.get(name) is not None for name in _ONE_OF[table]) != 1:
        return "belongs to nobody"
    if table == "servers":
        is_address = row["proto"] in _PROTOCOLS and 0 <= row["port"] <= MOST_PORT
        return "" if is_address and _PATH.fullmatch(row["base_url"]) else "is no address"
    return ""


def is_dispensable(column: Column[Any]) -> bool:
    """Whether a row keeps its meaning without the value of this column."""
    table = column.table.name
    if column.primary_key or column.name in NEEDED.get(table, ()):
        return False
    can_be_replaced = column.nullable or make_substitute(column) is not None
    return can_be_replaced and (table in _PEOPLE or column.name in _REMARKS)


def make_substitute(column: Column[Any]) -> Any:
    """Return what SQLite should keep in the place of a value that cannot be used: the least right there is."""
    if column.name == "cookie_id":
        # who is logged in has to log in again
        return secrets.token_hex(16)
    if (column.table.name, column.name) == _SORTED:
        return _LONG_AGO
    default = getattr(column.default, "arg", None)
    if isinstance(default, dict | list):
        return json.dumps(default)
    return int(default) if isinstance(default, bool | int) else None


@cache
def _make_reader(column: Column[Any]) -> Callable[[Any], Any]:
    return column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) or (lambda value: value)


def _is_usable(column: Column[Any], value: Any) -> bool:
    kind = column.type
    if isinstance(kind, Boolean | Integer):
        return isinstance(value, int) and (isinstance(kind, Integer) or value in (0, 1))
    if isinstance(kind, LargeBinary):
        return isinstance(value, bytes) and not isinstance(value, Undecodable)
    return isinstance(value, str) and _is_readable(column, value)


def _is_readable(column: Column[Any], text: str) -> bool:
    kind = column.type
    try:
        read = _make_reader(column)(text)
    except Exception:  # whatever a text makes of a parser
        return False
    if isinstance(kind, DateTime):
        return isinstance(read, datetime) and read.tzinfo is None
    if isinstance(kind, JSONList):
        is_list = isinstance(read, list) and all(isinstance(one, str) for one in read)
        return is_list and (column.name not in _SCOPES or all(map(_is_scope, read)))
    if isinstance(kind, JSONDict):
        return isinstance(read, dict | None) and is_plain(read)
    return isinstance(read, str) and (column.name != "hashed" or bool(_HASHED.fullmatch(read)))


def is_plain(value: Any, deepest: int = DEEPEST) -> bool:
    """Whether JupyterHub can keep a value, and every program can read its answer with the value in it."""
    if isinstance(value, dict):
        is_known = all(isinstance(key, str) and key != _BYTES_MARK for key in value)
        return is_known and deepest > 0 and all(is_plain(inner, deepest - 1) for inner in value.values())
    if isinstance(value, list):
        return deepest > 0 and all(is_plain(inner, deepest - 1) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | None)


def _is_scope(scope: str) -> bool:
    name, mark, limit = scope.partition("!")
    return name in scope_definitions and (not mark or _LIMITED.fullmatch(limit) is not None)


def _is_text(column: Column[Any]) -> bool:
    return isinstance(column.type, String)


def _describe(column: Column[Any]) -> str:
    kind = column.type
    kinds = ((Boolean, "yes or no"), (Integer, "number"), (LargeBinary, "sequence of bytes"), (DateTime, "time"))
    found = next((words for one, words in kinds if isinstance(kind, one)), "text")
    if isinstance(kind, JSONDict):
        found = "list of words" if isinstance(kind, JSONList) else "group of values"
    if column.name in _SCOPES:
        found = "list of scopes"
    return "hash of a token" if column.name == "hashed" else found
