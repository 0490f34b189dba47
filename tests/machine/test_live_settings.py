"""Settings that need no restart, on a server that people use: what they get, and that what is taken away is gone."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from littlest import paths
from tests.machine.test_configuration import read_starts
from tests.support.hub_client import HubClient, Refused
from tests.support.server import PASSWORD, Server
from tests.support.service_program import make_program

BEFORE = """
limits: {open_servers: 2}
users:
  admin: [admin, deputy, chief, gone]
  allowed: [ada, bob, carol, member]
  groups:
    biology: {members: [bob, member], shared_folder: true}
"""
AFTER = """
announcement: The <i>exam</i> starts at 10.
limits: {open_servers: 2}
users:
  admin: [admin]
  allowed: [ada, deputy, member, new]
  banned: [bob, chief]
  groups:
    biology: {members: [ada], shared_folder: true}
"""
RISEN = AFTER.replace("admin: [admin]", "admin: [admin, ada]").replace(
    "[ada, deputy, member, new]", "[carol, deputy, member, new]"
)
ADMINS = ("deputy", "chief", "gone")
INSTALLED = "/opt/littlest/user/lib/greeting.py"
WHO = """
import json, os, subprocess
run = lambda *words: subprocess.run(words, capture_output=True, text=True)
print(json.dumps({"sudo": run("sudo", "-n", "true").returncode == 0, "groups": run("id", "-Gn").stdout.split()}))
"""


async def ask(server: Server, path: str, token: str = "") -> tuple[int, str]:
    """Ask the hub with a token, or as nobody."""
    headers = {"Authorization": f"token {token}"} if token else {}
    async with (
        ClientSession(headers=headers) as session,
        session.get(f"{server.url}{path}", allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


async def begin(client: HubClient) -> str:
    """Log in, start the server, and make a token; gives the token."""
    await client.login()
    await client.start_server()
    await client.open_lab()
    status, made = await client.api("POST", f"users/{client.name}/tokens", {})
    assert status == 201, made
    return str(made["token"])


async def who_is(client: HubClient) -> dict[str, Any]:
    """Ask in a kernel for the Unix rights of the user."""
    return dict(json.loads(await client.execute(WHO)))


async def is_lab_open(client: HubClient) -> bool:
    """Whether the page that this person has open gets an answer from the server."""
    status, said = await client.server("GET", "api/contents")
    # anyone who is not logged in ends at the login page, which is a page as well
    return status == 200 and isinstance(said, dict)


def read_password(server: Server, user: str) -> str:
    return server.machine.read(f"{paths.INITIAL_PASSWORD_DIR}/{user}").strip()


def run_strays(server: Server) -> None:
    """Let accounts run what is no server: bob and the admins each a program, bob with a manager that stays."""
    for name in ("bob", *ADMINS):
        server.machine.run(["systemd-run", f"--uid=jupyter-{name}", f"--unit=stray-{name}", "sleep", "1000"])
    server.machine.run("mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/jupyter-bob")


def list_strays(server: Server) -> list[str]:
    shown = server.machine.run("systemctl list-units --plain --no-legend --state=running 'stray-*.service'").stdout
    return sorted(line.split()[0].removeprefix("stray-").removesuffix(".service") for line in shown.splitlines())


def may_come_in_by_ssh(server: Server, user: str) -> bool:
    """Whether PAM lets the account in, as sshd(8) and cron(8) ask it."""
    return server.machine.run(["su", f"jupyter-{user}", "-c", "true"], check=False).returncode == 0


async def lose_visit(guest: HubClient, terminal: ClientWebSocketResponse) -> None:
    """Wait until somebody else's server no longer lets a guest in, and what was open is cut."""
    async with asyncio.timeout(40):
        while await is_lab_open(guest):
            await asyncio.sleep(0.5)
        while not terminal.closed:
            await terminal.receive()


