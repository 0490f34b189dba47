"""Whatever a row of the hub's database holds: the hub starts, the admin panel shows, and the others log in."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from littlest import paths
from tests.support.poison import POISONS, poison
from tests.hub.running_hub import PASSWORD, URL
from tests.hub.world import World
from tests.support.hub_client import HubClient

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


def put_poisoned(sound: Path, statements: tuple[str, ...], database: Path) -> None:
    """Let the hub find this database, with these statements carried out in it."""
    # SQLite opens no file by a path that leads through another namespace
    poisoned = sound.with_name("poisoned.sqlite")
    shutil.copy(sound, poisoned)
    poison(poisoned, statements)
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


def test_no_row_keeps_the_hub_from_starting(world: World, database: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.sqlite"
    shutil.copy(database, sound)
    failed = {}
    for name, statements in POISONS.items():
        put_poisoned(sound, statements, database)
        (world.logs / "hub.log").unlink()
        try:
            hub = world.start_hub()
            try:
                use_all(world)
            finally:
                world.stop(hub)
        except (AssertionError, Exception) as error:
            failed[name] = f"{str(error)[-300:]}\n...{world.read_log('hub')[-600:]}"
    assert not failed, "\n".join(f"=== {name}: {why}" for name, why in failed.items())
