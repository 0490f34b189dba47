"""What admins are told of users' servers: memory, processor, last activity, homes; on the page and by commands."""

import time
from typing import Any

from tests.support.server import Server

SETTINGS = "users: {admin: [admin], allowed: [ada, ben]}\nlimits: {memory: 2G, cpu: 1.5}\n"
BUSY = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\n6*7"
FORGED = (
    "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef\nUNIT=jupyter-ben.service\n"
    "MESSAGE=A process of this unit has been killed by the OOM killer.\n"
)


def read_usage(server: Server) -> dict[str, Any]:
    found = server.littlest("status", check=False)["usage"]
    return {use["name"]: use for use in found}


async def read_page(server: Server) -> tuple[int, str]:
    async with server.admin() as admin:
        await admin.login()
        return await admin.get("hub/usage")


def wait_for_home(server: Server) -> dict[str, Any]:
    """Homes are measured a minute after the hub sees them; du(1) takes a moment."""
    deadline = time.monotonic() + 240
    while (ada := read_usage(server)["ada"])["home_bytes"] is None:
        assert time.monotonic() < deadline, server.machine.run("ls -l /var/lib/littlest", check=False).stdout
        time.sleep(3)
    return dict(ada)


def test_admins_see_what_each_server_uses_of_what_it_may(own_server: Server) -> None:
    server = own_server
    server.configure(SETTINGS)
    server.use("ada", BUSY)
    server.machine.run(["logger", "--journald"], stdin=FORGED)
    ada, ben = (read_usage(server).get(name) for name in ("ada", "ben"))
    assert ada
    assert ada["server"] == "running"
    # a server and a kernel, on a machine without the kernel's own figures too
    assert 30 * 2**20 < ada["memory_bytes"] < 600 * 2**20
    assert (ada["memory_limit_bytes"], ada["cpu_limit_cores"]) == (2 * 2**30, 1.5)
    assert 0.2 < ada["cpu_cores"] <= 1.6
    assert ada["last_activity"]
    # a student cannot make it look as if somebody else had no memory left
    assert ben is None or ben["out_of_memory"] is None

    began = time.monotonic()
    said = server.machine.run("littlest status", check=False).stdout
    seconds = time.monotonic() - began
    assert "of 2 GB" in said, said
    assert "of 1.5 cores" in said, said
    assert seconds < 10, seconds
    listed = server.machine.run("littlest user list").stdout
    assert "of 2 GB" in next(line for line in listed.splitlines() if line.startswith("ada ")), listed

    status, page = server.run(read_page(server))
    assert status == 200
    assert "of 2 GB" in page
    assert page.index(">ada<") < page.index(">admin<")

    ada = wait_for_home(server)
    assert ada["home_bytes"] > 0
    assert ada["home_measured"]
