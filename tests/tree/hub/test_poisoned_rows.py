"""Every column of the hub's database with values that no hub puts there: JupyterHub can read the rest."""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nativeauthenticator.orm  # its table is one of the hub's where people sign up
import pytest
from jupyterhub import orm
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from littlest import paths
from littlest.hub.database.guard import check_emptied, make_database_usable, remember_database
from littlest.hub.database.rows import set_rows_aside
from littlest.machine.machine import Machine
from littlest.system.hub.set_aside import LEFT_OUT, NOT_GIVEN, list_set_aside, read_note
from tests.support.poison import POISONS, poison

VALUES = (
    "NULL",
    "''",
    "'x'",
    "'{'",
    "'[1]'",
    "-1",
    "1e300",
    "X'00FF'",
    "CAST(X'FF41' AS TEXT)",
    "'2026-13-45'",
    "'a' || char(0)",
)


def make_address(user: str, server: str) -> dict[str, Any]:
    return {
        "proto": "http+unix",
        "ip": "",
        "port": 80,
        "base_url": f"/user/{quote(user)}/{quote(server)}",
        "cookie_name": "",
    }


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two users who have everything that one can have."""
    file = tmp_path_factory.mktemp("database") / "sound.sqlite"
    db = orm.new_session_factory(f"sqlite:///{file}")()
    client = orm.OAuthClient(identifier="jupyterhub", secret="", redirect_uri="")
    role = orm.Role(name="user", scopes=["self"])
    group = orm.Group(name="lab")
    service = orm.Service(name="grades", url="http://127.0.0.1:9000")
    db.add_all([client, role, group, service])
    for name in ("ada", "ben"):
        user = orm.User(name=name, roles=[role], groups=[group])
        server = orm.Server(proto="http+unix", ip="x", port=80, base_url=f"/user/{name}/")
        user._orm_spawners = [orm.Spawner(name="", server=server, state={"unit_name": "x"}, user_options={})]
        db.add(user)
        db.commit()
        user.new_api_token(scopes=[])
        db.add(orm.OAuthCode(client=client, user=user, code="c", expires_at=1, redirect_uri="", scopes=[]))
        orm.ShareCode.new(db, user._orm_spawners[0], scopes=["access:servers"])
    ada, ben = db.query(orm.User).order_by(orm.User.id)
    orm.Share.grant(db, ada._orm_spawners[0], ben)
    db.add(nativeauthenticator.orm.UserInfo(username="ada", password=b"long enough"))
    db.commit()
    db.close()
    return file


@pytest.fixture
def database(sound: Path) -> Iterator[Path]:
    """A copy in memory: each of some thousand transactions would wait for the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(shutil.copy(sound, Path(folder) / "jupyterhub.sqlite"))


OPEN: list[Path] = []
ENGINE = create_engine("sqlite://", creator=lambda: sqlite3.connect(OPEN[-1]), poolclass=NullPool)
"""One for all files, because it remembers how to ask."""


def read_all(file: Path) -> dict[str, int]:
    """Load every row with JupyterHub's classes; gives their numbers."""
    OPEN[:] = [file]
    found = {}
    with Session(ENGINE) as db:
        for mapper in orm.Base.registry.mappers:
            found[mapper.local_table.name] = len(db.query(mapper.class_).all())
        for user in db.query(orm.User):
            assert isinstance(user.name, str)
            assert user.name
            sorted(user.orm_spawners.items())
        for token in db.query(orm.APIToken):
            assert token.owner is not None
            assert token.oauth_client is not None
    return found


def list_columns() -> Iterator[tuple[str, str]]:
    for table in orm.Base.metadata.sorted_tables:
        yield from ((table.name, column.name) for column in table.columns if not _is_number_of_row(column))


def _is_number_of_row(column: Any) -> bool:
    return bool(column.primary_key and not column.foreign_keys)


def test_a_sound_database_is_left_alone(database: Path) -> None:
    before = database.read_bytes()
    assert set_rows_aside(database, make_address) == ()
    assert database.read_bytes() == before
    assert read_all(database)["users"] == 2


@pytest.mark.parametrize(("table", "column"), list(list_columns()))
def test_a_column_may_hold_anything(sound: Path, database: Path, table: str, column: str) -> None:
    for value in VALUES:
        shutil.copy(sound, database)
        try:
            poison(database, [f'UPDATE "{table}" SET "{column}" = {value} WHERE rowid = 1'])
        except sqlite3.IntegrityError:
            continue
        set_rows_aside(database, make_address)
        found = read_all(database)
        # nobody else loses anything
        assert found["users"] >= 1
        assert set_rows_aside(database, make_address) == (), (value, "the second look finds nothing more")