def test_rights_that_are_taken_away_are_gone_at_once(own_server: Server) -> None:
    server = own_server
    server.configure(BEFORE)
    starts = read_starts(server)
    names = ("ada", "bob", "carol", "member", *ADMINS)

    async def lose() -> None:
        async with AsyncExitStack() as stack:
            people = {
                name: await stack.enter_async_context(
                    server.client(name, read_password(server, name) if name in ADMINS else PASSWORD)
                )
                for name in names
            }
            tokens = {name: await begin(client) for name, client in people.items()}
            before = {name: await who_is(people[name]) for name in (*ADMINS, "member")}
            assert all(before[name]["sudo"] for name in ADMINS), before
            assert [name for name in before["member"]["groups"] if "biology" in name], before["member"]
            deputy = people["deputy"]
            assert (await deputy.api("GET", "users"))[0] == 200
            assert (await people["bob"].api("POST", "users/bob/servers/second"))[0] in (201, 202)
            # carol is an admin by the panel only; what an admin installs is that admin's
            assert (await deputy.api("PATCH", "users/carol", {"admin": True}))[0] == 200
            await deputy.execute(f"open({INSTALLED!r}, 'w').write('WORDS = 1')")
            window = await stack.enter_async_context(server.client("deputy"))
            await window.open_visit(await deputy.make_visit_link("ada"), "ada")
            assert await is_lab_open(window)
            terminal = await stack.enter_async_context(await window.open_terminal())
            await asyncio.to_thread(run_strays, server)
            assert await asyncio.to_thread(list_strays, server) == ["bob", "chief", "deputy", "gone"]
            unit = server.unit_property("jupyter-ada.service", "InvocationID")
            # eight servers: everybody's, and bob's second
            async with asyncio.timeout(60):
                while len(server.list_server_units()) != len(names) + 1:
                    await asyncio.sleep(0.2)
            assert "jupyter-bob" in server.machine.run("getent group | grep biology").stdout

            await asyncio.to_thread(server.configure, AFTER)

            # one whose rights are as they were notices nothing, and what everybody gets is there
            assert read_starts(server) == starts
            assert server.unit_property("jupyter-ada.service", "InvocationID") == unit
            assert server.list_server_units() == ["jupyter-ada.service"]
            assert await is_lab_open(people["ada"])
            assert list_strays(server) == []
            # of the group's members only she is left, in every Unix group
            assert "jupyter-ada" in (biology := server.machine.run("getent group | grep biology").stdout)
            assert "jupyter-bob" not in biology
            assert "jupyter-member" not in biology
            assert [may_come_in_by_ssh(server, name) for name in ("ada", "deputy", "bob", "chief", "gone")] == [
                *(True, True),
                *(False, False, False),
            ]
            assert server.machine.run("ls /var/lib/systemd/linger").stdout.split() == []
            assert server.machine.run(["stat", "-c", "%U %G", INSTALLED]).stdout.split() == [
                "root",
                "littlest-admins",
            ]
            await lose_visit(window, terminal)
            assert "The &lt;i&gt;exam&lt;/i&gt; starts at 10." in (await ask(server, "hub/login"))[1]
            for name in ("bob", "carol", "chief", "gone"):
                assert (await people[name].api("GET", "user"))[0] == 403, name
                assert (await ask(server, "hub/api/user", tokens[name]))[0] == 403, name
                assert not await is_lab_open(people[name])
                with pytest.raises(Refused) as refused:
                    async with server.client(name, people[name].password) as again:
                        await again.login()
                assert refused.value.status == 403
            # no admin any more, and still a user whose session goes on
            assert (await deputy.api("GET", "users"))[0] == 403
            assert (await ask(server, "hub/api/users", tokens["deputy"]))[0] == 403
            for name in ("deputy", "member"):
                await people[name].start_server()
                await people[name].open_lab()
                after = await who_is(people[name])
                assert not after["sudo"], name
                assert not [one for one in after["groups"] if "biology" in one or "admins" in one], after
            with pytest.raises(AssertionError, match="PermissionError"):
                await deputy.execute(f"open({INSTALLED!r}, 'a').write('WORDS = 2')")
            async with server.admin() as admin:
                await admin.login()
                groups = {group["name"]: group["users"] for group in (await admin.api("GET", "groups"))[1]}
            assert groups == {"biology": ["ada"]}
            # somebody new may log in at once
            async with server.client("new") as new:
                await new.login()

            await asyncio.to_thread(server.configure, RISEN)

            # an admin of the hub at once, and of the machine with the next start of the server
            assert (await people["ada"].api("GET", "users"))[0] == 200
            await people["ada"].stop_server()
            await people["ada"].start_server()
            await people["ada"].open_lab()
            risen = await who_is(people["ada"])
            assert risen["sudo"]
            assert [one for one in risen["groups"] if "biology" in one], risen
            # who was an admin by the panel comes back as what the settings say
            async with server.client("carol") as carol:
                await carol.login()
                assert (await carol.api("GET", "users"))[0] == 403

            # in the panel as in the settings: what runs with sudo ends with the right to it
            async with server.admin() as admin:
                await admin.login()
                assert (await admin.api("PATCH", "users/ada", {"admin": False}))[0] == 200
                async with asyncio.timeout(60):
                    while "jupyter-ada.service" in server.list_server_units():
                        await asyncio.sleep(0.2)
                    while "jupyter-ada" in server.machine.run("getent group littlest-admins").stdout:
                        await asyncio.sleep(0.2)
                # and who is deleted there leaves nothing behind, whatever is open
                assert (await people["member"].api("POST", "users/member/servers/second"))[0] in (201, 202)
                assert (await admin.api("DELETE", "users/member"))[0] == 204
                assert server.list_server_units() == ["jupyter-deputy.service"]

    server.run(lose(), 400)
    assert read_starts(server) == starts
    listed = server.machine.run("getent group littlest-admins").stdout
    assert "deputy" not in listed
    assert "bob" not in listed
    server.machine.run("littlest apply")
    assert read_starts(server) == starts
    assert server.littlest("plan")["steps"] == []


