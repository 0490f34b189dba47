"""`littlest apply` on a server: what it says before, and what holds when the hub does not live."""

import asyncio
import time

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.support.server import Server

CONFIG = "/etc/littlest/config.yaml"
END_AFTER_THE_START = """
import os, sys
from littlest.hub import application
from littlest.hub.live import live

tell = application.notify_systemd


def end(state):
    tell(state)
    if state == "READY=1" and live.config.http.port == 8081:
        print("this hub cannot live", file=sys.stderr, flush=True)
        os._exit(1)


application.notify_systemd = end
"""
ONE = "users: {admin: [admin], allowed: [witness]}\nannouncement: This is one.\n"
OTHER = (
    "users: {admin: [admin], allowed: [witness, other]}\nannouncement: This is other.\nhttp: {port: 8080}\n"
    "limits: {memory: 512M}\nservices: {cull: {timeout: 7200}}\n"
)
PORTS = {ONE: 80, OTHER: 8080}
WORDS = {ONE: "This is one.", OTHER: "This is other."}


def write(server: Server, settings: str) -> None:
    server.machine.run(f"cat >{CONFIG}", stdin=settings)


def read_login_page(server: Server, ports: list[int], seconds: float = 60.0) -> tuple[int, str]:
    """The port at which the hub answers first, and its login page."""

    async def ask() -> tuple[int, str]:
        deadline = time.monotonic() + seconds
        async with ClientSession(timeout=ClientTimeout(total=5)) as session:
            while time.monotonic() < deadline:
                for port in ports:
                    try:
                        async with session.get(f"http://127.0.0.1:{port}/hub/login") as answer:
                            if answer.status == 200:
                                return port, await answer.text()
                    except (ClientError, TimeoutError, OSError):
                        continue
                await asyncio.sleep(0.1)
        raise AssertionError(f"the hub answers at none of the ports {ports}")

    return server.run(ask(), seconds + 10)


@pytest.mark.timeout(900)
def test_plan_shows_changes_and_rollback_reverts_them(own_server: Server) -> None:
    server = own_server
    server.configure(ONE)
    assert server.use("witness") == "42"
    write(server, OTHER)
    # in the file, and not in force
    status = server.littlest("status", check=False)
    assert status["settings_not_applied"] == [
        "http.port", "users.allowed", "limits.memory", "services.cull.timeout", "announcement",
    ]  # fmt: skip
    assert status["hub_problem"] is None
    planned = server.littlest("plan", check=False)
    changes = {change["key"]: change for change in planned["changes"]}
    assert changes["users.allowed"]["added"] == ["other"]
    assert (changes["http.port"]["old"], changes["http.port"]["new"]) == (80, 8080)
    assert planned["affected"]["limited"] == ["witness"]
    units = ["jupyterhub-proxy.service", "jupyterhub.service", "jupyterhub-idle-culler.service"]
    assert [unit for unit in planned["restarts"] if not unit.endswith(".socket")] == units
    said = server.machine.run("littlest plan", check=False).stdout
    assert "limits.memory: 1G → 512M" in said
    assert "open notebooks keep running" in said
    done = server.littlest("apply")
    assert done["changes"] == planned["changes"]
    assert server.unit_property("jupyter-witness.service", "MemoryMax") == str(512 * 2**20)

    # a hub that was started with what nobody applied, and whose file was put back since, is seen and restarted
    write(server, OTHER + "metrics: {public: true}\n")
    server.machine.run("systemctl restart jupyterhub.service")
    write(server, OTHER)
    assert server.littlest("status", check=False)["runs_other_settings"]
    assert server.littlest("plan", check=False)["restarts"] == ["jupyterhub.service"]
    assert server.littlest("apply")["restarts"] == ["jupyterhub.service"]
    assert server.littlest("status")["problems"] == []
    # a drop-in alone restarts the hub, which is said before
    server.machine.write("/etc/littlest/jupyterhub_config.d/mild.py", "c.JupyterHub.activity_resolution = 31\n")
    planned = server.littlest("plan", check=False)
    said = server.machine.run("littlest apply").stderr
    assert "the hub restarts: open notebooks keep running" in said
    server.machine.run("rm /etc/littlest/jupyterhub_config.d/mild.py")
    done = server.littlest("apply")
    assert (done["changes"], done["restarts"]) == ([], ["jupyterhub.service"])
    assert done["steps"][0] == planned["steps"][0]

    history = server.littlest("config", "history")["entries"]
    assert [entry["how"] for entry in history] == ["apply", "apply", "install"]
    assert history[0]["in_force"]
    diff = server.machine.run(["littlest", "config", "diff", str(history[1]["number"])]).stdout
    assert '+announcement: "This is other."' in diff
    server.machine.run("littlest config rollback")
    _port, page = read_login_page(server, [80])
    assert WORDS[ONE] in page
    assert server.machine.read(CONFIG) == ONE
    assert server.unit_property("jupyter-witness.service", "MemoryMax") == str(2**30)

    # a hub that ends after each start is not waited for, and its own words are shown
    server.machine.write("/etc/littlest/jupyterhub_config.d/end.py", END_AFTER_THE_START)
    server.machine.run("littlest apply")
    write(server, "users: {admin: [admin], allowed: [witness]}\nhttp: {port: 8081}\n")
    failed = server.machine.run("littlest apply", check=False)
    assert failed.returncode == 1
    assert "this hub cannot live" in failed.stderr
    assert "within 60 seconds" not in failed.stderr
    assert server.machine.read(CONFIG) == ONE
    assert "8081" in server.machine.read(f"{CONFIG}.rejected")
    # there may be secrets in it
    assert server.machine.run(f"stat -c '%a %U' {CONFIG}.rejected").stdout.split() == ["640", "root"]
    assert WORDS[ONE] in read_login_page(server, [80])[1]
    assert server.littlest("config", "history")["entries"][0]["how"] == "rollback 2"
    server.machine.run("rm /etc/littlest/jupyterhub_config.d/end.py; littlest apply")
    assert server.littlest("status", check=False)["healthy"]
