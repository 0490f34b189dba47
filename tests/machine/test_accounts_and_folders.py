"""Accounts, homes, the users' environment and shared folders, as people on the running hub find them."""

import base64
import json

from tests.support.hub_client import HubClient, Refused
from tests.support.server import Server

USERS = "users: {{admin: [admin], allowed: [{names}]{more}}}\n"


def shell(command: str) -> str:
    """Code for a kernel that runs a command and prints what it said and how it ended."""
    return (
        "import subprocess; r = subprocess.run("
        f"{command!r}, shell=True, capture_output=True, text=True); print(r.stdout + r.stderr, r.returncode)"
    )


async def open_server(client: HubClient) -> None:
    await client.login()
    await client.start_server()
    await client.open_lab()


def restart(server: Server, user: str) -> None:
    async def stop() -> None:
        async with server.client(user) as client:
            await client.login()
            await client.stop_server()

    server.run(stop())


def test_accounts_of_the_machine_are_used_and_those_of_its_system_are_not(own_server: Server) -> None:
    server = own_server
    server.configure(USERS.format(names="ada", more=""))
    assert server.find_account("ada") == "jupyter-ada"
    restart(server, "ada")
    # a disk with homes, and people whom the machine knows already: grace with a home, shell and group of her own
    server.machine.run(
        "mkdir -p /mnt/homes /data && groupadd staff-people && echo kept >/etc/skel/.welcome"
        " && useradd --create-home --home-dir /data/grace --gid staff-people --groups games --shell /bin/sh"
        " --comment 'Grace Hopper' grace"
    )
    names = "ada, grace, games, littlest-proxy, root, ada.lovelace, 'olga@example.org'"
    server.configure(USERS.format(names=names, more=", unix_name: '{name}', homes: /mnt/homes"))

    about = (
        "import getpass, grp, json, os; print(json.dumps({'name': getpass.getuser(), 'home': os.path.expanduser('~'),"
        " 'shell': os.environ['SHELL'], 'groups': sorted(grp.getgrgid(g).gr_name for g in os.getgroups()),"
        " 'cwd': os.getcwd(), 'umask': os.umask(0o22)}))"
    )
    grace = json.loads(server.use("grace", about))
    assert (grace["name"], grace["home"], grace["shell"]) == ("grace", "/data/grace", "/bin/sh")
    assert set(grace["groups"]) == {"games", "littlest-users", "staff-people"}
    # her group has others in it
    assert grace["umask"] == 0o022
    # who had an account before keeps it, and the home with it
    ada = json.loads(server.use("ada", about))
    assert (ada["name"], ada["home"], ada["umask"]) == ("jupyter-ada", "/home/jupyter-ada", 0o002)
    # new ones are made on the disk, under the names that Unix allows
    lovelace = json.loads(server.use("ada.lovelace", about))
    assert (lovelace["name"], lovelace["home"]) == ("ada.lovelace", "/mnt/homes/ada.lovelace")
    olga = json.loads(server.use("olga@example.org", about))
    assert olga["name"].startswith("u-olga-exampl") or olga["name"].startswith("olga-example-")
    assert server.use("ada.lovelace", "open('.welcome').read() and open('x', 'w').write('1')") == "1"
    assert server.machine.run("stat -c %a /mnt/homes/ada.lovelace").stdout.strip() == "700"

    for user, words in (("games", "is a system account"), ("root", "is a system account")):
        refuse(server, user, words)
    refuse(server, "littlest-proxy", "is a system account")
    log = server.machine.run("journalctl -u jupyterhub --output=cat").stdout
    assert "the account games is a system account" in log
    assert "littlest-users" not in server.machine.run("id -Gn games").stdout

    # a home that a teacher removed comes back as a new one begins
    restart(server, "ada.lovelace")
    server.machine.run("rm -r /mnt/homes/ada.lovelace")
    assert server.use("ada.lovelace", "import os; print(open('.welcome').read(), os.path.exists('x'))").split() == [
        "kept",
        "False",
    ]

    # a disk that is not there is no place for homes; and the settings say so before they are applied
    server.machine.run("echo '/dev/nowhere /mnt/later ext4 noauto 0 0' >>/etc/fstab && mkdir -p /mnt/later")
    for path, words in (("/mnt/missing", "does not exist"), ("/mnt/later", "not mounted"), ("/etc/hosts", "system")):
        text = USERS.format(names=names, more=f", unix_name: '{{name}}', homes: {path}")
        server.machine.run("cat >/etc/littlest/config.yaml", stdin=text)
        done = server.machine.run("littlest config validate", check=False)
        assert (done.returncode, words in done.stdout + done.stderr) == (3, True), done
    server.configure(USERS.format(names=names, more=", unix_name: '{name}', homes: /mnt/homes"))

    server.machine.run("littlest uninstall --purge --yes")
    assert server.machine.run(
        "id -un grace; cut -d: -f1 /etc/passwd | grep -c ^jupyter", check=False
    ).stdout.split() == [
        "grace",
        "0",
    ]
    assert server.machine.run("ls /mnt/homes; ls -d /data/grace").stdout.split() == ["/data/grace"]
    assert "littlest" not in server.machine.run("cat /etc/group").stdout


