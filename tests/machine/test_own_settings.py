"""A user's server starts whatever the user did to the home, and what an admin added reaches it."""

from collections.abc import Iterator
from contextlib import suppress
from html import unescape

import pytest
from aiohttp import ClientError

from tests.support.hub_client import HubClient
from tests.support.server import PASSWORD, Server

BREAK = {
    "settings": "mkdir -p ~/.jupyter; cd ~/.jupyter;"
    """ echo 'c.ServerApp.root_dir = "/home/cherrling"' >jupyter_server_config.py""",
    "exec": "mkdir -p ~/.jupyter; echo 'import os; os._exit(3)' > ~/.jupyter/jupyter_config.py",
    "hang": "mkdir -p ~/.jupyter; echo 'import time; time.sleep(10000)' > ~/.jupyter/jupyter_config.py",
    "lab": "mkdir -p ~/.jupyter/jupyter_server_config.d; cd ~/.jupyter/jupyter_server_config.d;"
    """ echo '{"ServerApp": {"jpserver_extensions": {"jupyterlab": false}}}' >jupyterlab.json""",
    "shell": "echo exit > ~/.bashrc; echo exit > ~/.profile",
    "rights": "chmod 000 ~",
}


@pytest.fixture(autouse=True)
def clean(server: Server) -> Iterator[None]:
    """The next test finds no server running."""
    yield
    server.stop_servers()


async def _use(person: HubClient) -> str:
    await person.start_server()
    await person.open_lab()
    return (await person.execute("6*7")).strip()


async def _lab(person: HubClient) -> str:
    return unescape(await person.open_lab())


async def _type(person: HubClient, command: str) -> str:
    # the shell's own file ends the first terminal, and with it the connection; the next one does without that file
    for _turn in range(2):
        with suppress(AssertionError, ClientError):
            return await person.run_in_terminal(command)
    return await person.run_in_terminal(command)


@pytest.mark.parametrize("how", BREAK)
def test_a_server_starts_whatever_its_user_did(server: Server, how: str) -> None:
    user = f"clumsy-{how}"
    server.add_users([user])
    if how == "hang":
        server.machine.run("littlest config set jupyterhub.UserServerSpawner.answer_seconds 20 --apply")
    assert server.use(user) == "42"
    server.stop_servers()
    server.machine.run(["runuser", "-u", f"jupyter-{user}", "--", "sh", "-c", f"cd; {BREAK[how]}"])

    async def play() -> None:
        async with server.client(user, PASSWORD) as person:
            await person.login()
            assert await _use(person) == "42"
            home = unescape((await person.get("hub/home"))[1])
            lab = await _lab(person)
            if how in ("settings", "exec", "hang"):
                assert "without your own settings" in home
                assert "littlest-safe-start" in lab
            if how == "settings":
                assert "~/.jupyter/jupyter_server_config.py:1: No such directory" in home
                assert "~/.jupyter/jupyter_server_config.py:1: No such directory" in lab
            # what the user broke can be mended
            assert "jupyter" in await _type(person, "rm -rf ~/.jupyter ~/.bashrc; whoami")
            await person.stop_server()
            assert await _use(person) == "42"
            assert "littlest-safe-start" not in await _lab(person)

    server.run(play())


def test_a_full_home_can_be_emptied(server: Server) -> None:
    server.add_users(["hoarder"])
    assert server.use("hoarder") == "42"
    server.stop_servers()
    home = "/home/jupyter-hoarder"
    # neither a byte nor a file more
    mount = f"mount -t tmpfs -o size=1M,nr_inodes=3 tmpfs {home}"
    server.machine.run(
        [
            "sh",
            "-c",
            f"{mount}; mkdir {home}/d; head -c 2M /dev/zero >{home}/d/big; chown -R jupyter-hoarder {home}/d",
        ]
    )

    async def play() -> None:
        async with server.client("hoarder", PASSWORD) as person:
            await person.login()
            assert await _use(person) == "42"
            assert "home is full" in await _lab(person)
            # a folder with content, as JupyterLab deletes it
            assert (await person.server("DELETE", "api/contents/d"))[0] == 204
            await person.stop_server()
            server.machine.run(["mount", "-o", "remount,nr_inodes=500", home])
            assert await _use(person) == "42"
            assert "littlest-safe-start" not in await _lab(person)
            await person.stop_server()

    server.run(play())
    server.machine.run(["umount", home])


def test_a_user_may_ask_for_a_safe_start_once(server: Server) -> None:
    server.add_users(["careful"])

    async def play() -> None:
        async with server.client("careful", PASSWORD) as person:
            await person.login()
            await person.get("hub/spawn?opt-safe=1")
            await person.start_server()
            await person.open_lab()
            assert "you asked for it" in (await person.get("hub/home"))[1]
            assert "you asked for it" in await _lab(person)
            await person.stop_server()
            assert await _use(person) == "42"
            assert "littlest-safe-start" not in await _lab(person)

    server.run(play())


def test_a_link_to_a_repository_says_that_git_is_missing(server: Server) -> None:
    # a fresh Debian has none
    server.add_users(["fetcher"])

    async def play() -> None:
        async with server.client("fetcher", PASSWORD) as person:
            await person.login()
            assert await _use(person) == "42"
            link = "repo=https%3A%2F%2Fgit.example.org%2Fcourse&targetpath=.jupyter&backup=true"
            status, page = await person.visit(person.at(f"hub/user-redirect/git-pull?{link}"))
            assert (status, "sudo apt-get install git" in page) == (503, True)
            assert "Traceback" not in page

    server.run(play())
