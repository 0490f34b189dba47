"""Services of the settings in a real hub: started as nobody in particular, reached by the proxy, held to scopes."""

import asyncio
import json
import subprocess
from typing import Any

import pytest
from aiohttp import ClientSession

from littlest import paths
from tests.hub.world import World, wait_until
from tests.support.hub_client import HubClient
from tests.support.service_program import make_program

URL = "http://127.0.0.1/"
SERVICE = """
services:
  managed:
    grader:
      command: [/srv/grader]
      url: http://127.0.0.1:9000
      scopes: [list:users]
      environment: {COURSE: biology}
    elsewhere:
      api_token: a-token-of-its-own
      scopes: [read:hub]
    broken:
      command: [/srv/nothing]
"""


async def ask(path: str, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"token {token}"} if token else {}
    async with ClientSession(headers=headers) as session, session.get(URL + path, allow_redirects=False) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


@pytest.fixture
def account(world: World) -> int:
    """The account that an apply makes, and the program that an admin would install."""
    name, folder = paths.SERVICES_USER, paths.SERVICES_DIR
    command = f"useradd --system --user-group --home-dir={folder} {name}; id -u {name}"
    shell = ["nsenter", f"--target={world.holder.pid}", "--mount", "sh", "-euc"]
    uid = int(subprocess.run([*shell, command], check=True, stdout=subprocess.PIPE, text=True).stdout)
    subprocess.run([*shell, f"mount -t tmpfs tmpfs /srv; install -d -m 700 -o {name} {folder}"], check=True)
    program = world.path("/srv/grader")
    program.write_text(make_program("/usr/bin/python3"))
    program.chmod(0o755)
    return uid


def test_a_service_is_reached_and_may_do_what_its_scopes_say(world: World, account: int) -> None:
    world.path(paths.CONFIG_FILE).write_text("users: {allowed: [ada]}" + SERVICE)
    world.start_proxy()
    hub = world.start_hub()
    run = world.network.run

    def find() -> dict[str, Any] | None:
        status, found = run(ask("services/grader/"))
        return dict(found) if status == 200 else None

    wait_until(find)
    found = find() or {}
    assert (found["path"], found["uid"], found["cwd"]) == ("/services/grader/", account, str(paths.SERVICES_DIR))
    assert found["uid"] != 0
    assert 0 not in found["gids"]
    assert (found["course"], found["secrets"]) == ("biology", [])
    assert (found["users"], found["info"]) == (200, 403)
    # one that cannot be started has kept nobody from anything, and one elsewhere has what it was given
    assert "service broken cannot be started, and is tried again" in world.read_log("hub")
    assert run(ask("hub/api/info", "a-token-of-its-own"))[0] == 200
    assert run(ask("hub/api/users", "a-token-of-its-own"))[0] == 403

    async def see_menu() -> str:
        async with HubClient(URL, "ada", "an-ample-password") as ada:
            await ada.login()
            return (await ada.get("hub/home"))[1]

    assert "/services/grader/" in run(see_menu())
    # it ends with the hub, and its next one has a new token, the old ones are worth nothing
    world.path(paths.CONFIG_FILE).write_text(
        "users: {allowed: [ada]}" + SERVICE.replace("a-token-of-its", "another-of-its")
    )
    world.stop(hub)
    wait_until(lambda: run(ask("services/grader/"))[0] == 503)
    world.start_hub()
    wait_until(find)
    assert (find() or {})["pid"] != found["pid"]
    assert (find() or {})["users"] == 200
    assert run(ask("hub/api/info", "a-token-of-its-own"))[0] == 403
    assert run(ask("hub/api/info", "another-of-its-own"))[0] == 200


def test_the_metrics_are_for_who_has_the_token_or_for_everybody(world: World) -> None:
    config = world.path(paths.CONFIG_FILE)
    config.write_text("metrics: {token: sesame-open}")
    world.start_proxy()
    hub = world.start_hub()
    run = world.network.run
    status, text = run(ask("hub/metrics", "sesame-open"))
    assert status == 200
    assert "jupyterhub_total_users" in text
    assert [run(ask("hub/metrics", token))[0] for token in ("", "sesame-shut")] == [403, 403]
    assert run(ask("hub/api/users", "sesame-open"))[0] == 403
    # the old token of a service is worth nothing
    config.write_text("metrics: {token: another-one}")
    world.stop(hub)
    hub = world.start_hub()
    assert [run(ask("hub/metrics", token))[0] for token in ("sesame-open", "another-one")] == [403, 200]
    config.write_text("metrics: {public: true}")
    world.stop(hub)
    world.start_hub()
    assert run(ask("hub/metrics"))[0] == 200


def test_the_escape_hatch_and_drop_ins_add_to_our_services(world: World) -> None:
    world.path(paths.CONFIG_FILE).write_text(
        "jupyterhub: {JupyterHub: {services: [{name: of-yaml, api_token: token-of-yaml}]}}"
    )
    (world.path(paths.DROP_IN_DIR) / "10-service.py").write_text(
        "c.JupyterHub.services = [{'name': 'of-drop-in', 'api_token': 'token-of-drop-in'}]\n"
    )
    world.start_proxy()
    world.start_hub()

    async def ask_all() -> list[int]:
        tokens = ("token-of-yaml", "token-of-drop-in", "2" * 64)
        return [status for status, _ in await asyncio.gather(*(ask("hub/api/user", token) for token in tokens))]

    async def whoami(token: str) -> Any:
        return (await ask("hub/api/user", token))[1]

    assert world.network.run(ask_all()) == [200, 200, 200]
    assert world.network.run(whoami("2" * 64))["name"] == "littlest"
