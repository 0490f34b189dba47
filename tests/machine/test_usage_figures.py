"""What admins are told of users' servers: memory, processor, last activity, homes; on the page and by commands."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from tests.machine.conftest import REPOSITORY
from tests.support.browser import NEEDED, open_browser
from tests.support.debian import ensure_system_packages
from tests.support.looks import PHONE, choose_scheme, choose_width, find_faint_texts, find_wide_parts
from tests.support.server import ADMIN, PASSWORD, Server

SETTINGS = "users: {admin: [admin], allowed: [ada, ben]}\nlimits: {memory: 2G, cpu: 1.5}\n"
BUSY = "import time\nkept = bytearray(100 * 2**20)\nend = time.time() + 300\nwhile time.time() < end: pass"
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


async def look_while_busy(server: Server) -> dict[str, Any]:
    """Have ada compute something; gives what status says meanwhile."""
    async with server.client("ada", PASSWORD) as client:
        await client.login()
        await client.start_server()
        await client.open_lab()
        computing = asyncio.create_task(client.execute(BUSY, seconds=400))
        found: dict[str, Any] = {}
        for _turn in range(20):
            found = await asyncio.to_thread(read_usage, server)
            if found["ada"]["cpu_cores"] > 0.2:
                break
        computing.cancel()
        with suppress(asyncio.CancelledError):
            await computing
        return found


def wait_for_home(server: Server) -> dict[str, Any]:
    """Homes are measured a minute after the hub sees them; du(1) takes a moment."""
    deadline = time.monotonic() + 240
    while ((ada := read_usage(server)["ada"])["home_bytes"] or 0) < 5_000_000:
        assert time.monotonic() < deadline, server.machine.run("ls -l /var/lib/littlest", check=False).stdout
        time.sleep(3)
    return dict(ada)


def test_admins_see_what_each_server_uses_of_what_it_may(own_server: Server) -> None:
    server = own_server
    server.configure(SETTINGS)
    server.machine.run(["logger", "--journald"], stdin=FORGED)
    found = server.run(look_while_busy(server), 400)
    ada, ben = found["ada"], found.get("ben")
    assert ada["server"] == "running"
    # a server, a kernel and what that keeps, on a machine without the kernel's own figures too
    assert 60 * 2**20 < ada["memory_bytes"] < 600 * 2**20
    assert (ada["memory_limit_bytes"], ada["cpu_limit_cores"]) == (2 * 2**30, 1.5)
    assert 0.2 < ada["cpu_cores"] <= 1.6
    assert ada["last_activity"]
    # a student cannot make it look as if somebody else had no memory left
    assert ben is None or ben["out_of_memory"] is None

    said = server.machine.run("littlest status", check=False).stdout
    assert "of 2 GB" in said, said
    assert "of 1.5 cores" in said, said
    listed = server.machine.run("littlest user list").stdout
    assert "of 2 GB" in next(line for line in listed.splitlines() if line.startswith("ada ")), listed

    status, page = server.run(read_page(server))
    assert status == 200
    assert "of 2 GB" in page
    assert page.index('"row">ada<') < page.index('"row">admin<')

    # as the guide says: to have all homes measured again
    server.machine.run_as("jupyter-ada", "head -c 5000000 /dev/urandom >data; sync; chmod 600 data")
    server.machine.run("rm -f /var/lib/littlest/home-sizes.json")
    ada = wait_for_home(server)
    assert 5_000_000 < ada["home_bytes"] < 50_000_000
    assert ada["home_measured"]
    assert server.network.call(lambda: look(server)) == []


def look(server: Server) -> list[str]:
    """Look at the page by day and on a telephone at night; gives what cannot be read."""
    ensure_system_packages(*NEEDED)
    problems = []
    with open_browser(REPOSITORY / "build/screenshots") as browser:
        browser.log_in(f"{server.url}hub/login?next=/hub/usage", ADMIN, server.admin_password())
        browser.find("#usage")
        for scheme, width in (("light", 1280), ("dark", PHONE)):
            choose_scheme(browser, scheme)
            choose_width(browser, width)
            browser.keep_screenshot(f"usage-{scheme}")
            problems += [*find_faint_texts(browser), *find_wide_parts(browser)]
    return problems
