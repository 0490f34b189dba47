"""Limits: each user's own, in force on servers that run, and how many may be open at once. (Whether the kernel holds
them is seen in tests/vm: here they are only set.)"""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.hub_client import HubClient
from tests.support.server import Server

GIB, MIB = 2**30, 2**20
ADA, GRACE, LINUS = "jupyter-ada.service", "jupyter-grace.service", "jupyter-linus.service"
USERS = "users: {admin: [admin], groups: {biology: {members: [grace], limits: {memory: null, processes: 2000}}}}\n"


@pytest.fixture(scope="module", autouse=True)
def settings_as_before(server: Server) -> Iterator[None]:
    """The next file's tests find the settings as they were, and no server running."""
    before = server.machine.read("/etc/littlest/config.yaml")
    yield
    server.stop_servers()
    server.configure(before)


def read_limits(server: Server, unit: str) -> dict[str, str]:
    names = ("MemoryHigh", "MemoryMax", "MemorySwapMax", "CPUQuotaPerSecUSec", "TasksMax")
    shown = server.machine.run(["systemctl", "show", unit, f"--property={','.join(names)}"]).stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


def make_limits(memory: int | None, cpu: str, processes: int | None) -> dict[str, str]:
    return {
        "MemoryHigh": "infinity",
        "MemoryMax": "infinity" if memory is None else str(memory),
        "MemorySwapMax": "infinity" if memory is None else "0",
        "CPUQuotaPerSecUSec": cpu,
        "TasksMax": "infinity" if processes is None else str(processes),
    }


def test_changed_limits_reach_running_servers_and_nothing_restarts(server: Server) -> None:
    server.add_users(["ada", "grace", "linus"])
    server.configure(f"{USERS}limits: {{memory: 1G, users: {{ada: {{memory: 4G, cpu: 0.29}}}}}}\n")
    for user in ("ada", "grace", "linus"):
        server.use(user)
    assert server.unit_property(ADA, "Description") == "JupyterHub server of ada"
    assert read_limits(server, ADA) == make_limits(4 * GIB, "290ms", 1024)
    assert read_limits(server, GRACE) == make_limits(None, "infinity", 2000)
    assert read_limits(server, LINUS) == make_limits(GIB, "infinity", 1024)

    def read_processes() -> list[str]:
        return [server.unit_property(unit, "MainPID") for unit in (ADA, GRACE, LINUS, "jupyterhub.service")]

    before = read_processes()
    server.configure(f"{USERS}limits: {{memory: 768M, cpu: 61.5, processes: null, users: {{ada: {{cpu: null}}}}}}\n")
    assert read_limits(server, ADA) == make_limits(768 * MIB, "infinity", None)
    assert read_limits(server, GRACE) == make_limits(None, "1min 1.500000s", 2000)
    assert read_limits(server, LINUS) == make_limits(768 * MIB, "1min 1.500000s", None)
    assert read_processes() == before
    again = server.littlest("apply")
    assert again["changed"] is False
    # what somebody changed by hand is put right, and only that
    server.machine.run(f"systemctl set-property --runtime {LINUS} TasksMax=99")
    assert [step["does"] for step in server.littlest("apply")["steps"]] == ["set the limits of the running servers"]
    assert read_limits(server, LINUS)["TasksMax"] == "infinity"
    # what was set while it ran leaves nothing that holds after the next start
    server.configure(f"{USERS}limits: {{memory: 512M}}\n")
    server.machine.run(f"systemctl set-property --runtime {ADA} MemoryMax=3G")
    server.stop_servers()
    server.use("ada")
    assert read_limits(server, ADA) == make_limits(512 * MIB, "infinity", 1024)
    assert server.run(ask_for_limit(server.client("ada"))) == str(512 * MIB)


async def ask_for_limit(client: HubClient) -> str:
    async with client:
        await client.login()
        await client.start_server()
        await client.open_lab()
        return await client.execute("import os; print(os.environ['MEM_LIMIT'], end='')")