def refuse(server: Server, user: str, words: str) -> None:
    async def start() -> str:
        async with server.client(user) as client:
            await client.login()
            try:
                await client.start_server()
            except Refused as refusal:
                return refusal.text
            return "started"

    said = server.run(start())
    assert words in said, (user, said)


def test_users_find_the_environment_that_the_settings_say(own_server: Server) -> None:
    server = own_server
    value = "a $HOME ${X} %n %% \"b\" 'c' \\d `e` # ; é 李 \t tab\nline 2\n"
    server.machine.run("mkdir -p /opt/tool/bin /srv/class && chmod 777 /srv/class", timeout=10)
    server.machine.run("cat >/opt/tool/bin/answer && chmod 755 /opt/tool/bin/answer", stdin="#!/bin/sh\necho 42\n")
    environment = {
        "environment": {"COURSE": value, "EMPTY": "", "LANG": "de_DE.UTF-8"},
        "path": ["/opt/tool/bin"],
        "working_directory": "my work/today",
    }
    groups = ", groups: {beginners: {members: [ben], default_app: notebook}}"
    users = USERS.format(names="ada, ben", more=groups)
    server.configure(users + f"user_environment: {json.dumps(environment)}\n")

    look = (
        "import json, os, shutil; print(json.dumps([os.environ['COURSE'], os.environ['EMPTY'], os.environ['LANG'],"
        " shutil.which('answer'), os.getcwd(), 'LITTLEST_WORKING_DIRECTORY' in os.environ]))"
    )

    async def see() -> None:
        async with server.client("ada") as ada, server.client("ben") as ben:
            for person in (ada, ben):
                await open_server(person)
            found = json.loads(await ada.execute(look))
            assert found == [
                value,
                "",
                "de_DE.UTF-8",
                "/opt/tool/bin/answer",
                "/home/jupyter-ada/my work/today",
                False,
            ]
            said = await ada.run_in_terminal("answer; printf '%s|' \"$COURSE\" | base64 -w0; pwd")
            assert "42" in said
            assert base64.b64encode(f"{value}|".encode()).decode() in said.replace("\r", "").replace("\n", "")
            # the rest of the home stays in reach, and Lab opens in the folder
            status, listed = await ada.server("GET", "api/contents/")
            assert status == 200
            assert [entry["name"] for entry in listed["content"]] == ["my work"]
            _, page = await ada.get("user/ada/lab")
            assert '"preferredPath": "/my work/today"' in page or '"preferredPath": "my work/today"' in page
            assert (await ada.where("user/ada/")).endswith("/lab")
            # ben's group has another application
            assert "/tree" in await ben.where("user/ben/")

    server.run(see())
    for user in ("ada", "ben"):
        restart(server, user)

    # a file in the way locks nobody out
    server.machine.run("rm -r '/home/jupyter-ada/my work' && touch '/home/jupyter-ada/my work'")
    assert server.use("ada", "import os; os.getcwd()") == "'/home/jupyter-ada'"
    restart(server, "ada")
    # changed while the hub runs: in force for the next start, without a restart
    environment["working_directory"] = "/srv/class"
    hub = server.unit_property("jupyterhub.service", "MainPID")
    server.configure(users + f"user_environment: {json.dumps(environment)}\n")
    assert server.unit_property("jupyterhub.service", "MainPID") == hub
    assert server.use("ada", "import os; os.getcwd()") == "'/srv/class'"
    server.machine.run(
        "printf 'user_environment: {environment: {PATH: /x, JUPYTERHUB_USER: root}}\\n' >/etc/littlest/config.yaml"
    )
    done = server.machine.run("littlest apply", check=False)
    assert done.returncode == 3
    assert "name folders of programs in user_environment.path" in done.stderr
    assert "JUPYTERHUB_USER is set by the server itself" in done.stderr


