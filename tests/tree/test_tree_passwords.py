"""Passwords in the very form that the authenticator reads and writes."""

import concurrent.futures
import sqlite3
from pathlib import Path, PurePosixPath

import bcrypt
import pytest

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import MakeDirectory, SetInitialPassword
from littlest.system.accounts.passwords import (
    check_password,
    has_password,
    is_one_time_password,
    lock_password,
    make_one_time_password,
    read_password_states,
    remove_password,
    set_initial_password,
    set_password,
)
from littlest.system.accounts.words import WORDS
from littlest.system.files import make_directory


def test_a_password_is_checked_and_never_stored(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    assert not has_password(file, "anna")
    assert not check_password(file, "anna", "correct horse")
    assert not file.exists()
    set_password(file, "anna", "correct horse")
    assert has_password(file, "anna")
    assert check_password(file, "anna", "correct horse")
    assert not check_password(file, "anna", "Correct horse")
    assert not check_password(file, "ben", "correct horse")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"correct horse" not in file.read_bytes()
    set_password(file, "anna", "another one")
    assert not check_password(file, "anna", "correct horse")


def test_the_store_is_the_one_that_dbm_sqlite3_makes(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    set_password(file, "änna", "correct horse")
    with sqlite3.connect(file) as store:
        rows = store.execute("SELECT key, value FROM Dict").fetchall()
    assert rows[0][0] == "änna".encode()
    assert bcrypt.checkpw(b"correct horse", rows[0][1])


@pytest.mark.parametrize(("password", "problem"), [("ä" * 37, "74 bytes"), ("short", "too short"), ("", "too short")])
def test_a_password_that_cannot_be_is_refused_with_a_sentence(tmp_path: Path, password: str, problem: str) -> None:
    with pytest.raises(LittlestError, match=problem):
        set_password(tmp_path / "passwords.sqlite", "anna", password)
    assert not has_password(tmp_path / "passwords.sqlite", "anna")


def test_checking_a_password_that_is_too_long_is_only_wrong(tmp_path: Path) -> None:
    set_password(tmp_path / "passwords.sqlite", "anna", "a" * 72)
    assert check_password(tmp_path / "passwords.sqlite", "anna", "a" * 72)
    assert not check_password(tmp_path / "passwords.sqlite", "anna", "a" * 73)


def test_a_file_that_is_no_store_is_an_error_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    file.write_text("this is no database, and long enough to be taken for one" * 20)
    with pytest.raises(LittlestError, match=r"passwords\.sqlite cannot be read or written"):
        has_password(file, "anna")


def test_a_one_time_password_is_known_as_one_until_it_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    password = make_one_time_password()
    set_password(file, "anna", password, one_time=True)
    assert check_password(file, "anna", password)
    assert is_one_time_password(file, "anna")
    assert read_password_states(file) == {"anna": "one_time"}
    set_password(file, "anna", "correct horse")
    assert not is_one_time_password(file, "anna")
    assert read_password_states(file) == {"anna": "own"}


def test_one_time_passwords_are_words_that_are_easy_to_tell_apart() -> None:
    assert len(set(WORDS)) == 512
    assert all(3 <= len(word) <= 9 and word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    made = {make_one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password.split("-")) == 4 and set(password.split("-")) <= set(WORDS) for password in made)


def test_the_name_of_a_deleted_user_is_not_open_to_the_first_comer(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    lock_password(file, "nobody")
    assert not has_password(file, "nobody")
    set_password(file, "anna", "correct horse")
    lock_password(file, "anna")
    assert has_password(file, "anna")
    assert not check_password(file, "anna", "correct horse")
    assert not check_password(file, "anna", "!")
    assert read_password_states(file) == {"anna": "none"}
    remove_password(file, "anna")
    assert not has_password(file, "anna")


def test_many_at_once(tmp_path: Path) -> None:
    file = tmp_path / "passwords.sqlite"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: set_password(file, f"user{number}", "correct horse"), range(16)))
    assert all(has_password(file, f"user{number}") for number in range(16))


def test_a_first_password_that_was_noted_but_not_stored_is_used_again(machine: Machine) -> None:
    for directory in (paths.STATE_DIR, paths.SECRETS_DIR, paths.INITIAL_PASSWORD_DIR):
        make_directory(machine, MakeDirectory(directory, 0o700))
    step = SetInitialPassword("anna")
    set_initial_password(machine, step)
    note = machine.read_text(paths.INITIAL_PASSWORD_DIR / "anna")
    machine.path(paths.PASSWORDS_FILE).unlink()
    set_initial_password(machine, step)
    assert machine.read_text(paths.INITIAL_PASSWORD_DIR / "anna") == note
    assert check_password(machine.path(paths.PASSWORDS_FILE), "anna", (note or "").strip())


def test_an_empty_password_file_is_refused(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\nsecond line\n")
    with pytest.raises(LittlestError, match="is empty"):
        set_initial_password(machine, SetInitialPassword("anna", PurePosixPath(tmp_path / "password")))


def test_the_file_with_a_first_password_goes_when_another_one_counts(machine: Machine) -> None:
    for directory in (paths.STATE_DIR, paths.SECRETS_DIR, paths.INITIAL_PASSWORD_DIR):
        make_directory(machine, MakeDirectory(directory, 0o700))
    note, store = paths.INITIAL_PASSWORD_DIR / "anna", machine.path(paths.PASSWORDS_FILE)
    set_initial_password(machine, SetInitialPassword("anna"))
    set_password(store, "ben", "another one")
    set_password(store, "anna", (machine.read_text(note) or "").strip())
    assert machine.read_state(note) is not None
    set_password(store, "anna", "another one")
    assert machine.read_state(note) is None
    set_password(store, "anna", "a third one")
