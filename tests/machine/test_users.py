"""Users: every name gets an account and a server of its own, and nobody reaches into another's."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_client import HubClient, Refused
from tests.support.server import PASSWORD, Server

ODD_NAMES = [
    "zoë müller",
    "王小明",
    "olga@example.org",
    "*",
    "Capital-LETTERS",
    "20261123",
    "cron.service",
    "a-name-that-is-a-good-deal-longer-than-an-account-may-be",
    "root",
    "a.b",
    "a_b",
    "-dash",
    "per%cent $HOME {USERNAME}",
]


@pytest.fixture(scope="module", autouse=True)
def clean(server: Server) -> Iterator[None]:
    """The next file's tests find no server running."""
    yield
    server.stop_servers()


def test_every_user_name_gets_an_account_and_a_server_of_its_own(server: Server) -> None:
    server.add_users(ODD_NAMES)
    accounts: dict[str, str] = {}
    for user in ODD_NAMES:
        said = server.use(
            user, "import json, os, pwd; print(json.dumps([os.getuid(), *pwd.getpwuid(os.getuid())[0:6:5]]))"
        )
        uid, account, home = json.loads(said)
        assert uid >= 1000, (user, account)
        assert account.startswith("jupyter-"), (user, account)
        assert len(account) <= 32, (user, account)
        assert server.machine.run(["stat", "-c", "%a %U", home]).stdout.split() == ["700", account]
        assert account not in accounts, f"{user!r} and {accounts[account]!r} share the account {account}"
        accounts[account] = user
        server.run(stop_server(server.client(user)))
    assert server.list_server_units() == []


async def stop_server(client: HubClient) -> None:
    async with client:
        await client.login()
        await client.stop_server()


def test_a_plain_name_gives_a_plain_account(server: Server) -> None:
    server.add_users(["ada"])
    assert server.find_account("ada") == "jupyter-ada"


def test_a_file_that_a_user_keeps_is_there_after_the_server_was_stopped(server: Server) -> None:
    server.add_users(["keeper"])
    server.use("keeper", "open('notes.txt', 'w').write('kept')")
    server.run(stop_server(server.client("keeper")))
    assert server.use("keeper", "open('notes.txt').read()") == "'kept'"


def test_limits_are_properties_of_the_unit(server: Server) -> None:
    server.add_users(["limited"])
    server.use("limited")
    unit = "jupyter-limited.service"
    assert unit in server.list_server_units()
    assert server.unit_property(unit, "MemoryMax") == str(2**30)
    assert server.unit_property(unit, "MemorySwapMax") == "0"
    assert server.unit_property(unit, "Slice") == "jupyterhub-users.slice"
    assert server.unit_property(unit, "TasksMax").isdigit()
    assert server.unit_property(unit, "OOMScoreAdjust") not in {"", "0"}


def test_a_student_has_no_sudo_and_an_admin_has(server: Server) -> None:
    server.add_users(["student"])
    asked = (
        "import subprocess; print(subprocess.run('sudo -n id -u', shell=True, capture_output=True, text=True).stdout)"
    )
    assert server.use("student", asked).strip() == ""
    assert server.use_as_admin(asked).strip() == "0"
    groups = "import subprocess; print(subprocess.run(['id', '-Gn'], capture_output=True, text=True).stdout)"
    assert "littlest-admins" not in server.use("student", groups)
    assert "littlest-admins" in server.use_as_admin(groups)


def test_a_student_cannot_gain_privileges_and_sees_no_secret(server: Server) -> None:
    server.add_users(["curious"])
    probe = """
import os, subprocess
print("NoNewPrivs:\\t1" in open("/proc/self/status").read())
data = "/var/lib/littlest"
for path in (f"{data}/secrets", f"{data}/jupyterhub.sqlite", "/etc/littlest/config.yaml", "/home/jupyter-admin"):
    print(subprocess.run(["cat", path], capture_output=True).returncode != 0 and not os.access(path, os.R_OK))
print(any(k.startswith(("CONFIGPROXY", "JUPYTERHUB_CRYPT")) for k in os.environ))
"""
    assert server.use("curious", probe).split() == ["True"] * 5 + ["False"]


def test_tmp_is_private_and_one_user_reaches_nothing_of_another(server: Server) -> None:
    server.add_users(["alice", "mallory"])

    async def meet() -> tuple[str, str]:
        async with server.client("alice") as alice, server.client("mallory") as mallory:
            for person in (alice, mallory):
                await person.login()
                await person.start_server()
                await person.open_lab()
            await alice.execute("open('/tmp/secret', 'w').write('x'); open('secret', 'w').write('x')")
            status, kernel = await alice.server("POST", "api/kernels", {"name": "python3"})
            assert status == 201
            seen = await mallory.execute(SPY)
            await alice.server("DELETE", f"api/kernels/{kernel['id']}")
            status, _said = await mallory.api("GET", "users/alice")
            mallory.server_path = alice.server_path
            try:
                await mallory.open_lab()
            except Refused as refused:
                return seen, f"{status} {refused.status}"
            return seen, "mallory opened alice's server"

    seen, refused = server.run(meet())
    assert json.loads(seen) == {"tmp": False, "home": False, "sockets": [], "ports": [], "processes": 0}, seen
    assert refused in {"404 403", "403 403"}


