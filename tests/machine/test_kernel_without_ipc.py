"""In a student's sandbox, a kernel that speaks TCP only runs, and opens no port."""

import json
from pathlib import Path

import pytest

from tests.support.server import Server

KERNEL = Path(__file__).parent.parent / "support/small_kernel.py"
PYTHON = "/opt/littlest/user/bin/python"
SHARE = "/opt/littlest/user/share/jupyter/kernels"
PORTS = """
import glob, os
own = {os.readlink(file) for file in glob.glob("/proc/self/fd/*") if os.path.exists(file)}
lines = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").read().splitlines()[1:]]
(6 * 7, [line[1] for line in lines if f"socket:[{line[9]}]" in own])
"""


@pytest.mark.parametrize("habit", ["tcp-ends", "tcp-hangs"])
def test_a_kernel_that_speaks_tcp_only_runs_in_a_students_sandbox(server: Server, habit: str) -> None:
    machine = server.machine
    machine.write(f"{SHARE}/{habit}/kernel.py", KERNEL.read_bytes())
    command = [PYTHON, f"{SHARE}/{habit}/kernel.py", "{connection_file}", habit]
    found = {"argv": command, "display_name": habit, "language": "python"}
    machine.write(f"{SHARE}/{habit}/kernel.json", json.dumps(found))
    server.add_users(["eve"])

    async def play() -> str:
        async with server.client("eve") as eve:
            await eve.login()
            await eve.start_server()
            await eve.open_lab()
            return await eve.execute(PORTS, kernel=habit)

    assert server.run(play()) == "(42, [])"
    server.stop_servers()
    machine.run(["rm", "-r", f"{SHARE}/{habit}"])
