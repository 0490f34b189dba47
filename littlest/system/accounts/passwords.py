"""The passwords of users who log in with a password of their own.

The store is a SQLite file in the form of Python's `dbm.sqlite3`: one table of names and bcrypt hashes. Not every
Python has that backend of `dbm`, so this module uses `sqlite3`. A second table has the names whose password is a
one-time password.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import SetInitialPassword
from littlest.system.accounts.words import WORDS

LONGEST_PASSWORD = 72
"""Bytes; bcrypt refuses more."""
SHORTEST_PASSWORD = 7
"""Characters that the first-use authenticator asks for."""
ONE_TIME_WORDS = 4
"""Words of a one-time password: 36 bits, and it may be tried about 700 times an hour."""
_NO_PASSWORD = b"!"
"""In the place of a hash: no password is right."""
# easy to read aloud and to type: no l, 1, O or 0
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class PasswordState(StrEnum):
    """What kind of password a user has."""

    OWN = "own"
    """One that the user chose."""
    ONE_TIME = "one_time"
    """One that somebody made for the user, who must change it at the next login."""
    NONE = "none"
    """None that is right: the user was deleted. Nobody can choose one at a login."""


def make_one_time_password() -> str:
    """Return a new password of four words."""
    return "-".join(secrets.choice(WORDS) for _ in range(ONE_TIME_WORDS))


def set_password(file: Path, user: str, password: str, *, one_time: bool = False, only_first: bool = False) -> bool:
    """Store the user's password as a bcrypt hash; return whether it was stored.

    `only_first` keeps a password that the user has by now. Raises LittlestError for one too long or too short.
    """
    import bcrypt  # noqa: PLC0415  # not needed by most commands

    content = password.encode()
    if len(content) > LONGEST_PASSWORD:
        problem = f"the password is {len(content)} bytes long; at most {LONGEST_PASSWORD} are possible"
        raise LittlestError(problem, "Choose a shorter one.")
    if len(password) < SHORTEST_PASSWORD:
        problem = f"the password is too short: it needs at least {SHORTEST_PASSWORD} characters"
        raise LittlestError(problem, "Choose a longer one.")
    is_stored = _store(file, user, bcrypt.hashpw(content, bcrypt.gensalt()), one_time=one_time, only_first=only_first)
    if is_stored:
        _forget_first_password(file, user, password)
    return is_stored


def has_password(file: Path, user: str) -> bool:
    """Whether the user has a password, or had one when the user was deleted: nobody else may choose one."""
    return read_digest(file, user) is not None


def read_digest(file: Path, user: str) -> bytes | None:
    """Return the hash of the user's password; None for a user without one."""
    if not file.exists():
        return None
    with _open_store(file) as store:
        row = store.execute("SELECT value FROM Dict WHERE key = CAST(? AS BLOB)", (user,)).fetchone()
    return None if row is None else bytes(row[0])


def check_password(file: Path, user: str, password: str) -> bool:
    """Whether this is the user's password; False for a user without one and for one that bcrypt could not store."""
    import bcrypt  # noqa: PLC0415  # not needed by most commands

    digest = read_digest(file, user)
    content = password.encode()
    is_possible = digest not in (None, _NO_PASSWORD) and len(content) <= LONGEST_PASSWORD
    return is_possible and bcrypt.checkpw(content, digest or b"")


def lock_password(file: Path, user: str, *, always: bool = False) -> None:
    """Make the user's password invalid, and keep the name from the first comer: the account and home stay.

    Without `always`, only for a user with a password.
    """
    if always or has_password(file, user):
        _store(file, user, _NO_PASSWORD, one_time=False)


def remove_password(file: Path, user: str) -> None:
    """Forget the user's password, so that the next login chooses one."""
    with _open_store(file) as store:
        store.execute("DELETE FROM Dict WHERE key = CAST(? AS BLOB)", (user,))
        _mark(store, user, one_time=False)


def read_password_states(file: Path) -> dict[str, PasswordState]:
    """Return the names in the store, each with what kind of password it has."""
    if not file.exists():
        return {}
    with _open_store(file) as store:
        one_time = {bytes(row[0]) for row in store.execute("SELECT key FROM OneTime")}
        rows = [(bytes(key), bytes(value)) for key, value in store.execute("SELECT key, value FROM Dict")]
    return {key.decode(errors="replace"): _find_state(value, key in one_time) for key, value in rows}


