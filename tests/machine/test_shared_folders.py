"""Shared folders whose settings change while people work in them, and homes on a disk of their own."""

import asyncio
import time
from contextlib import AsyncExitStack

from tests.machine.test_accounts_and_folders import open_server, refuse, restart, shell
from tests.support.hub_client import HubClient
from tests.support.server import Server

USERS = (
    "users: {admin: [admin], allowed: [ada, ben, eve], groups: {bees: {members: [ada]}, cats: {members: [ben]}}}\n"
)
PLAIN = USERS + (
    "shared_folders:\n  exchange: {writable: true}\n  hidden: {writable: true, link: false}\n"
    "  course: {writable: true, groups: [bees]}\n"
)
READ_ONLY = PLAIN.replace("exchange: {writable: true}", "exchange: {}")
OF_CATS = PLAIN.replace("[bees]}\n", "[cats]}\n")
OF_BEES = PLAIN.replace("exchange: {writable: true}", "exchange: {writable: true, groups: [bees]}")
ELSEWHERE = PLAIN.replace("link: false", "path: /srv/other").replace("exchange: {", "exchange: {link: false, ")
TREE = (
    "cd ~ && umask 077 && mkdir -p proj/.ipynb_checkpoints && cd proj"
    " && echo 1 >a.ipynb && cp a.ipynb .ipynb_checkpoints/a"
)
TICK = (
    "cd ~/exchange/sub && (setsid sh -c 'while sleep 0.3; do if echo 1 >new; then echo yes; else echo no; fi >~/said;"
    " done' >/dev/null 2>&1 &)"
)


async def try_in(person: HubClient, command: str) -> bool:
    """Whether a command that is run in a kernel succeeds."""
    return (await person.execute(shell(command))).split()[-1] == "0"


async def wait_in(person: HubClient, command: str) -> None:
    """Wait until a command that is run in a kernel succeeds: what arrives in a folder is mended a moment later."""
    loop = f"for i in $(seq 150); do ({command}) && exit 0; sleep 0.2; done; exit 1"
    assert await try_in(person, loop), await person.execute(shell(f"{command}; id; ls -lR ~/exchange/"))


def test_folder_rights_follow_the_settings_while_it_is_in_use(own_server: Server) -> None:
    server = own_server
    server.configure(PLAIN)

    async def work() -> None:
        async with server.client("ada") as ada, server.client("ben") as ben:
            for person in (ada, ben):
                await open_server(person)
            # without a link it is there all the same
            assert (await ada.execute(shell("ls ~"))).split() == ["course", "exchange", "0"]
            assert await try_in(ada, "echo 1 >/srv/littlest/hidden/file")
            assert await try_in(ben, "echo 2 >>/srv/littlest/hidden/file")

            # a folder with contents is moved in, in which nothing has changed for longer than the pause between looks
            made = time.monotonic()
            assert await try_in(ada, TREE)
            assert await try_in(ada, f"mkdir ~/exchange/sub && echo 1 >~/exchange/sub/file && {TICK}")
            await asyncio.sleep(max(0.0, made + 8 - time.monotonic()))
            assert await try_in(ada, "mv ~/proj ~/exchange")
            for change in ("echo 2 >>a.ipynb", "echo 2 >>.ipynb_checkpoints/a", "echo 1 >.ipynb_checkpoints/b"):
                await wait_in(ben, f"cd ~/exchange/proj && {change}")

            # for reading from now on, for whoever made it and in what runs as well; and back
            units = {name: server.unit_property(f"jupyter-{name}.service", "InvocationID") for name in ("ada", "ben")}
            await wait_in(ada, "grep yes ~/said")
            await asyncio.to_thread(server.configure, READ_ONLY)
            await wait_in(ada, "grep no ~/said")
            for person in (ada, ben):
                for change in ("echo 3 >>proj/a.ipynb", "echo 3 >>sub/file", "echo 1 >new", "echo 1 >sub/new2"):
                    await wait_in(person, f"cd ~/exchange && ! {{ {change}; }}")
                assert await try_in(
                    person, "cd ~/exchange && cat proj/a.ipynb sub/file && ls proj/.ipynb_checkpoints"
                )
            await asyncio.to_thread(server.configure, PLAIN)
            for person in (ada, ben):
                await wait_in(
                    person, "cd ~/exchange && echo 4 >>proj/a.ipynb && echo 4 >>sub/file && echo 1 >sub/new2"
                )
            assert units == {name: server.unit_property(f"jupyter-{name}.service", "InvocationID") for name in units}

    server.run(work(), 380)
    assert server.littlest("plan")["steps"] == []