def test_members_share_a_folder_and_nobody_blocks_another(own_server: Server) -> None:
    server = own_server
    groups = ", groups: {{biology: {{members: [{members}], shared_folder: true}}}}"
    folders = "shared_folders: {data: {path: /srv/data}, exchange: {writable: true}}\n"
    names = "ada, ben, eve"
    server.machine.run("mkdir -p /srv/data/course/week1 && echo 1 >/srv/data/course/week1/table.csv")
    server.configure(USERS.format(names=names, more=groups.format(members="ada, ben")) + folders)

    async def share() -> None:
        async with server.client("ada") as ada, server.client("ben") as ben, server.client("eve") as eve:
            for person in (ada, ben, eve):
                await open_server(person)
            # a link to each folder in the home, only for those who see it
            listed = await ada.execute(
                "import os; print(sorted((n, os.readlink(n)) for n in os.listdir() if os.path.islink(n)))"
            )
            assert listed.strip() == (
                "[('biology', '/srv/littlest/biology'), ('data', '/srv/data'),"
                " ('exchange', '/srv/littlest/exchange')]"
            )
            assert "biology" not in await eve.execute("import os; os.listdir()")
            assert "Permission denied" in await eve.execute(shell("ls /srv/littlest/biology"))

            # notebooks, as Lab saves them: each saves the other's, with checkpoints
            for path in ("biology", "exchange"):
                await save_in_turns(ada, ben, f"{path}/note.ipynb")
                await save_in_turns(ben, ada, f"{path}/sub/note.ipynb", folder=f"{path}/sub")
            # files that were made in a terminal, copied and moved, with the rights of a private place
            made = (
                "cd ~ && echo 1 >mine && chmod 644 mine && cp mine exchange/copied && cp -p mine exchange/kept"
                " && umask 077 && mkdir -p exchange/deep/er && echo 1 >exchange/deep/er/made && chmod 600 mine"
                " && mv mine exchange/moved && cp -r data/course . && ls course/week1/table.csv"
            )
            assert "table.csv" in (said := await ada.execute(shell(made))), said
            assert said.strip().endswith(" 0"), said
            change = "echo 2 >>~/exchange/deep/er/made"
            assert (await ben.execute(shell(change))).strip() == "0"
            copy = 'cp -r ~/exchange/deep ~/copied && python -c \'import shutil; shutil.copytree("copied", "again")\''
            assert (await ben.execute(shell(f"cd && {copy}"))).strip() == "0"
            # rights that came along with a file are mended a moment later
            change = (
                "cd ~/exchange; for i in $(seq 200); do test -w copied -a -w kept -a -w moved &&"
                " echo 2 >>kept && echo 2 >>moved && exit 0; sleep 0.2; done; ls -l; exit 1"
            )
            assert (await ben.execute(shell(change))).strip() == "0"
            assert (await ada.execute(shell("cat ~/exchange/moved ~/exchange/kept"))).split() == [
                "1",
                "2",
                "1",
                "2",
                "0",
            ]
            # data is for reading; a file of root's is to be read as well, and an admin writes
            assert "Permission denied" in await ada.execute(shell("echo 1 >~/data/new"))
            assert (await ada.execute(shell("cat ~/data/course/week1/table.csv"))).split() == ["1", "0"]
            # homes stay private
            assert "Permission denied" in await ben.execute(shell("ls /home/jupyter-ada"))

    server.run(share())
    assert (
        server.use_as_admin(shell("echo 2 >~/data/new && cat ~/data/new && ls ~/biology >/dev/null")).split()[-1]
        == "0"
    )
    assert server.machine.run("stat -c '%a %U %G' /srv/littlest/biology /srv/data").stdout.splitlines() == [
        "2770 root littlest-g-biology",
        "2770 root littlest-admins",
    ]
    assert server.littlest("plan")["steps"] == []

    # who is no longer in the group has lost the folder, in what runs as well; what is there stays
    for user in ("ada", "ben"):
        server.machine.run(
            f"ln -sf /etc /home/jupyter-{user}/own && chown -h jupyter-{user}: /home/jupyter-{user}/own"
        )
    server.configure(USERS.format(names=names, more=groups.format(members="ada")) + folders)
    assert "jupyter-ben.service" not in server.list_server_units()
    assert server.machine.run("getent group littlest-g-biology").stdout.strip().endswith(":jupyter-ada")
    said = server.use("ben", shell("ls /srv/littlest/biology; ls ~"))
    assert "Permission denied" in said
    assert {"own", "exchange", "data"} <= set(said.split())
    assert "biology" not in said.split()
    server.configure(USERS.format(names=names, more=""))
    assert server.machine.run("cat /srv/littlest/exchange/copied /srv/data/new").stdout.split() == ["1", "2"]
    for folder in ("/srv/littlest/exchange", "/srv/littlest/biology", "/srv/data"):
        assert "Permission denied" in server.use("ada", shell(f"ls {folder}")), folder
        assert "Permission denied" in server.use("ada", shell(f"ls {folder}/..; cd {folder}")), folder


async def save_in_turns(first: HubClient, second: HubClient, path: str, folder: str | None = None) -> None:
    """Save a notebook as Lab does, each person once, with a checkpoint; then put the first one's back."""
    if folder is not None:
        status, said = await first.server("PUT", f"api/contents/{folder}", {"type": "directory"})
        assert status == 201, said
    for person, number in ((first, 1), (second, 2), (first, 3), (second, 4)):
        content = {"cells": [], "metadata": {"by": number}, "nbformat": 4, "nbformat_minor": 5}
        body = {"type": "notebook", "format": "json", "content": content}
        status, said = await person.server("PUT", f"api/contents/{path}", body)
        assert status in (200, 201), (path, number, said)
        status, said = await person.server("POST", f"api/contents/{path}/checkpoints", {})
        assert status == 201, (path, number, said)
    status, said = await first.server("GET", f"api/contents/{path}?content=1")
    assert said["content"]["metadata"]["by"] == 4, said