SPY = """
import glob, json, os, pathlib, pwd, socket, subprocess
found = {"tmp": os.path.exists("/tmp/secret"), "home": os.path.exists("/home/jupyter-alice/secret")}
found |= {"sockets": [], "ports": []}
for path in ["/run/littlest/servers/jupyter-alice/server.sock", *glob.glob("/run/littlest/servers/*/*")]:
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            continue
        if "mallory" not in path:
            found["sockets"].append(path)
alice = pwd.getpwnam("jupyter-alice").pw_uid
for line in open("/proc/net/tcp").read().splitlines()[1:]:
    row = line.split()
    if int(row[7]) == alice and row[3] == "0A":
        found["ports"].append(int(row[1].split(":")[1], 16))
shown = subprocess.run(["ps", "-U", str(alice), "-o", "pid="], capture_output=True, text=True).stdout
found["processes"] = len(shown.split())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with one module, so that pip has something to install where there is no network."""
    path = tmp_path_factory.mktemp("wheel") / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("greeting.py", "WORDS = 'good morning'\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr(
            "greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("greeting-1.0.dist-info/RECORD", "")
    return path


async def pip_install(client: HubClient, wheel: str) -> str:
    """Type `pip install` into a JupyterLab terminal, as somebody would."""
    async with client:
        await client.login()
        await client.start_server()
        await client.open_lab()
        return await client.run_in_terminal(f"pip install --no-index {wheel}; echo status $?")


def test_a_students_pip_install_goes_to_the_students_home(server: Server, wheel: Path) -> None:
    server.machine.copy_in(wheel, f"/srv/{wheel.name}")
    server.add_users(["installs", "other"])
    said = server.run(pip_install(server.client("installs"), f"/srv/{wheel.name}"))
    assert said.endswith("status 0"), said
    where = server.use("installs", "import greeting; greeting.__file__")
    assert where.startswith("'/home/jupyter-installs/"), where
    with pytest.raises(AssertionError, match="ModuleNotFoundError"):
        server.use("other", "import greeting")


def test_an_admins_pip_install_is_there_for_everyone(server: Server, wheel: Path) -> None:
    server.machine.copy_in(wheel, f"/srv/{wheel.name}")
    server.add_users(["everyone"])
    said = server.run(pip_install(server.admin(), f"/srv/{wheel.name}"))
    assert said.endswith("status 0"), said
    assert server.use("everyone", "import greeting; print(greeting.__file__)").startswith("/opt/littlest/user/")
    # another admin may change what the first one installed
    mode = server.machine.run(
        "stat -c '%A %G' /opt/littlest/user/lib/python3*/site-packages/greeting.py"
    ).stdout.split()
    assert mode[0][5] == "w", mode
    assert mode[1] == "littlest-admins"


def test_the_usual_libraries_are_there(server: Server) -> None:
    server.add_users(["science"])
    code = "import numpy, pandas, matplotlib.pyplot, ipywidgets; print(pandas.Series(numpy.arange(3)).sum())"
    assert server.use("science", code).strip() == "3"


def test_the_wrong_password_is_refused_with_a_sentence(server: Server) -> None:
    server.add_users(["forgetful"])
    server.use("forgetful")

    async def mistype() -> None:
        async with server.client("forgetful", PASSWORD + "?") as client:
            await client.login()

    with pytest.raises(Refused) as refused:
        server.run(mistype())
    assert refused.value.status in {401, 403}
    assert len(refused.value.text.split()) > 2


def test_a_stranger_is_refused_and_gets_no_account(server: Server) -> None:
    async def intrude() -> None:
        async with server.client("stranger") as client:
            await client.login()

    with pytest.raises(Refused) as refused:
        server.run(intrude())
    assert refused.value.status == 403
    assert server.machine.run("getent passwd jupyter-stranger", check=False).stdout == ""


def test_a_password_that_is_too_long_is_a_sentence_and_no_failure(server: Server) -> None:
    server.add_users(["longwinded"])

    async def type_much() -> None:
        async with server.client("longwinded", "x" * 100) as client:
            await client.login()

    with pytest.raises(Refused) as refused:
        server.run(type_much())
    assert refused.value.status < 500
    assert "72" in refused.value.text