def test_a_folder_is_lost_to_those_whom_its_settings_no_longer_name(own_server: Server) -> None:
    server = own_server
    server.configure(PLAIN)

    async def work() -> None:
        async with AsyncExitStack() as stack:
            ada, ben, eve = [await stack.enter_async_context(server.client(name)) for name in ("ada", "ben", "eve")]
            for person in (ada, ben, eve):
                await open_server(person)
            assert await try_in(ada, "echo 1 >/srv/littlest/hidden/file")

            # a folder goes to another group
            assert await try_in(ada, "mkdir ~/course/sub && echo 1 >~/course/sub/file")
            assert not await try_in(ben, "ls /srv/littlest/course")
            await asyncio.to_thread(server.configure, OF_CATS)
            assert server.list_server_units() == ["jupyter-ben.service", "jupyter-eve.service"]
            await wait_in(ben, "echo 2 >>/srv/littlest/course/sub/file")
            await open_again(ada)
            assert not await try_in(ada, "ls /srv/littlest/course")
            assert (await ada.execute(shell("ls ~"))).split() == ["exchange", "0"]
            await asyncio.to_thread(server.configure, PLAIN)
            assert server.list_server_units() == ["jupyter-ada.service", "jupyter-eve.service"]

            # what was everybody's becomes one group's
            await open_again(ben)
            await asyncio.to_thread(server.configure, OF_BEES)
            assert server.list_server_units() == ["jupyter-ada.service"]
            assert await try_in(ada, "echo 1 >~/exchange/file")
            await open_again(ben)
            assert not await try_in(ben, "ls /srv/littlest/exchange")

            # another place, and another link
            await asyncio.to_thread(server.configure, ELSEWHERE)
            assert server.list_server_units() == []
            for person in (ada, eve):
                await open_again(person)
            assert (await eve.execute(shell("ls ~"))).split() == ["hidden", "0"]
            assert await try_in(ada, "echo 1 >~/hidden/file && test -w /srv/littlest/exchange/file")
            assert await try_in(eve, "echo 2 >>/srv/other/file")
            for person in (ada, eve):
                assert not await try_in(person, "ls /srv/littlest/hidden")

    server.run(work(), 380)
    # nothing of what was closed is gone
    assert server.machine.run("cat /srv/littlest/hidden/file").stdout == "1\n"
    assert server.littlest("plan")["steps"] == []


async def open_again(person: HubClient) -> None:
    await person.start_server()
    await person.open_lab()


def test_homes_lie_on_a_disk_that_is_mounted(own_server: Server) -> None:
    server = own_server
    # what is on the disk outlives its being unmounted
    server.machine.run(
        "mkdir -p /mnt/store /mnt/disk && mount -t tmpfs -o mode=755 store /mnt/store && mkdir /mnt/store/homes"
        " && echo '/mnt/store /mnt/disk none bind,noauto 0 0' >>/etc/fstab && mount /mnt/disk"
    )
    settings = (
        "users: {admin: [admin], allowed: [ada, ben], homes: /mnt/disk/homes}\n"
        "shared_folders: {data: {path: /mnt/disk/data, writable: true}}\n"
    )
    server.configure(settings)
    about = shell("stat -f -c %T ~ ~/data/ && stat -c '%a %U' ~ && pwd && echo kept >mine && echo 1 >~/data/file")
    assert server.use("ada", about).split() == [
        "tmpfs", "tmpfs", "700", "jupyter-ada", "/mnt/disk/homes/jupyter-ada", "0",
    ]  # fmt: skip
    assert server.machine.run("cat /mnt/store/homes/jupyter-ada/mine /mnt/store/data/file").stdout.split() == [
        "kept",
        "1",
    ]

    # nobody gets a home, and nothing a place, where the disk is not
    restart(server, "ada")
    # the hub may just be looking at the shared folder
    server.machine.run("for i in 1 2 3 4 5; do umount /mnt/disk && exit; sleep 1; done; exit 1")
    for user in ("ada", "ben"):
        refuse(server, user, "a disk that is not mounted: /mnt/disk")
    assert server.machine.run("ls -A /mnt/disk").stdout == ""
    said = server.machine.run("littlest config validate", check=False)
    assert said.returncode == 3
    assert (said.stdout + said.stderr).count("belongs to a disk that is not mounted: /mnt/disk") == 2, said

    server.machine.run("mount /mnt/disk")
    assert server.use("ada", shell("cat mine ~/data/file")).split() == ["kept", "1", "0"]
    assert server.use("ben", "import os; os.getcwd()") == "'/mnt/disk/homes/jupyter-ben'"
    server.machine.run("littlest config validate")
