"""Whatever a row of the hub's database holds: the hub starts, the admin panel shows, and the others log in."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from littlest import paths
from tests.hub.running_hub import PASSWORD, URL
from tests.hub.test_rights import run_inside
from tests.hub.world import World
from tests.support.hub_client import HubClient
from tests.support.poison import POISONS, poison

SETTINGS = "users: {admin: [teacher], allowed: [ada]}"
PANEL = (
    "users?limit=100&offset=0&include_stopped_servers",
    "users?state=active",
    "users/ada",
    "users/ada/tokens",
    "users/teacher/tokens",
    "groups?limit=100",
    "services",
    "proxy",
    "info",
    "shares/ada",
)
"""What the pages of an admin ask for."""


async def use(name: str, pages: tuple[str, ...] = ("hub/home", "hub/token"), api: tuple[str, ...] = ()) -> None:
    """Log in, and open these pages."""
    async with HubClient(URL, name, PASSWORD) as client:
        await client.login()
        for page in pages:
            status, _text = await client.get(page)
            assert status == 200, (name, page)
        for path in api:
            status, answer = await client.api("GET", path)
            assert status == 200, (name, path, status, answer)
            if path.startswith("users?limit"):
                assert {"ada", "teacher"} <= {user["name"] for user in answer}


def use_all(world: World) -> None:
    """Use the hub as an admin, who opens every page, as a user of the settings, and as one whom the admin added."""
    world.network.run(use("teacher", ("hub/home", "hub/admin", "hub/token"), PANEL), 60)
    world.network.run(use("ada"), 60)


def put_poisoned(sound: Path, statements: tuple[str, ...], database: Path, *, ignore: bool = False) -> None:
    """Let the hub find this database, with these statements carried out in it."""
    # SQLite opens no file by a path that leads through another namespace
    poisoned = sound.with_name("poisoned.sqlite")
    shutil.copy(sound, poisoned)
    poison(poisoned, statements, ignore=ignore)
    shutil.copy(poisoned, database)


@pytest.fixture
def database(world: World, start: Any, tmp_path: Path) -> Path:
    """The database of a hub that ended after an admin had added a user and a group in the panel."""
    hub = start(SETTINGS)

    async def fill() -> None:
        async with HubClient(URL, "teacher", PASSWORD) as client:
            await client.login()
            for method, path, body in (
                ("POST", "users/ben", {}),
                ("POST", "groups/lab", {}),
                ("POST", "groups/lab/users", {"users": ["ben"]}),
                ("POST", "users/ben/tokens", {}),
            ):
                await client.api(method, path, body)
            await client.get("hub/home")

    world.network.run(fill(), 60)
    for name in ("ada", "ben"):
        world.network.run(use(name), 60)
    world.stop(hub)
    return world.path(paths.DATABASE_FILE)


def try_out(world: World, name: str) -> str:
    """Start the hub and use it; gives what went wrong, and what the hub said."""
    (world.logs / "hub.log").unlink()
    try:
        hub = world.start_hub()
        try:
            use_all(world)
        finally:
            world.stop(hub)
    except Exception as error:
        return f"=== {name}: {str(error)[-300:]}\n...{world.read_log('hub')[-600:]}"
    return ""


def make_own_users(number: int, statements: tuple[str, ...]) -> tuple[str, ...]:
    """The same faults with a user of their own in the place of ben, so that many are possible in one database."""
    user = f"ben{number}"
    made = (
        f"INSERT INTO users (name, admin, cookie_id) VALUES ('{user}', 0, 'cookie-{number}')",
        f"INSERT INTO spawners (user_id, name) SELECT id, '' FROM users WHERE name = '{user}'",
    )
    own = (one.replace("'ben'", f"'{user}'").replace("77", str(1000 + number)) for one in statements)
    return (*made, *own)


@pytest.mark.parametrize("part", range(3))
def test_no_rows_keep_the_hub_from_starting(world: World, database: Path, tmp_path: Path, part: int) -> None:
    sound = tmp_path / "sound.sqlite"
    shutil.copy(database, sound)
    chosen = [(number, POISONS[name]) for number, name in enumerate(POISONS) if number % 3 == part]
    wrong = [make_own_users(number, statements) for number, statements in chosen]
    put_poisoned(sound, tuple(one for statements in wrong for one in statements), database, ignore=True)
    assert not (problem := try_out(world, f"part {part}")), problem


if "LITTLEST_EVERY_POISON" in os.environ:
    # to find which one it is: each alone takes ten seconds, and all of them are in the test above

    @pytest.mark.parametrize("name", POISONS)
    def test_no_row_keeps_the_hub_from_starting(world: World, database: Path, tmp_path: Path, name: str) -> None:
        sound = tmp_path / "sound.sqlite"
        shutil.copy(database, sound)
        put_poisoned(sound, POISONS[name], database)
        assert not (problem := try_out(world, name)), problem


@pytest.mark.parametrize("content", [b"", b"no database at all" * 999])
def test_a_file_that_is_no_database_keeps_nobody_out(world: World, database: Path, content: bytes) -> None:
    database.write_bytes(content)
    assert not (problem := try_out(world, str(content[:10]))), problem
    assert json.loads(world.path(paths.DATABASE_NOTE_FILE).read_text())["problems"]


def test_the_panel_shows_again_what_was_spoilt_while_the_hub_runs(
    world: World, database: Path, tmp_path: Path
) -> None:
    world.start_hub()
    run_inside(
        world,
        f'{sys.executable} -c \'import sqlite3; sqlite3.connect("{paths.DATABASE_FILE}",isolation_level=None)'
        '.execute("INSERT INTO groups (name, properties) VALUES (char(111), char(123))")\'',
    )

    async def look() -> list[int]:
        async with HubClient(URL, "teacher", PASSWORD) as client:
            await client.login()
            first = (await client.api("GET", "groups?limit=100"))[0]
            await asyncio.sleep(1)
            return [first, (await client.api("GET", "groups?limit=100"))[0]]

    assert world.network.run(look(), 60) == [500, 200]
