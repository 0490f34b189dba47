"""Settings and the littlest command on a running server."""

import asyncio
import json

import pytest

from tests.support.hub_client import Refused
from tests.support.server import Server

UNITS = ("jupyterhub.service", "jupyterhub-proxy.service", "jupyterhub-idle-culler.service")


def read_starts(server: Server) -> dict[str, str]:
    """Tell which start of each unit is running: changes when, and only when, it was restarted."""
    return {unit: server.unit_property(unit, "InvocationID") for unit in UNITS}


def test_a_fresh_installation_has_nothing_to_do(server: Server) -> None:
    before = read_starts(server)
    assert server.machine.run("littlest plan", check=False).returncode == 0
    assert server.littlest("plan")["steps"] == []
    server.machine.run("littlest apply")
    assert read_starts(server) == before


def test_status_tells_people_and_programs_the_same(server: Server) -> None:
    status = server.littlest("status")
    assert status["problems"] == []
    assert set(UNITS) <= set(status["units"])
    assert status["jupyterhub_version"] in server.machine.run("littlest status", check=False).stdout


def test_config_show_gives_every_setting_and_no_secret(server: Server) -> None:
    shown = server.littlest("config", "show")["settings"]
    assert shown["http"]["port"] == 80
    assert shown["users"]["admin"] == ["admin"]
    assert shown["limits"]["memory"] == "1G"
    assert server.machine.run("littlest config validate").returncode == 0


def test_what_can_be_set_is_told_to_editors_and_people(server: Server) -> None:
    def ask(command: str) -> str:
        return server.machine.run(["runuser", "-u", "nobody", "--", "sh", "-c", command]).stdout

    head = server.machine.run("head -n 1 /etc/littlest/config.yaml").stdout
    file = head.partition("$schema=")[2].strip()
    assert file == "/opt/littlest/current/share/littlest/config.schema.json"
    assert ask(f"cat {file}") == ask("littlest config schema")
    assert "jupyterhub" in json.loads(ask(f"cat {file}"))["properties"]
    told = ask("littlest config help jupyterhub.Spawner.http_timeout")
    assert "Takes:    a whole number\nDefault:  120\n" in told
    assert "Timeout (in seconds)" in told


def test_logs_of_hub_proxy_and_user_are_found_by_name(server: Server) -> None:
    server.add_users(["logged"])
    server.use("logged")
    assert "User logged in: logged" in server.machine.run("littlest logs hub").stdout
    assert "ConfigProxy" in server.machine.run("littlest logs proxy").stdout
    assert "ServerApp" in server.machine.run("littlest logs logged").stdout
    assert "ServerApp" in "".join(server.littlest("logs", "logged")["lines"])
    server.stop_servers()


def test_without_root_the_command_says_so(server: Server) -> None:
    done = server.machine.run(["runuser", "-u", "nobody", "--", "littlest", "apply"], check=False)
    assert done.returncode == 77
    assert "sudo" in done.stderr


def test_wrong_usage_ends_with_two(server: Server) -> None:
    assert server.machine.run("littlest frobnicate", check=False).returncode == 2


def test_two_changes_at_once_are_not_made(server: Server) -> None:
    lock = "/run/littlest.lock"
    server.machine.run(f"systemd-run --unit=holder flock {lock} sleep 60")
    try:
        server.machine.run(f"while flock -n {lock} true; do sleep 0.05; done")
        done = server.machine.run("littlest apply", check=False)
    finally:
        server.machine.run("systemctl stop holder")
    assert done.returncode == 5
    assert "another" in done.stderr.lower()


def test_invalid_settings_are_all_named_and_take_no_effect(own_server: Server) -> None:
    server = own_server
    before = read_starts(server)
    server.machine.run(
        "cat >/etc/littlest/config.yaml",
        stdin="http:\n  prot: 81\nlimits:\n  memory: lots\nusers:\n  admin: [admin]\n",
    )
    done = server.machine.run("littlest config validate", check=False)
    assert done.returncode == 3
    said = done.stdout + done.stderr
    assert "config.yaml:2:" in said
    assert "config.yaml:4:" in said
    assert "port" in said
    assert server.machine.run("littlest apply", check=False).returncode == 3
    assert read_starts(server) == before
    # even a restart with the broken file goes on with the last known good one, and says so
    server.machine.run("systemctl restart jupyterhub.service")
    server.wait_until_ready(30)
    assert server.use_as_admin() == "42"
    assert "config.yaml" in server.machine.journal("-u", "jupyterhub.service", "-b")
    status = server.littlest("status", check=False)
    assert "last known good" in status["settings_problem"]
    assert [problem["line"] for problem in status["settings_problems"]] == [2, 4]
    assert sum("config.yaml:" in line for line in status["problems"]) == 2
    assert server.machine.run("littlest status", check=False).returncode == 4


def test_who_is_banned_or_removed_cannot_log_in(own_server: Server) -> None:
    server = own_server
    server.configure("users:\n  admin: [admin]\n  allowed: [good]\n  banned: [bad]\n")
    server.wait_until_ready(30)
    server.add_users(["bad"])
    assert server.use("good") == "42"
    with pytest.raises(Refused) as refused:
        server.use("bad")
    assert refused.value.status == 403
    admin = server.admin()

    async def remove() -> None:
        async with admin:
            await admin.login()
            await admin.api("POST", "users/added")
            assert (await admin.api("DELETE", "users/added"))[0] == 204

    server.run(remove())
    with pytest.raises(Refused):
        server.use("added")