def test_all_servers_together_and_the_hub_have_memory_of_their_own(server: Server) -> None:
    before = server.unit_property("jupyterhub.service", "MainPID")
    server.configure("users: {admin: [admin]}\nlimits: {total_memory: 5G, reserve: 1G}\n")
    total = int(server.machine.read("/proc/meminfo").split("MemTotal:")[1].split()[0]) * 1024
    assert server.unit_property("jupyterhub-users.slice", "MemoryMax") == str(min(5 * GIB, total - GIB))
    server.configure("users: {admin: [admin]}\nlimits: {total_memory: 50%}\n")
    # systemd counts a share in whole pages
    assert abs(int(server.unit_property("jupyterhub-users.slice", "MemoryMax")) - total // 2) < 2**20
    for unit in ("jupyterhub.service", "jupyterhub-proxy.service", "jupyterhub-idle-culler.service"):
        assert server.unit_property(unit, "Slice") == "littlest.slice"
        assert int(server.unit_property(unit, "MemoryLow")) > 0
        assert server.unit_property(unit, "OOMScoreAdjust") == "-500"
    assert int(server.unit_property("littlest.slice", "MemoryLow")) >= 448 * MIB
    assert server.unit_property("jupyterhub.service", "MainPID") == before
    assert server.littlest("apply")["changed"] is False


def test_a_reserve_of_more_than_the_machine_has_is_refused(server: Server) -> None:
    server.machine.run("printf 'limits:\\n  reserve: 900T\\n' >/root/new.yaml")
    refused = server.machine.run("littlest config validate /root/new.yaml", check=False)
    assert refused.returncode == 3
    assert "new.yaml:2: limits.reserve: all servers together get only" in refused.stderr + refused.stdout


def test_limit_of_open_servers_may_change_at_any_time(server: Server) -> None:
    server.stop_servers()
    server.add_users(["ada", "linus"])
    server.configure("users: {admin: [admin]}\nlimits: {users: {ada: {open_servers: 2}}}\n")
    before = server.unit_property("jupyterhub.service", "MainPID")
    server.run(open_two_of_three(server.client("ada")))
    # each has a unit and a socket of its own
    usual, named = server.list_server_units()
    assert usual == ADA or named == ADA
    for unit in (usual, named):
        server.machine.run(f"test -S /run/littlest/servers/{unit.removesuffix('.service')}/server.sock")
    server.run(open_only_one(server.client("linus")))
    server.configure("users: {admin: [admin]}\nlimits: {users: {ada: {open_servers: 3}}}\n")
    server.run(open_the_third(server.client("ada")))
    server.configure("users: {admin: [admin]}\n")
    server.run(close_named(server.client("ada")))
    assert server.unit_property("jupyterhub.service", "MainPID") == before


async def open_two_of_three(client: HubClient) -> None:
    async with client:
        await client.login()
        assert "Named Servers" in (await client.get("hub/home"))[1]
        await client.start_server()
        await start_named(client, "second")
        client.server_path = "user/ada/second/"
        await client.open_lab()
        assert await client.execute("6*7") == "42"
        status, said = await client.api("POST", "users/ada/servers/third")
        assert status == 429
        assert "You may have 2 servers open at once" in said["message"]
        status, page = await client.get("hub/spawn/ada/third")
        assert status == 429
        assert "Stop one of them first" in page


async def open_only_one(client: HubClient) -> None:
    async with client:
        await client.login()
        assert "Named Servers" not in (await client.get("hub/home"))[1]
        status, said = await client.api("POST", "users/linus/servers/extra")
        assert status == 403
        assert "You may have one server" in said["message"]


async def open_the_third(client: HubClient) -> None:
    async with client:
        await client.login()
        await start_named(client, "third")


async def close_named(client: HubClient) -> None:
    async with client:
        await client.login()
        # a limit that was lowered stops nothing, and what is open can be stopped
        assert "Named Servers" in (await client.get("hub/home"))[1]
        for name in ("second", "third"):
            status, _said = await client.api("DELETE", f"users/ada/servers/{name}")
            assert status in {202, 204}


async def start_named(client: HubClient, name: str) -> None:
    status, said = await client.api("POST", f"users/ada/servers/{name}")
    assert status in {201, 202}, said
    async with asyncio.timeout(60):
        while not (await client.api("GET", "users/ada"))[1]["servers"][name]["ready"]:
            await asyncio.sleep(0.1)
