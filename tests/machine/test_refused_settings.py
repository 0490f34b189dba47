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


WRONG_SECRETS = (
    "metrics: {token: !hush }\n",
    "metrics: {token: *hush }\n",
    "metrics: {token: {hush: 1}}\n",
    "metrics: {token: {file: hush}}\n",
    "external_url: https://hush:hush@hub.example.org/\n",
    "services: {managed: {gg: {command: /bin/x --api-token=hush}}}\n",
)
APPLY_AND_WATCH = """
littlest apply >/root/said 2>&1 & p=$!
while kill -0 $p 2>/dev/null; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' >>/root/commands; done
wait $p
"""


def test_no_secret_is_shown(own_server: Server) -> None:
    machine = own_server.machine
    for wrong in WRONG_SECRETS:
        machine.write("/etc/littlest/config.yaml", wrong, mode=0o640)
        for command in ("apply", "apply --json", "config validate", "config validate --json", "config show"):
            done = machine.run(f"littlest {command}", check=False)
            assert "hush" not in done.stdout + done.stderr, (wrong, command)
    # a hub that is started with it says no more in its log
    machine.run("systemctl restart jupyterhub.service")
    own_server.wait_until_ready()

    # one that is right, in a file that was copied with everybody's right to read it
    machine.write("/etc/littlest/config.yaml", "users: {admin: [admin]}\nmetrics: {token: hush-hush}\n", mode=0o644)
    machine.run(APPLY_AND_WATCH)
    assert "could read the secrets" in machine.read("/root/said")
    assert machine.run("stat -c '%a %U' /etc/littlest/config.yaml").stdout.split() == ["640", "root"]
    machine.run("cat >/etc/littlest/config.yaml", stdin="users: {admin: [admin]}\nmetrics: {token: hush-hush-2}\n")
    machine.run(APPLY_AND_WATCH)
    commands = machine.read("/root/commands")
    assert "littlest" in commands
    shown = "littlest status; littlest config show; littlest config history; littlest config diff 1; littlest plan"
    for text in (commands, machine.read("/root/said"), machine.run(shown, check=False).stdout, machine.journal("-b")):
        assert "hush" not in text
    opened = machine.run("runuser -u nobody -- grep -rl hush /etc/littlest /var/lib/littlest", check=False)
    assert opened.stdout == ""


def test_settings_that_jupyterhub_rejects_are_refused(own_server: Server) -> None:
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
        f"{FOLDER}/bad.py:2: c.Spawner.enviroment: UserServerSpawner has no trait of this name",
        f"{FOLDER}/hangs.py:3: does not finish within 30 seconds",
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
