"""The real culler stops servers that nobody uses, and no server in which something runs."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest

from tests.support.hub_client import HubClient
from tests.support.kernel import make_execute_request
from tests.support.server import Server

UNIT = "jupyterhub-idle-culler.service"
PATIENCE = 100
"""Seconds; 600 is the least that can be set."""
REPORTS = 'c.Spawner.environment = {"JUPYTERHUB_ACTIVITY_INTERVAL": "5"}\n'
IDLE = {
    "question": ("cell", "input('Your name? ')"),
    "prompt": ("terminal", "python -q"),
    "screen": ("terminal", "top"),
    "watched": ("terminal", "touch log; tail -f log"),
}
BUSY = {
    "sleeping": ("cell", "import time; time.sleep(1000)"),
    "training": ("terminal", "sleep 1000"),
    "hidden": ("terminal", "nohup python -c 'while True: pass' >/dev/null & disown"),
}


async def begin(client: HubClient, stack: AsyncExitStack, kind: str, what: str) -> None:
    """Run something, and close its page."""
    if kind == "cell":
        status, kernel = await client.server("POST", "api/kernels", {"name": "python3"})
        assert status == 201, kernel
        address = client.at(f"{client.server_path}api/kernels/{kernel['id']}/channels")
        async with client._session.ws_connect(address) as page:
            request = make_execute_request(what)
            request["content"]["allow_stdin"] = True
            await page.send_json(request)
            await asyncio.sleep(3)
    else:
        async with await client.open_terminal() as terminal:
            await terminal.send_json(["stdin", f"export TERM=xterm; {what}\r"])
            await asyncio.sleep(2)


async def keep_page_open(client: HubClient) -> None:
    """What a JupyterLab that nobody touches asks."""
    for path in ("api/contents?content=1", "api/sessions", "api/kernels", "api/terminals", "api/metrics/v1"):
        await client.server("GET", path)


@pytest.mark.timeout(600)
def test_the_culler_stops_what_nobody_uses_and_nothing_that_runs(own_server: Server) -> None:
    server = own_server
    command = re.findall(r"(?ms)^ExecStart=(.*?[^\\])$", server.machine.run(f"systemctl cat {UNIT}").stdout)[-1]
    hasty = re.sub(r"--cull-every=\d+", "--cull-every=5", re.sub(r"--timeout=\d+", f"--timeout={PATIENCE}", command))
    server.machine.write("/etc/littlest/jupyterhub_config.d/reports.py", REPORTS)
    server.configure("users: {admin: [admin]}\nlimits: {cpu: 0.3}\n")
    server.add_users(["open-page", *IDLE, *BUSY])

    async def play() -> None:
        async with AsyncExitStack() as stack:
            clients = {}
            for user in ("open-page", *IDLE, *BUSY):
                client = clients[user] = await stack.enter_async_context(server.client(user))
                await client.login()
                await client.start_server()
                await client.open_lab()
                if user != "open-page":
                    await begin(client, stack, *(IDLE | BUSY)[user])
            drop_in = f"[Service]\nExecStart=\nExecStart={hasty}\n"
            server.machine.write(f"/run/systemd/system/{UNIT}.d/hasty.conf", drop_in)
            server.machine.run(f"systemctl daemon-reload && systemctl restart {UNIT}")
            for _ in range(PATIENCE // 5 * 2):
                if len(server.list_server_units()) <= len(BUSY):
                    break
                await keep_page_open(clients["open-page"])
                await asyncio.sleep(5)
            # as long again as the culler waits between two looks
            await asyncio.sleep(10)

    server.run(play(), 500)
    assert server.list_server_units() == sorted(f"jupyter-{user}.service" for user in BUSY)