def test_guests_of_a_shared_server_are_out_with_the_share_or_their_login(own_server: Server) -> None:
    server = own_server
    server.configure("users: {admin: [admin], allowed: [uninvited, expelled]}\n")

    async def lose() -> None:
        async with AsyncExitStack() as stack:
            admin = await stack.enter_async_context(server.admin())
            await admin.login()
            await admin.start_server()
            await admin.open_lab()
            guests = [await stack.enter_async_context(server.client(name)) for name in ("uninvited", "expelled")]
            terminals = []
            for guest in guests:
                await guest.login()
                with pytest.raises(Refused):
                    await guest.open_lab_of("admin")
                assert (await admin.api("POST", "shares/admin/", {"user": guest.name}))[0] == 200
                await guest.open_lab_of("admin")
                assert await is_lab_open(guest)
                terminals.append(await stack.enter_async_context(await guest.open_terminal()))

            assert (await admin.api("PATCH", "shares/admin/", {"user": "uninvited"}))[0] == 200
            await lose_visit(guests[0], terminals[0])
            assert (await guests[0].api("GET", "user"))[0] == 200
            assert await is_lab_open(guests[1])
            assert not terminals[1].closed

            await asyncio.to_thread(
                server.configure, "users: {admin: [admin], allowed: [uninvited], banned: [expelled]}\n"
            )
            await lose_visit(guests[1], terminals[1])
            assert (await guests[1].api("GET", "user"))[0] == 403
            # the owner noticed nothing
            assert await is_lab_open(admin)

    server.run(lose(), 200)


def test_culling_restarts_the_culler_only_and_the_announcement_nothing(own_server: Server) -> None:
    server = own_server
    before = read_starts(server)
    cull = "timeout: 7200, every: 120, max_age: 86400"
    server.configure(f"users: {{admin: [admin]}}\nannouncement: one\nservices: {{cull: {{{cull}}}}}\n")
    after = read_starts(server)
    assert [unit for unit in before if before[unit] != after[unit]] == [paths.CULLER_UNIT]
    assert ">one<" in server.run(ask(server, "hub/login"))[1]
    runs = server.machine.run(["pgrep", "--full", "--list-full", "jupyterhub_idle_culler"]).stdout.split()
    assert {"--timeout=7200", "--cull-every=120", "--max-age=86400"} <= set(runs), runs
    # without it nothing looks for idle servers any more, and those that are open stay so
    server.use_as_admin()
    server.configure("users: {admin: [admin]}\nannouncement: one\nservices: {cull: {enabled: false}}\n")
    assert server.machine.run(["pgrep", "--full", "jupyterhub_idle_culler"], check=False).returncode == 1
    assert server.machine.run(["systemctl", "cat", paths.CULLER_UNIT], check=False).returncode != 0
    assert server.list_server_units() == ["jupyter-admin.service"]
    assert {unit: start for unit, start in read_starts(server).items() if unit != paths.CULLER_UNIT} == {
        unit: start for unit, start in after.items() if unit != paths.CULLER_UNIT
    }
    assert server.littlest("plan")["steps"] == []


