"""Faults of JupyterHub, systemdspawner and the proxy that were seen to happen, and that do not happen here."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Any, TypeVar

import pytest
from aiohttp import ClientError

from tests.machine.conftest import Installation, MakeMachine
from tests.support.hub_client import HubClient, Refused
from tests.support.server import PASSWORD, Server

T = TypeVar("T")
CHILD = """
from multiprocessing import get_context
def say(): print("the child says", 6 * 7, flush=True)
child = get_context("fork").Process(target=say)
child.start(); child.join()
import time; time.sleep(0.5)
"""
SLEEP_AT_THE_NEXT_START = """
import os
os.makedirs(os.path.expanduser("~/.jupyter"), exist_ok=True)
with open(os.path.expanduser("~/.jupyter/jupyter_server_config.py"), "w") as file:
    file.write("import time; time.sleep(9999)")
"""
HANG = """
import time
def hang(spawner):
    if spawner.user.name == "hanging":
        time.sleep(9999)
c.Spawner.pre_spawn_hook = hang
"""
ASK_THE_DEBUGGER = """
from ipykernel.debugger import _is_debugpy_available
import debugpy
print(_is_debugpy_available, debugpy.__name__ == "debugpy")
"""


@pytest.fixture(scope="module")
def worn(installation: Installation, make_machine: MakeMachine) -> Iterator[Server]:
    """A server of this file's own, which its tests wear out; each leaves a hub that answers."""
    server = Server(installation.machine.clone(make_machine("worn").name).boot())
    server.wait_until_ready()
    yield server
    server.network.close()


@pytest.fixture(scope="module", autouse=True)
def clean(server: Server) -> Iterator[None]:
    """The next file's tests find no server running."""
    yield
    server.stop_servers()


def act(server: Server, user: str, what: Callable[[HubClient], Awaitable[T]], password: str = PASSWORD) -> T:
    """Let a person log in, start a server, open Lab, and do something."""

    async def play() -> T:
        async with server.client(user, password) as person:
            await person.login()
            await person.start_server()
            await person.open_lab()
            return await what(person)

    return server.run(play())


# ---- on the shared server ----------------------------------------------------------------------------------------


def test_a_user_whose_name_is_a_pattern_stops_nobody_else(server: Server) -> None:
    # systemctl stop 'jupyter-*' would stop the whole class
    server.add_users(["*", "bystander"])
    assert server.use("bystander") == "42"
    act(server, "*", lambda person: person.stop_server())
    assert server.list_server_units() == ["jupyter-bystander.service"]


