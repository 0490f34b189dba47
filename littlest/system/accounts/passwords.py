"""The passwords of users who log in with a password of their own.

The store is a SQLite file in the form of Python's `dbm.sqlite3`: one table of names and bcrypt hashes. Not every
Python has that backend of `dbm`, so this module uses `sqlite3`.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import SetInitialPassword

LONGEST_PASSWORD = 72
"""Bytes; bcrypt refuses more."""
SHORTEST_PASSWORD = 7
"""Characters that the first-use authenticator asks for."""
# easy to read aloud and to type: no l, 1, O or 0
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def set_password(file: Path, user: str, password: str) -> None:
    """Store the user's password as a bcrypt hash. Raises LittlestError when it is too long or too short."""
    import bcrypt  # noqa: PLC0415  # not needed by most commands

    content = password.encode()
    if len(content) > LONGEST_PASSWORD:
        problem = f"the password is {len(content)} bytes long; at most {LONGEST_PASSWORD} are possible"
        raise LittlestError(problem, "Choose a shorter one.")
    if len(password) < SHORTEST_PASSWORD:
        problem = f"the password is too short: it needs at least {SHORTEST_PASSWORD} characters"
        raise LittlestError(problem, "Choose a longer one.")
    digest = bcrypt.hashpw(content, bcrypt.gensalt())
    with _open_store(file) as store:
        store.execute("REPLACE INTO Dict (key, value) VALUES (CAST(? AS BLOB), CAST(? AS BLOB))", (user, digest))
    _forget_first_password(file, user, password)


def has_password(file: Path, user: str) -> bool:
    """Whether the user has a password."""
    return _read_digest(file, user) is not None


def check_password(file: Path, user: str, password: str) -> bool:
    """Whether this is the user's password; False for a user without one and for one that bcrypt could not store."""
    import bcrypt  # noqa: PLC0415  # not needed by most commands

    digest = _read_digest(file, user)
    content = password.encode()
    return digest is not None and len(content) <= LONGEST_PASSWORD and bcrypt.checkpw(content, digest)


def remove_password(file: Path, user: str) -> None:
    """Forget the user's password, so that the next login chooses one."""
    with _open_store(file) as store:
        store.execute("DELETE FROM Dict WHERE key = CAST(? AS BLOB)", (user,))


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


def _read_digest(file: Path, user: str) -> bytes | None:
    if not file.exists():
        return None
    with _open_store(file) as store:
        row = store.execute("SELECT value FROM Dict WHERE key = CAST(? AS BLOB)", (user,)).fetchone()
    return None if row is None else bytes(row[0])


@contextmanager
def _open_store(file: Path) -> Iterator[sqlite3.Connection]:
    # SQLite would make the file with the umask's mode
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(file, timeout=10)) as store, store:
            store.execute("CREATE TABLE IF NOT EXISTS Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)")
            yield store
    except sqlite3.Error as error:
        raise LittlestError(f"the passwords in {file} cannot be read or written: {error}") from error