def mark_one_time(file: Path, user: str, *, one_time: bool) -> None:
    """Note that the user's password, wherever it is kept, is a one-time password, or no longer."""
    with _open_store(file) as store:
        _mark(store, user, one_time=one_time)


def is_one_time_password(file: Path, user: str) -> bool:
    """Whether the user's password is a one-time password."""
    if not file.exists():
        return False
    with _open_store(file) as store:
        return store.execute("SELECT 1 FROM OneTime WHERE key = CAST(? AS BLOB)", (user,)).fetchone() is not None


def is_initial_password_set(machine: Machine, step: SetInitialPassword) -> bool:
    """Whether the user has a password, first or later, or that of an approved sign-up."""
    database = machine.path(paths.DATABASE_FILE)
    return has_password(machine.path(paths.PASSWORDS_FILE), step.user) or _is_signed_up(database, step.user)


def set_initial_password(machine: Machine, step: SetInitialPassword) -> None:
    """Give the user a first password: the first line of `password_file`, or a new one in a file for root.

    Raises LittlestError when the file cannot be read or its password cannot be used.
    """
    if step.password_file is not None:
        password = _read_first_line(Path(step.password_file))
    else:
        note = paths.INITIAL_PASSWORD_DIR / step.user
        password = (machine.read_text(note) or "").strip()
        if not password:
            password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
            machine.write_file(note, password + "\n", mode=0o600)
    set_password(machine.path(paths.PASSWORDS_FILE), step.user, password)


def _forget_first_password(file: Path, user: str, password: str) -> None:
    """Remove the file with the user's first password, once another one counts."""
    note = file.parent / paths.INITIAL_PASSWORD_DIR.relative_to(paths.STATE_DIR) / user
    try:
        if note.read_text().strip() != password:
            note.unlink()
    except (OSError, UnicodeDecodeError):
        return  # there is none, or it is no file of ours


def _is_signed_up(database: Path, user: str) -> bool:
    # the table of `auth.type: native`, once that was used
    if not database.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=10)) as store:
            row = store.execute("SELECT is_authorized FROM users_info WHERE username = ?", (user,)).fetchone()
    except sqlite3.Error:
        return False
    return bool(row and row[0])


def _read_first_line(file: Path) -> str:
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LittlestError(f"the password file {file} cannot be read: {error}") from error
    if not lines or not lines[0]:
        raise LittlestError(f"the password file {file} is empty", "Write the password into its first line.")
    return lines[0]


def _find_state(digest: bytes, one_time: bool) -> PasswordState:
    if digest == _NO_PASSWORD:
        return PasswordState.NONE
    return PasswordState.ONE_TIME if one_time else PasswordState.OWN


def _store(file: Path, user: str, digest: bytes, *, one_time: bool, only_first: bool = False) -> bool:
    insert = "INSERT OR IGNORE" if only_first else "REPLACE"
    with _open_store(file) as store:
        change = f"{insert} INTO Dict (key, value) VALUES (CAST(? AS BLOB), CAST(? AS BLOB))"
        is_stored = store.execute(change, (user, digest)).rowcount > 0
        if is_stored:
            _mark(store, user, one_time=one_time)
    return is_stored


def _mark(store: sqlite3.Connection, user: str, *, one_time: bool) -> None:
    change = "REPLACE INTO OneTime (key) VALUES (CAST(? AS BLOB))"
    store.execute(change if one_time else "DELETE FROM OneTime WHERE key = CAST(? AS BLOB)", (user,))


@contextmanager
def _open_store(file: Path) -> Iterator[sqlite3.Connection]:
    # SQLite would make the file with the umask's mode
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(file, timeout=10)) as store, store:
            store.execute("CREATE TABLE IF NOT EXISTS Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)")
            store.execute("CREATE TABLE IF NOT EXISTS OneTime (key BLOB UNIQUE NOT NULL)")
            yield store
    except sqlite3.Error as error:
        raise LittlestError(f"the passwords in {file} cannot be read or written: {error}") from error