@pytest.mark.parametrize("name", POISONS)
def test_a_row_of_the_list(database: Path, name: str) -> None:
    poison(database, POISONS[name])
    set_rows_aside(database, make_address)
    assert read_all(database)["users"] >= 1
    assert set_rows_aside(database, make_address) == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_many_faults_at_once(database: Path, seed: int) -> None:
    dice = random.Random(seed)
    columns = list(list_columns())
    for _ in range(dice.randint(1, 30)):
        table, column = dice.choice(columns)
        what = f'UPDATE "{table}" SET "{column}" = {dice.choice(VALUES)} WHERE rowid = {dice.randint(1, 3)}'
        try:
            poison(database, [dice.choice((what, f'DELETE FROM "{table}" WHERE rowid = {dice.randint(1, 3)}'))])
        except sqlite3.IntegrityError:
            continue
    set_rows_aside(database, make_address)
    read_all(database)
    assert set_rows_aside(database, make_address) == ()


def test_what_is_left_out_is_kept_and_named(database: Path) -> None:
    poison(database, ["UPDATE users SET name = NULL WHERE name = 'ben'", "UPDATE users SET created = 'x'"])
    found = set_rows_aside(database, make_address)
    assert [(one.place, one.problem, one.outcome) for one in found if one.place.startswith("users")] == [
        ('users 1 "ada"', "created is no time", NOT_GIVEN),
        ("users 2", "name is missing", LEFT_OUT),
    ]
    # with the user goes what belongs to the user, and nothing of others
    assert {one.place.split()[0] for one in found} == {
        "users",
        "api_tokens",
        "oauth_codes",
        "shares",
        "share_codes",
        "spawners",
        "user_group_map",
        "user_role_map",
    }
    with closing(sqlite3.connect(database)) as connection:
        kept = [row[0] for row in connection.execute("SELECT content FROM littlest_set_aside")]
    assert len(kept) == len(found)
    assert '"cookie_id"' in kept[1]


def test_a_token_whose_end_cannot_be_read_is_no_token(database: Path) -> None:
    poison(database, ["UPDATE api_tokens SET expires_at = 'never' WHERE rowid = 1"])
    (found,) = set_rows_aside(database, make_address)
    assert (found.problem, found.outcome) == ("expires_at is no time", LEFT_OUT)


def test_an_admin_flag_that_is_none_makes_nobody_an_admin(database: Path) -> None:
    poison(database, ["UPDATE users SET admin = 'yes'"])
    set_rows_aside(database, make_address)
    with closing(sqlite3.connect(database)) as connection:
        assert [row[0] for row in connection.execute("SELECT admin FROM users")] == [0, 0]


def test_a_running_server_keeps_its_address(database: Path) -> None:
    poison(
        database,
        ["UPDATE servers SET port = 'many' WHERE rowid = 1", "UPDATE spawners SET server_id = 9 WHERE rowid = 2"],
    )
    set_rows_aside(database, make_address)
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT spawners.id, base_url FROM spawners JOIN servers ON servers.id = server_id"
        )
        assert sorted(found) == [(1, "/user/ada/"), (2, "/user/ben/")]


# -- the file as a whole ------


