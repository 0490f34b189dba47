"""What counts as a hub that is healthy, asked of a real one."""

import sys
from pathlib import Path

import pytest

from littlest import paths
from littlest.errors import NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import WaitUntilReady
from littlest.system.hub.api import HubApi
from littlest.system.hub.canary import CANARY
from littlest.system.hub.ready import find_problem, wait_until_ready
from tests.hub.world import World
from tests.support.hub_client import HubClient, Refused

URL = "http://127.0.0.1:80/hub/api/"
TOKEN = "2" * 64


@pytest.fixture
def command(tmp_path: Path) -> Machine:
    """The side of `littlest`, of which only its token matters here."""
    machine = Machine(tmp_path)
    machine.write_file(paths.COMMAND_TOKEN_FILE, TOKEN, mode=0o600)
    return machine


def start(world: World, **drop_ins: str) -> None:
    world.path(paths.CONFIG_FILE).write_text("users: {admin: [teacher], allowed: [ada]}\n")
    for name, text in drop_ins.items():
        (world.path(paths.DROP_IN_DIR) / f"{name}.py").write_text(text)
    world.start_proxy()
    world.start_hub()


def count_users(world: World, command: Machine) -> int:
    return world.network.call(HubApi(command, URL).count_users)


def find(world: World, command: Machine) -> str | None:
    return world.network.call(find_problem, HubApi(command, URL))


def send(world: World, command: Machine, method: str, path: str) -> int:
    return world.network.call(HubApi(command, URL).send, method, path).status


def wait(world: World, command: Machine, seconds: float = 1.0) -> None:
    world.network.call(wait_until_ready, command, WaitUntilReady(URL, seconds))


def test_a_hub_that_is_well_keeps_nothing_of_what_was_tried(world: World, command: Machine) -> None:
    start(world)
    before = count_users(world, command)
    assert find(world, command) is None
    wait(world, command)
    # one that an interrupted trial left is no obstacle
    assert send(world, command, "POST", CANARY) == 201
    wait(world, command)
    assert count_users(world, command) == before


def test_a_database_that_cannot_be_written_is_noticed(world: World, command: Machine, tmp_path: Path) -> None:
    start(world)
    trigger = "CREATE TRIGGER no BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no'); END"
    script = tmp_path / "refuse.py"
    script.write_text(f'import sqlite3\nsqlite3.connect("{paths.DATABASE_FILE}").execute("{trigger}")\n')
    assert world.start("refuse", f"exec {sys.executable} {script}").wait(20) == 0
    # looking is not enough
    assert find(world, command) is None
    with pytest.raises(NotReady, match="could not write to its database"):
        wait(world, command, 5.0)


def test_a_login_page_that_is_broken_is_noticed(world: World, command: Machine) -> None:
    templates = world.path("/etc/littlest/templates")
    templates.mkdir()
    (templates / "login.html").write_text("{% this is not a template %}")
    start(world, pages="c.JupyterHub.template_paths.insert(0, '/etc/littlest/templates')\n")
    with pytest.raises(NotReady, match=r"the login page .*hub/login answered 500"):
        wait(world, command)


def test_a_token_that_the_hub_does_not_know_is_noticed(world: World, command: Machine) -> None:
    start(world)
    command.write_file(paths.COMMAND_TOKEN_FILE, "3" * 64, mode=0o600)
    with pytest.raises(NotReady, match="answered 403"):
        wait(world, command)


def test_nobody_can_be_the_user_of_the_trial_and_the_token_changes_no_other(world: World, command: Machine) -> None:
    start(world)
    assert send(world, command, "POST", CANARY) == 201

    async def log_in() -> None:
        async with HubClient("http://127.0.0.1/", paths.CANARY_USER, "a-password") as client:
            await client.login()

    with pytest.raises(Refused, match="Invalid username or password"):
        world.network.run(log_in())
    before = count_users(world, command)
    for method, user in (("POST", "mallory"), ("DELETE", "teacher"), ("PATCH", "teacher"), ("POST", "ada/server")):
        # the hub hides what a token has no right to see
        assert send(world, command, method, f"users/{user}") in (403, 404), (method, user)
    assert count_users(world, command) == before
