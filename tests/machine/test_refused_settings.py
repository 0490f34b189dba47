"""Settings and drop-ins that are valid YAML and Python, and that JupyterHub or the machine would not take."""

from tests.support.server import Server

FOLDER = "/etc/littlest/jupyterhub_config.d"
PYTHON = "/opt/littlest/current/bin/python"
READ_HEADERS = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1/hub/login').headers)"
SETTINGS = """\
users: {admin: [admin]}
metrics:
  token: {file: /etc/littlest/no-such-token}
auth:
  type: firstuse
  settings: {passwords: 3}
jupyterhub:
  JupyterHub:
    default_server_name: [3]
    db_url: sqlite:///elsewhere
"""
GOOD = """\
users: {admin: [admin]}
jupyterhub:
  JupyterHub:
    tornado_settings: {headers: {X-School: biology}}
  Spawner:
    environment: {COURSE: biology}
  SystemdSpawner:
    unit_extra_properties: {Nice: "7"}
  PasswordAuthenticator:
    username_pattern: "^[a-z-]+$"
"""


def test_what_jupyterhub_would_not_take_is_refused_and_the_hub_goes_on(own_server: Server) -> None:
    machine = own_server.machine
    before = machine.read("/etc/littlest/config.yaml")
    start = own_server.unit_property("jupyterhub.service", "InvocationID")

    machine.write("/etc/littlest/config.yaml", SETTINGS, mode=0o640)
    machine.write(f"{FOLDER}/bad.py", "c.Spawner.http_timeout = 'soon'\nc.Spawner.enviroment = {}\n", mode=0o600)
    machine.write(f"{FOLDER}/hangs.py", "import time\n\ntime.sleep(900)\n", mode=0o600)
    done = machine.run("littlest apply", check=False)
    assert done.returncode == 3, done.stderr
    for place in (
        "config.yaml:3: metrics.token.file: there is no file /etc/littlest/no-such-token",
        f"{FOLDER}/bad.py:2: c.Spawner.enviroment UserServerSpawner has no trait of this name",
        f"{FOLDER}/hangs.py:3: does not come to an end within 30 seconds",
    ):
        assert place in done.stderr
    machine.run(f"rm {FOLDER}/hangs.py")
    refused = own_server.littlest("apply", check=False)
    places = [
        (problem["file"].rpartition("/")[2], problem["line"], problem["key"]) for problem in refused["problems"]
    ]
    assert places == [
        ("config.yaml", 3, "metrics.token.file"),
        ("config.yaml", 6, "auth.settings.passwords"),
        ("config.yaml", 9, "jupyterhub.JupyterHub.default_server_name"),
        ("config.yaml", 10, "jupyterhub.JupyterHub.db_url"),
        ("bad.py", 1, ""),
        ("bad.py", 2, ""),
    ]
    assert own_server.unit_property("jupyterhub.service", "InvocationID") == start

    # the same escape hatches with values that are right
    role = "{'name': 'staff', 'scopes': ['list:users'], 'users': ['ada']}"
    machine.write(f"{FOLDER}/bad.py", f"c.JupyterHub.load_roles.append({role})\n")
    own_server.configure(GOOD)
    own_server.wait_until_ready()
    headers = machine.run([PYTHON, "-I", "-c", READ_HEADERS]).stdout.lower()
    assert "x-school: biology" in headers
    assert "x-content-type-options: nosniff" in headers
    assert own_server.unit_property("jupyterhub.service", "InvocationID") != start
    see_what_traits_do(own_server)
    machine.run(f"rm {FOLDER}/bad.py")
    own_server.configure(before)


def see_what_traits_do(server: Server) -> None:
    """Those of the spawner, of the authenticator, and of the role that the drop-in made."""
    assert server.use_as_admin("import os; os.environ['COURSE'], os.nice(0)") == "('biology', 7)"
    admin = server.admin()

    async def ask() -> None:
        async with admin:
            await admin.login()
            assert (await admin.api("POST", "users/ada1"))[0] == 400
            status, ada = await admin.api("GET", "users/ada")
            assert (status, set(ada["roles"])) == (200, {"user", "staff"})
            assert "staff" not in (await admin.api("GET", "user"))[1]["roles"]

    server.run(ask())