@pytest.fixture
def installed(machine: Machine, sound: Path) -> Path:
    """The database of a hub that ran before."""
    file = machine.path(paths.DATABASE_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(sound, file)
    remember_database(machine, 2)
    return file


def damage_pages(file: Path) -> None:
    with file.open("r+b") as content:
        content.seek(4096 * 2)
        content.write(b"\xaa" * 4096 * 3)


def start(machine: Machine) -> int:
    """What the hub does with its database before it answers; gives the number of users."""
    make_database_usable(machine, make_address)
    file = machine.path(paths.DATABASE_FILE)
    db = orm.new_session_factory(f"sqlite:///{file}")()
    users = db.query(orm.User).count()
    db.close()
    check_emptied(machine, users)
    remember_database(machine, users)
    return users


def test_a_database_that_is_well_says_nothing(machine: Machine, installed: Path) -> None:
    assert start(machine) == 2
    assert start(machine) == 2
    assert read_note(machine).problems == ()
    assert list_set_aside(machine) == ()


@pytest.mark.parametrize(
    ("spoil", "users", "said", "is_kept"),
    [
        (lambda file: file.unlink(), 0, "was gone", False),
        (lambda file: file.write_bytes(b""), 0, "was empty", False),
        (lambda file: file.write_bytes(b"no database at all" * 999), 0, "is damaged: file is not a database", True),
        (lambda file: (file.unlink(), file.mkdir()), 0, "is no file", True),
        (lambda file: (file.unlink(), file.symlink_to("/nowhere/at/all")), 0, "is no file", True),
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), None, "is damaged", True),
        (damage_pages, None, "is damaged", True),
        (lambda file: poison(file, ["DROP TABLE spawners", "DROP TABLE alembic_version"]), 2, "", False),
        (lambda file: poison(file, ["UPDATE alembic_version SET version_num = 'rubbish'"]), 2, "", False),
        (lambda file: poison(file, ["DELETE FROM alembic_version"]), 2, "", False),
        (lambda file: poison(file, ["ALTER TABLE users DROP COLUMN state"]), 2, "of another form", True),
        (
            lambda file: poison(file, ["DROP TABLE users", "CREATE VIEW users AS SELECT 1 AS id"]),
            0,
            "of another form",
            True,
        ),
        (lambda file: poison(file, ["DELETE FROM users"]), 0, "had no users", False),
    ],
    ids=[
        "gone",
        "empty",
        "no database",
        "folder",
        "link",
        "cut",
        "pages",
        "tables",
        "form",
        "no form",
        "column",
        "view",
        "users",
    ],
)
def test_whatever_the_file_is_the_hub_starts(
    machine: Machine, installed: Path, spoil: Any, users: int | None, said: str, is_kept: bool
) -> None:
    spoil(installed)
    found = start(machine)
    assert users is None or found == users
    read_all(installed)
    problems = read_note(machine).problems
    assert len(problems) == bool(said)
    assert all(said in problem for problem in problems)
    # what was there is kept, and is named
    kept = [entry for entry in installed.parent.iterdir() if ".damaged-" in entry.name]
    assert [str(entry) in problems[0] for entry in kept] == [True] * is_kept
    # it stays in the report until somebody has read it
    start(machine)
    assert read_note(machine).problems == problems


def test_another_database_is_noticed(machine: Machine, installed: Path) -> None:
    poison(installed, ["PRAGMA user_version = 7"])
    start(machine)
    assert "another one" in read_note(machine).problems[0]


def read_problems(database: Path) -> list[tuple[str, str]]:
    return [(one.place.split()[0], one.problem) for one in set_rows_aside(database, make_address)]


@pytest.mark.parametrize(
    "options",
    [
        '{"a": NaN}',
        '{"a": [-Infinity]}',
        '{"a": 1e999}',
        '{"a": {"__jupyterhub_bytes__": true, "data": "YQ=="}}',
        '{"a": {"__jupyterhub_bytes__": false}}',
        '{"a":' * 30 + "{}" + "}" * 30,
    ],
)
def test_what_no_answer_of_the_hub_can_have_is_not_kept(database: Path, options: str) -> None:
    poison(database, [f"UPDATE spawners SET user_options = '{options}' WHERE rowid = 1"])
    assert read_problems(database) == [("spawners", "user_options is no group of values")]


@pytest.mark.parametrize("hashed", ["x", "sha512:1:a", "sha512:x:a:b", "rot13:1:a:b", "sha512:9999999:a:b"])
def test_a_token_that_cannot_be_compared_is_no_token(database: Path, hashed: str) -> None:
    poison(database, [f"UPDATE api_tokens SET hashed = '{hashed}' WHERE rowid = 1"])
    assert read_problems(database) == [("api_tokens", "hashed is no hash of a token")]


@pytest.mark.parametrize("scope", ["", "!", "no:such", "read:users!user=", "read:users!nothing", "custom:gone"])
def test_a_role_has_no_scope_that_there_is_not(database: Path, scope: str) -> None:
    poison(database, [f'UPDATE roles SET scopes = \'["self", "{scope}"]\''])
    assert read_problems(database) == [("roles", "scopes is no list of scopes")]


@pytest.mark.parametrize("created", ["NULL", "'x'"])
def test_a_token_without_a_time_gets_one(database: Path, created: str) -> None:
    """JupyterHub sorts the tokens of a user by it: with two of them the page failed."""
    poison(database, [f"UPDATE api_tokens SET created = {created}"])
    found = set_rows_aside(database, make_address)
    assert [(one.place.split()[0], one.outcome) for one in found] == [("api_tokens", NOT_GIVEN)] * 2
    with closing(sqlite3.connect(database)) as connection:
        assert {row[0][:4] for row in connection.execute("SELECT created FROM api_tokens")} == {"1970"}