def test_services_and_metrics_work_in_the_hubs_own_unit(own_server: Server) -> None:
    server = own_server
    server.machine.run(
        "cat >/srv/grader; chmod 755 /srv/grader", stdin=make_program("/opt/littlest/current/bin/python")
    )
    server.machine.run("cd /etc/littlest; umask 077; echo sesame-open >metrics-token; echo sesame-board >board-token")
    # one that the hub does not start: its pages come from elsewhere
    server.machine.run("mkdir -p /srv/www/services/board; echo board >/srv/www/services/board/index.html")
    pages = "-m http.server --bind 127.0.0.1 --directory /srv/www 9100"
    server.machine.run(f"systemd-run --unit=board /opt/littlest/current/bin/python {pages}")
    server.configure(
        "users: {admin: [admin]}\nmetrics: {token: {file: /etc/littlest/metrics-token}}\n"
        "services: {managed: {grader: {command: [/srv/grader], url: 'http://127.0.0.1:9000', scopes: [list:users],"
        " environment: {COURSE: bio}}, board: {api_token: {file: /etc/littlest/board-token},"
        " url: 'http://127.0.0.1:9100', scopes: [list:users]}}}\n"
    )

    async def find() -> dict[str, Any]:
        async with asyncio.timeout(60):
            while (answer := await ask(server, "services/grader/"))[0] != 200:
                await asyncio.sleep(0.2)
        return dict(json.loads(answer[1]))

    found = server.run(find())
    assert server.run(ask(server, "services/board/")) == (200, "board\n")
    asked = [server.run(ask(server, path, "sesame-board"))[0] for path in ("hub/api/users", "hub/api/info")]
    assert asked == [200, 403]
    uid = int(server.machine.run("id -u littlest-services").stdout)
    assert (found["path"], found["uid"], found["course"]) == ("/services/grader/", uid, "bio")
    assert (found["users"], found["info"], found["secrets"]) == (200, 403, [])
    status = server.machine.run(f"cat /proc/{found['pid']}/status").stdout
    assert [line for line in status.splitlines() if line.startswith("NoNewPrivs:")] == ["NoNewPrivs:\t1"]
    assert [line for line in status.splitlines() if line.startswith("CapEff:")] == ["CapEff:\t0000000000000000"]
    metrics = [server.run(ask(server, "hub/metrics", token))[0] for token in ("", "sesame-open", "sesame-shut")]
    assert metrics == [403, 200, 403]
    # another secret in the same file is a reason to restart, too
    server.machine.run("echo sesame-anew >/etc/littlest/metrics-token; littlest apply")
    assert [server.run(ask(server, "hub/metrics", token))[0] for token in ("sesame-open", "sesame-anew")] == [
        403,
        200,
    ]
    refused = server.machine.run(
        "cat >/tmp/bad.yaml; littlest config validate /tmp/bad.yaml",
        stdin="services: {managed: {x2: {command: [/srv/none]}}}",
        check=False,
    )
    assert refused.returncode == 3
    assert "there is no program /srv/none" in refused.stdout + refused.stderr
    # without services nothing is left of them, and anybody may read the figures who was told to
    server.configure("users: {admin: [admin]}\nmetrics: {public: true}\n")
    assert server.run(ask(server, "hub/metrics"))[0] == 200
    assert server.run(ask(server, "hub/api/users", "sesame-board"))[0] == 403
    assert server.run(ask(server, "services/board/"))[0] != 200
    assert server.machine.run("getent passwd littlest-services", check=False).stdout == ""
    assert server.machine.run(f"test -e /proc/{found['pid']}", check=False).returncode == 1


def test_user_removed_during_a_server_start_gets_no_server(own_server: Server) -> None:
    server = own_server
    names = ["stays", "goes-1", "goes-2", "goes-3", "goes-4"]
    server.configure(f"users: {{admin: [admin], allowed: [{', '.join(names)}]}}\n")

    async def lose() -> list[str]:
        async with AsyncExitStack() as stack:
            people = {name: await stack.enter_async_context(server.client(name)) for name in names}
            for client in people.values():
                await client.login()
            # more than start at the same time: some are in line
            starts = [
                asyncio.create_task(client.api("POST", f"users/{name}/server")) for name, client in people.items()
            ]
            async with asyncio.timeout(60):
                for name, client in people.items():
                    while not (await client.api("GET", f"users/{name}"))[1]["servers"]:
                        await asyncio.sleep(0.05)
            await asyncio.to_thread(server.configure, "users: {admin: [admin], allowed: [stays]}\n")
            units = server.list_server_units()
            await asyncio.gather(*starts, return_exceptions=True)
            await people["stays"].start_server()
            await people["stays"].open_lab()
            assert await people["stays"].execute("6*7") == "42"
            for name in names[1:]:
                assert (await people[name].api("GET", "user"))[0] == 403, name
            return units

    assert set(server.run(lose())) <= {"jupyter-stays.service"}
    assert server.list_server_units() == ["jupyter-stays.service"]
    assert server.littlest("status")["problems"] == []
