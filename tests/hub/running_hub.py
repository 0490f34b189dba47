"""What the tests of a running hub ask it and change in it."""

import json
import shutil
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from littlest import paths
from littlest.config.text.load import load_config
from littlest.plan.effects import make_live_digest, make_restart_digest
from littlest.system.accounts.passwords import set_password
from tests.hub.world import World
from tests.support.hub_client import HubClient, Refused

URL = "http://127.0.0.1/"
COMMAND, CULLER = "2" * 64, "1" * 64
PASSWORD = "an-ample-password"


def write_config(world: World, text: str) -> None:
    world.path(paths.CONFIG_FILE).write_text(text)


async def ask(method: str, path: str, token: str = COMMAND, body: Any = None) -> tuple[int, Any]:
    """Ask the hub's API as a service or with a user's token."""
    headers = {"Authorization": f"token {token}"} if token else {}
    async with (
        ClientSession(headers=headers) as session,
        session.request(method, f"{URL}hub/api/{path}", data=json.dumps(body or {})) as answer,
    ):
        text = await answer.text()
        return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") and text else text


def make_digests(text: str) -> dict[str, str]:
    """By which `littlest` says which settings it means."""
    config = load_config(text, "config.yaml")
    return {"digest": make_live_digest(config), "started": make_restart_digest(config)}


async def take_up(text: str) -> tuple[int, Any]:
    """Ask the hub to reload these settings, which should be in the file."""
    return await ask("POST", "littlest/settings", body=make_digests(text))


def reload_hub(world: World, text: str) -> dict[str, Any]:
    """Write these settings and let the running hub take them up."""
    write_config(world, text)
    status, answer = world.network.run(take_up(text))
    assert status == 200, answer
    assert answer["digest"] == make_live_digest(load_config(text, "config.yaml"))
    return dict(answer)


def keep_passwords(world: World, folder: Path, *names: str) -> None:
    """Admins have no first login: their passwords are made by root."""
    for name in names:
        set_password(folder / "passwords.sqlite", name, PASSWORD)
    shutil.copyfile(folder / "passwords.sqlite", world.path(paths.PASSWORDS_FILE))


async def find_refusal(user: str, password: str = PASSWORD) -> str:
    """Log in; gives the sentence on the form, empty when it went well."""
    async with HubClient(URL, user, password) as client:
        try:
            await client.login()
        except Refused as refused:
            return str(refused)
        return ""