def test_only_what_must_be_is_restarted_when_settings_change(own_server: Server) -> None:
    server = own_server
    before = read_starts(server)
    server.configure("users:\n  admin: [admin]\nlimits:\n  memory: 512M\n  cpu: 0.5\n")
    assert read_starts(server) == before
    server.add_users(["small"])
    assert server.use("small") == "42"
    assert server.unit_property("jupyter-small.service", "MemoryMax") == str(512 * 2**20)
    assert server.unit_property("jupyter-small.service", "CPUQuotaPerSecUSec") == "500ms"


def test_single_settings_are_changed_in_the_file_and_put_in_force(own_server: Server) -> None:
    server = own_server
    server.add_users(["kept"])
    assert server.use("kept") == "42"
    unit = "jupyter-kept.service"
    before = read_starts(server)
    file = server.machine.run("cat /etc/littlest/config.yaml").stdout
    server.machine.run("littlest config set limits.memory 768M limits.cpu 0.5 --apply")
    server.machine.run("littlest config add users.banned kept-out --apply")
    assert "  memory: 768M\n" in server.machine.run("cat /etc/littlest/config.yaml").stdout
    assert server.machine.run("littlest config get users.banned").stdout == "kept-out\n"
    assert server.unit_property(unit, "MemoryMax") == str(768 * 2**20)
    assert server.unit_property(unit, "CPUQuotaPerSecUSec") == "500ms"
    with pytest.raises(Refused):
        server.use("kept-out")
    # what is refused changes neither the file nor the hub
    changed = server.machine.run("cat /etc/littlest/config.yaml").stdout
    for words, code in (
        ("set limits.memory lots", 3),
        ("set jupyterhub.JupyterHub.concurrent_spawn_limt 5", 3),
        ("set users.admin kept", 2),
        ("remove users.admin nobody", 1),
    ):
        assert server.machine.run(f"littlest config {words} --apply", check=False).returncode == code, words
    assert server.machine.run("cat /etc/littlest/config.yaml").stdout == changed
    assert server.machine.run("runuser -u nobody -- littlest config set http.port 81", check=False).returncode == 77
    server.machine.run("littlest config remove users.banned kept-out")
    server.machine.run("littlest config unset limits --apply")
    assert server.machine.run("cat /etc/littlest/config.yaml").stdout == file
    assert server.unit_property(unit, "MemoryMax") == str(2**30)
    assert read_starts(server) == before
    server.stop_servers()


def test_port_and_base_url_move_the_hub_and_user_servers_with_it(own_server: Server) -> None:
    server = own_server
    server.configure("users:\n  admin: [admin]\nhttp:\n  port: 8080\nbase_url: /class/\n")
    moved = Server(server.machine, "/class/", 8080)
    try:
        moved.wait_until_ready(30)
        assert moved.use_as_admin() == "42"
        rows = server.machine.run("ss -Hltn").stdout
        assert ":8080 " in rows
        assert ":80 " not in rows
        assert "8080/class/" in json.dumps(server.littlest("status")["addresses"])
        moved.stop_servers()
    finally:
        moved.network.close()


def test_a_new_base_url_stops_nobody_who_works(own_server: Server) -> None:
    server = own_server
    server.add_users(["worker"])
    moved = Server(server.machine, "/class/")

    async def work() -> None:
        async with server.client("worker") as client, moved.client("worker") as later:
            await client.login()
            await client.start_server()
            await client.open_lab()
            unit, kept = server.list_server_units(), server.unit_property("jupyter-worker.service", "InvocationID")
            await asyncio.to_thread(server.configure, "users:\n  admin: [admin]\nbase_url: /class/\n")
            # the same page, with its kernels, and a new browser
            assert await client.execute("6*7") == "42"
            assert server.list_server_units() == unit
            assert server.unit_property("jupyter-worker.service", "InvocationID") == kept
            await later.login()
            status, page = await later.get("user/worker/lab")
            assert (status, "Restart my server" in page) == (200, True)
            status, page = await later.visit("http://127.0.0.1/user/worker/lab")
            assert (status, "jupyter-config-data" in page) == (200, True)
            # what the server reports arrives under the old address
            failures = server.machine.journal("-u", "jupyter-worker.service", "-b")
            assert "Error notifying Hub of activity" not in failures
            form = {"_xsrf": later.xsrf("hub/")["X-XSRFToken"], "server": "", "next": "/class/user/worker/lab"}
            assert (await later.post("hub/restart-moved", form))[0] == 200
            later.server_path = ""
            async with asyncio.timeout(60):
                while not (await later.api("GET", "users/worker"))[1].get("servers", {}).get("", {}).get("ready"):
                    await asyncio.sleep(0.5)
            await later.open_lab()
            assert await later.execute("6*7") == "42"

    try:
        server.run(work())
        moved.stop_servers()
    finally:
        moved.network.close()


def test_notebook_can_be_the_application_that_opens(own_server: Server) -> None:
    server = own_server
    server.configure("users:\n  admin: [admin]\nuser_environment:\n  default_app: notebook\n")
    server.wait_until_ready(30)
    server.add_users(["classic"])

    async def open_default() -> str:
        async with server.client("classic") as client:
            await client.login()
            await client.start_server()
            await client.open_lab()  # logs in to the server
            return await client.where(client.server_path)

    assert server.run(open_default()).startswith("user/classic/tree")