def test_a_server_runs_from_its_release_and_shows_no_secret(server: Server) -> None:
    server.add_users(["reader"])
    token = act(server, "reader", lambda p: p.execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')"))
    assert len(token) == 32
    unit = "jupyter-reader.service"
    shown = server.machine.run(["systemctl", "show", unit]).stdout
    assert token not in shown
    assert "/opt/littlest/releases/" in server.unit_property(unit, "ExecStart")
    assert server.machine.run("ls /run/littlest-environment").stdout == ""
    folder = server.machine.run(["stat", "-c", "%a %U %G", "/run/littlest/servers/jupyter-reader"]).stdout.split()
    assert folder == ["2710", "jupyter-reader", "littlest-proxy"]


def test_a_computation_that_prints_nothing_counts_as_activity(server: Server) -> None:
    # only messages do otherwise, and the culler stops it when nobody has the page open
    server.add_users(["patient"])

    async def watch(person: HubClient) -> float:
        running = asyncio.create_task(person.execute("import time; time.sleep(26)"))
        await asyncio.sleep(24)
        _status, said = await person.server("GET", "api/status")
        seen = time.time() - datetime.fromisoformat(said["last_activity"]).timestamp()
        await running
        return seen

    assert act(server, "patient", watch) < 15


def test_what_a_child_process_prints_arrives_and_no_port_is_opened_for_it(server: Server) -> None:
    # ipykernel opens a loopback port for this, in reach of everybody on the machine
    server.add_users(["parent"])

    async def look(person: HubClient) -> tuple[str, str]:
        status, kernel = await person.server("POST", "api/kernels", {"name": "python3"})
        assert status == 201
        said = await person.execute(CHILD)
        listening = server.machine.run("ss -Hltnp").stdout
        await person.server("DELETE", f"api/kernels/{kernel['id']}")
        return said, listening

    said, listening = act(server, "parent", look)
    assert said == "the child says 42\n"
    assert {line.split()[3].rsplit(":", 1)[1] for line in listening.splitlines()} == {"80", "15081"}


def test_pages_of_lab_are_compressed(server: Server) -> None:
    server.add_users(["far-away"])

    async def fetch(person: HubClient) -> str:
        path = person.at(f"{person.server_path}lab")
        async with person._session.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
            return answer.headers.get("Content-Encoding", "none")

    assert act(server, "far-away", fetch) == "gzip"


def test_a_terminal_has_the_shared_environment_first(server: Server) -> None:
    # a login shell would set PATH again
    server.add_users(["shell"])
    said = act(server, "shell", lambda person: person.run_in_terminal("command -v python; umask; pwd"))
    assert said.split() == ["/opt/littlest/user/bin/python", "0002", "/home/jupyter-shell"]


def test_a_kernel_has_its_environments_python(server: Server) -> None:
    server.add_users(["pythonic"])
    assert server.use("pythonic", "import sys; sys.prefix") == "'/opt/littlest/user'"


# ---- on a server that is worn out ---------------------------------------------------------------------------------


def test_what_systemd_refuses_is_an_error_at_once_with_its_words(worn: Server) -> None:
    # systemdspawner ignores that, and people wait five minutes for a page that says "timeout"
    file = "/etc/littlest/jupyterhub_config.d/limits.py"
    worn.machine.write(file, "c.SystemdSpawner.unit_extra_properties = {'MemoryMax': 'plenty'}\n")
    # a test server shows it before it is kept
    refused_apply = worn.machine.run("littlest apply", check=False)
    assert refused_apply.returncode == 1
    assert "MemoryMax" in refused_apply.stderr
    # by another hand it gets in all the same
    worn.machine.write(file, "c.SystemdSpawner.unit_extra_properties = {'MemoryMax': 'plenty'}\n")
    worn.machine.run("systemctl restart jupyterhub.service")
    worn.wait_until_ready(30)
    worn.add_users(["refused"])
    begin = time.monotonic()
    with pytest.raises(Refused) as refused:
        worn.use("refused")
    assert time.monotonic() - begin < 15
    assert "MemoryMax" in str(refused.value)
    worn.machine.run(f"rm {file}*")
    # as far as the last apply is concerned nothing has changed, but the hub says what it started with
    worn.machine.run("littlest apply")
    worn.wait_until_ready(30)
    assert worn.use("refused") == "42"


def test_a_lost_database_leaves_no_server_that_nobody_can_reach(worn: Server) -> None:
    worn.add_users(["orphan"])
    assert worn.use("orphan") == "42"
    assert "jupyter-orphan.service" in worn.list_server_units()
    worn.machine.run("systemctl stop jupyterhub.socket jupyterhub.service")
    worn.machine.run("rm /var/lib/littlest/jupyterhub.sqlite")
    worn.machine.run("systemctl start jupyterhub.service")
    worn.wait_until_ready(30)
    assert worn.list_server_units() == []
    assert worn.machine.run("ls /run/littlest/servers").stdout == ""
    worn.add_users(["orphan"])
    assert worn.use("orphan") == "42"


def test_who_is_no_longer_an_admin_loses_sudo_and_the_hub(worn: Server) -> None:
    worn.configure("users:\n  admin: [admin, deputy]\n")
    worn.wait_until_ready(30)
    # whoever came first under a new admin's name would choose its password, and be root
    with pytest.raises(Refused, match=r"is an admin|Invalid username or password"):
        worn.use("deputy")
    password = worn.machine.read("/var/lib/littlest/secrets/initial-passwords/deputy").strip()
    become_root = "import subprocess; print(subprocess.run(['sudo', '-n', 'id', '-un'], capture_output=True).stdout)"
    assert worn.use("deputy", become_root, password) == "b'root\\n'\n"
    assert "jupyter-deputy.service" in worn.list_server_units()
    worn.configure("users:\n  admin: [admin]\n  allowed: [deputy]\n")
    worn.wait_until_ready(30)
    # what runs keeps its groups, and so sudo
    assert "jupyter-deputy.service" not in worn.list_server_units()
    assert worn.use("deputy", become_root, password) == "b''\n"
    worn.configure("users:\n  admin: [admin]\n")
    worn.wait_until_ready(30)
    assert "jupyter-deputy.service" not in worn.list_server_units()
    with pytest.raises(Refused):
        worn.use("deputy", password=password)
    worn.configure("users:\n  admin: [admin]\n  allowed: [deputy]\n")
    worn.wait_until_ready(30)

    async def ask(person: HubClient) -> Any:
        return (await person.api("GET", "user"))[1]["admin"]

    assert act(worn, "deputy", ask, password) is False


def test_a_proxy_that_cannot_listen_is_a_failed_unit(worn: Server) -> None:
    # it logs that and lives on, and systemd calls it active
    run = worn.machine.run
    run("systemctl stop jupyterhub-proxy.socket jupyterhub-proxy.service")
    holder = "import socket, time; s = socket.create_server(('0.0.0.0', 80)); time.sleep(600)"
    run(["systemd-run", "--unit=port-holder", "/opt/littlest/current/bin/python", "-c", holder])
    run("for i in $(seq 100); do ss -Hltn | grep -q 0.0.0.0:80 && break; sleep 0.1; done")
    assert run("systemctl start jupyterhub-proxy.service", check=False).returncode != 0
    said = worn.machine.journal("-u", "jupyterhub-proxy.service", "-u", "jupyterhub-proxy.socket")
    assert "Address already in use" in said
    run("systemctl stop port-holder.service jupyterhub-proxy.service; systemctl start jupyterhub-proxy.socket")
    run("systemctl start jupyterhub-proxy.service")
    worn.wait_until_ready(30)


def test_a_server_survives_that_the_hub_is_killed_while_it_starts(worn: Server) -> None:
    worn.add_users(["unlucky"])

    async def start_and_kill() -> None:
        async with worn.client("unlucky") as person:
            await person.login()
            await person.api("POST", f"users/{person.name}/server")
            worn.machine.run("systemctl kill --signal=KILL jupyterhub.service")

    worn.run(start_and_kill())
    worn.wait_until_ready(30)
    assert worn.use("unlucky") == "42"
    assert json.loads(worn.machine.run("systemctl list-units --output=json 'jupyter-unlucky*'").stdout)


def test_hanging_hub_restarts_and_logs_where_it_hung(worn: Server) -> None:
    worn.add_users(["hanging"])
    hook = "/etc/littlest/jupyterhub_config.d/hang.py"
    patience = "/run/systemd/system/jupyterhub.service.d/quick.conf"
    worn.machine.write(hook, HANG)
    worn.machine.write(patience, "[Service]\nWatchdogSec=5\n")
    worn.machine.run("littlest apply")
    worn.wait_until_ready(30)
    before = worn.unit_property("jupyterhub.service", "InvocationID")

    async def start_and_wait() -> None:
        async with worn.client("hanging") as person:
            await person.login()
            with suppress(TimeoutError, ClientError):
                await asyncio.wait_for(person.api("POST", f"users/{person.name}/server"), 5)
            while worn.unit_property("jupyterhub.service", "InvocationID") == before:
                await asyncio.sleep(0.5)

    worn.run(start_and_wait(), 60)
    worn.wait_until_ready(30)
    assert "hang.py" in worn.machine.journal("-u", "jupyterhub.service")
    worn.machine.run(["rm", hook, patience])
    worn.machine.run("littlest apply")
    worn.wait_until_ready(30)
    assert worn.use("hanging") == "42"


def test_servers_that_never_answer_keep_nobody_else_waiting(worn: Server) -> None:
    # one more than start at a time, each held up by a file of its user's own
    stuck = [f"stuck-{number}" for number in range(4)]
    worn.add_users([*stuck, "next"])
    for user in stuck:
        act(worn, user, lambda person: person.execute(SLEEP_AT_THE_NEXT_START))
    worn.stop_servers()

    async def start_all() -> float:
        async with AsyncExitStack() as stack:
            people = [await stack.enter_async_context(worn.client(user)) for user in (*stuck, "next")]
            for person in people:
                await person.login()
            for person in people[:-1]:
                await person.api("POST", f"users/{person.name}/server")
            begin = time.monotonic()
            await people[-1].start_server()
            waited = time.monotonic() - begin
            for person in people[:-1]:
                await person.api("DELETE", f"users/{person.name}/server")
            return waited

    # JupyterHub's own limit for a start is 300 seconds
    assert worn.run(start_all()) < 120


def test_the_debugger_opens_no_port_that_others_reach(worn: Server) -> None:
    # debugpy listens on loopback and takes orders from anybody
    worn.add_users(["debugger"])

    async def look(person: HubClient) -> tuple[Any, str]:
        _status, specs = await person.server("GET", "api/kernelspecs")
        said = await person.execute(ASK_THE_DEBUGGER)
        return specs["kernelspecs"]["python3"]["spec"]["metadata"].get("debugger"), said

    offered, said = act(worn, "debugger", look)
    assert not offered
    assert said == "False True\n"
