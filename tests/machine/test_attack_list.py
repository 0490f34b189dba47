"""The attack list: everything in `tests/support/attacks` is tried on one server, and nothing of it succeeds.

All attempts run in one go; then each is a test of its own. So that none of them tests nothing, the same is done, or
seen, by somebody who may.
"""

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.machine.test_system_logins import PACKAGES
from tests.support.attacks.attack_list import ATTACKS
from tests.support.attacks.attempt import PRELUDE, Login, Request
from tests.support.attacks.group_member import COURSE, GROUP_MEMBER
from tests.support.attacks.network_requests import LOGINS, NETWORK_REQUESTS, UPGRADE
from tests.support.attacks.streams import LEADING, SMUGGLING
from tests.support.attacks.student_commands import STUDENT_COMMANDS
from tests.support.attacks.student_requests import ASTRAY, LEAD_ASTRAY, OPTIONS, STUDENT_REQUESTS
from tests.support.hub_client import HubClient
from tests.support.installation import MakeMachine, install_once
from tests.support.server import PASSWORD, Server

SETTINGS = """\
users:
  admin: [admin]
  allowed: [ada, ben, eve]
  groups: {course: {members: [ada, eve]}, club: {members: [ben]}}
shared_folders:
  course: {writable: true, groups: [course]}
  club: {writable: true, groups: [club]}
  lecture: {}
limits: {memory: 1G}
"""
SCENE = f"""
set -eu
key=/root/key
ssh-keygen -q -t ed25519 -N '' -f $key
for name in ada admin ben eve; do
    home=/home/jupyter-$name
    echo "$name-SECRET" | install -m 644 -o jupyter-$name -g jupyter-$name /dev/stdin $home/secret.txt
    install -d -m 700 -o jupyter-$name -g jupyter-$name $home/.ssh
    install -m 600 -o jupyter-$name -g jupyter-$name $key.pub $home/.ssh/authorized_keys
done
install -m 600 -o jupyter-eve -g jupyter-eve $key /home/jupyter-eve/key
install -m 700 -d /srv/victim
for file in /srv/victim/file /srv/victim-file; do echo secret | install -m 600 /dev/stdin $file; done
echo x >/srv/littlest/club/minutes.txt
ln -s of-ada.txt {COURSE}/inner
for file in /tmp/of-the-host /dev/shm/of-the-host; do echo x | install -m 644 /dev/stdin $file; done
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/run/systemd/system/attack-target.service
systemctl daemon-reload
systemctl start attack-target.service
/opt/littlest/current/bin/python -c '
import ctypes, os
libc = ctypes.CDLL(None)
os.umask(0)
assert libc.shmget(0xa77, 4096, 0o1666) != -1
assert libc.mq_open(b"/of-the-host", os.O_CREAT | os.O_RDWR, 0o666, None) != -1'
tmp=$(echo /tmp/systemd-private-*-jupyter-ada.service-*/tmp)
echo x >"$tmp/note"
setsid script -qc 'tty >/root/tty; sleep 600' /dev/null </dev/null >/dev/null 2>&1 &
while [ ! -s /root/tty ]; do sleep 0.1; done
pid() {{ systemctl show "$1" --property=MainPID --value; }}
group() {{ find /sys/fs/cgroup -type d -name "$1" | sed 1q; }}
echo "ADA_PID=$(pid jupyter-ada) HUB_PID=$(pid jupyterhub) PROXY_PID=$(pid jupyterhub-proxy)"
echo "ADA_TMP=$tmp BEN=$(id -u jupyter-ben)"
echo "TERMINAL=$(cat /root/tty) ADA_CGROUP=$(group jupyter-ada.service) TOP_CGROUP=$(group jupyterhub.service)"
"""
RUN = """
import concurrent.futures, json, os, subprocess
commands, more = json.loads({commands!r}), json.loads({more!r})
def attempt(command):
    try:
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, errors="replace", timeout=40,
            stdin=subprocess.DEVNULL, env={{**os.environ, **more}},
        )
        return done.returncode, (done.stdout + done.stderr)[-300:]
    except subprocess.TimeoutExpired:
        return 124, "it did not end"
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    print("FOUND " + json.dumps(dict(zip(commands, pool.map(attempt, commands.values())))))
"""
LINKS_GONE = f"timeout 30 sh -c 'while [ -L {COURSE}/notes.txt ] || [ -L {COURSE}/sub/etc ]; do sleep 0.2; done'"
ACT = """
import json, numpy, os, psutil, sqlite3
open("/tmp/meant", "w").close()
"""
"""What a classmate does in the shared folder."""
STATE = """
sha256sum /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/sudoers.d/* /etc/littlest/config.yaml
find /etc/littlest /etc/systemd/system /etc/cron* /var/spool/cron /var/lib/littlest/secrets /var/lib/systemd/linger \
    /opt/littlest -maxdepth 2 -printf '%p %m %u %g %l\\n' | grep -v /var/lib/littlest/secrets/initial | sort
$py -c '
import sqlite3
hub = sqlite3.connect("file:/var/lib/littlest/jupyterhub.sqlite?mode=ro", uri=True)
print(hub.execute("select name, admin from users order by name").fetchall())
print(hub.execute("select * from groups").fetchall(), hub.execute("select * from user_group_map").fetchall())'
systemctl show jupyterhub jupyterhub-proxy jupyter-ada jupyter-ben attack-target --property=InvocationID
stat -c '%n %a %U %G' /home/* /srv/littlest/* /srv/victim /srv/victim/file /srv/victim-file
"""
"""What no attempt may change, whatever it said itself."""


@dataclass
class Person:
    """Whose browser sends requests: nobody's, where there are no cookies."""

    cookies: str = ""
    xsrf: str = ""
    own: str = ""
    """The cookies at the own server, with its own xsrf."""
    own_xsrf: str = ""
    token: str = ""


@dataclass
class Outcome:
    """What came of an attempt, and of its control."""

    has_succeeded: bool
    said: str
    control: bool = True
    control_said: str = ""


def join_cookies(client: HubClient, path: str) -> tuple[str, str]:
    found = {
        name: morsel.value for name, morsel in client._session.cookie_jar.filter_cookies(client.at(path)).items()
    }
    return "; ".join(f"{name}={value}" for name, value in found.items()), found.get("_xsrf", "")


async def keep(client: HubClient) -> Person:
    """What this person's browser knows at the end."""
    status, made = await client.api("POST", f"users/{client.name}/tokens", {"expires_in": 3600})
    assert status == 201, made
    cookies, xsrf = join_cookies(client, "hub/")
    own, own_xsrf = join_cookies(client, client.server_path or f"user/{client.name}/")
    return Person(cookies, xsrf, own, own_xsrf, made["token"])


def send(request: Request, person: Person, target: str = "", by_token: bool = False) -> tuple[bool, str]:
    """Send a request as this person; says whether it succeeded, and what came."""
    target = target or request.target
    at_own = "/user/" in target
    headers = {"Accept": "*/*", "Content-Type": "application/json"}
    if by_token:
        headers["Authorization"] = f"token {person.token}"
    elif person.cookies:
        # somebody else's pass is sent along, too: the hub's cookies and those of the own server
        headers["Cookie"] = person.own if at_own else person.cookies
        headers["X-XSRFToken"] = person.own_xsrf if at_own else person.xsrf
    headers |= request.headers
    body = request.body if isinstance(request.body, str) or request.body is None else json.dumps(request.body)
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    try:
        connection.request(request.method, target, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read(1_000_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, repr(error)
    finally:
        connection.close()
    return answer.status < 300 and request.text in text, f"{answer.status} {text[:200]}"


def stream(sent: bytes, cookies: str) -> bytes:
    """Send bytes to the public port, and give all that comes back within a moment."""
    sent = sent.replace(b"COOKIES", cookies.encode())
    with socket.create_connection(("127.0.0.1", 80), timeout=1.5) as one:
        try:
            one.sendall(sent)
            found = b""
            while block := one.recv(65536):
                found += block
        except OSError:
            pass
        return found


def log_in(login: Login) -> tuple[bool, str]:
    """Fill in the login form; says whether it led to the hub."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=30)
    connection.request("GET", "/hub/login")
    answer = connection.getresponse()
    answer.read()
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    (xsrf,) = [value.partition("=")[2] for value in cookies if value.startswith("_xsrf=")]
    form = {"username": login.user, "password": login.password} | ({"_xsrf": xsrf} if login.with_xsrf else {})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if login.with_xsrf:
        headers["Cookie"] = "; ".join(cookies)
    connection.request("POST", f"/hub/login?next={quote(login.lead)}", body=urlencode(form), headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    where = answer.headers.get("Location", "")
    return answer.status == 302 and where.startswith(login.lead), f"{answer.status} {where} {text[:200]}"


class Siege:
    """One server, all attempts on it, and what came of each."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.outcomes: dict[str, Outcome] = {}
        self.people: dict[str, Person] = {"nobody": Person()}
        self.environment: dict[str, str] = {}

    def root(self, command: str) -> tuple[bool, str]:
        """Run a command with what attempts may use as root."""
        environment = {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.environment}
        done = self.server.machine.run(["bash", "-c", PRELUDE + command], check=False, env=environment)
        return done.returncode == 0, (done.stdout + done.stderr)[-300:]

    def read_state(self) -> list[str]:
        """Read what no attempt may change."""
        return self.server.machine.run(PRELUDE + STATE).stdout.splitlines()

    async def run_commands(self) -> None:
        """Let everybody work, and Eve attack."""
        server = self.server
        people = [server.client(name) for name in ("ada", "ben", "eve")]
        async with people[0] as ada, people[1] as ben, people[2] as eve, server.admin() as admin:
            for person in (ada, ben, eve, admin):
                await person.login()
                if person is eve:
                    await eve.api("POST", "users/eve/server", OPTIONS)
                await person.start_server()
                await person.open_lab()
            await ada.execute("open('course/of-ada.txt', 'w').close()")
            shown = await asyncio.to_thread(server.machine.run, SCENE)
            self.environment = dict(word.split("=", 1) for word in shown.stdout.split())
            self.state = await asyncio.to_thread(self.read_state)
            commands = {one.name: PRELUDE + one.command for one in STUDENT_COMMANDS + GROUP_MEMBER}
            code = RUN.format(commands=json.dumps(commands), more=json.dumps(self.environment))
            said = await eve.execute(code, seconds=150)
            found = json.loads(said.rpartition("FOUND ")[2])
            self.outcomes |= {name: Outcome(status == 0, text) for name, (status, text) in found.items()}
            await asyncio.to_thread(server.machine.run, LINKS_GONE, check=False)
            await self.work_in_folder(ada)
            for person in (ada, eve, admin):
                self.people[person.user] = await keep(person)

    async def work_in_folder(self, ada: HubClient) -> None:
        """Open a notebook of the shared folder, as Lab does, and run code in it."""
        kernel = {"path": "course/hw.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        status, session = await ada.server("POST", "api/sessions", kernel)
        assert status == 201, session
        await ada.server("GET", f"api/metrics/v1/kernel_usage/get_usage/{session['kernel']['id']}")
        await ada.execute(f"import os; os.chdir('course')\n{ACT}")

    def run_all(self) -> None:
        """Try everything, then the controls."""
        self.server.run(self.run_commands(), 250)
        for command in STUDENT_COMMANDS + GROUP_MEMBER:
            if command.seen:
                self.outcomes[command.name] = Outcome(*self.root(command.seen))
        self.server.network.call(self.try_requests)
        self.state_after = self.read_state()
        for command in STUDENT_COMMANDS + GROUP_MEMBER:
            outcome = self.outcomes[command.name]
            outcome.control, outcome.control_said = self.root(command.control or command.command)
        self.server.network.call(self.try_controls)
        # last, because some connections to her own server end at the other one from now on
        assert self.root(f"runuser -u jupyter-eve -- {LEAD_ASTRAY}")[0]
        self.server.network.call(self.try_astray)

    def try_requests(self) -> None:
        """Eve's requests by cookie and by token, and those of nobody."""
        self.try_as_eve(STUDENT_REQUESTS)
        for request in NETWORK_REQUESTS:
            self.outcomes[request.name] = Outcome(*send(request, self.people[request.by or "nobody"]))
        for one in SMUGGLING + LEADING:
            found = stream(one.sent, self.people["eve"].own)
            self.outcomes[one.name] = Outcome(one.hidden in found, repr(found[:300]))
        for login in LOGINS:
            self.outcomes[login.name] = Outcome(*log_in(login))

    def try_as_eve(self, requests: tuple[Request, ...]) -> None:
        """Send requests by cookie and by token."""
        for request in requests:
            tried = [send(request, self.people["eve"], by_token=by_token) for by_token in (False, True)]
            self.outcomes[request.name] = Outcome(any(one for one, _ in tried), str(tried))

    def try_astray(self) -> None:
        """Send many requests at once, so that the proxy opens new connections, which go where the link leads."""
        eve, own = self.people["eve"], 0
        with ThreadPoolExecutor(12) as pool:
            for request in ASTRAY:
                tried = list(pool.map(lambda request: send(request, eve), [request] * 24))
                control = send(request, self.people[request.control], request.control_target)
                self.outcomes[request.name] = Outcome(any(one for one, _ in tried), str(tried[-1]), *control)
                own += sum("eve-SECRET" in said or "/user/eve/static" in said for _, said in tried)
        assert own < 24 * len(ASTRAY), "no request went where the link leads"

    def try_controls(self) -> None:
        """The same requests of people who may."""
        for request in STUDENT_REQUESTS + NETWORK_REQUESTS:
            if request.control != "none":
                outcome = self.outcomes[request.name]
                upgrade = {name: value for name, value in request.headers.items() if name in UPGRADE}
                plain = replace(request, headers=upgrade)
                person = self.people[request.control]
                outcome.control, outcome.control_said = send(plain, person, request.control_target)
        for one in SMUGGLING + LEADING:
            outcome = self.outcomes[one.name]
            found = stream(one.control, self.people["eve"].own)
            outcome.control, outcome.control_said = one.hidden in found, repr(found[:300])
        right = log_in(Login("", "", "ada", PASSWORD))
        for login in LOGINS:
            outcome = self.outcomes[login.name]
            outcome.control, outcome.control_said = right


@pytest.fixture(scope="module")
def siege(make_machine: MakeMachine, installer: Path) -> Iterator[Siege]:
    """A server with the packages that most servers have, after everything was tried on it."""
    first = install_once(installer, PACKAGES)
    server = Server(first.machine.clone(make_machine("attacked").name).boot())
    server.wait_until_ready()
    server.configure(SETTINGS)
    siege = Siege(server)
    siege.run_all()
    yield siege
    server.network.close()


@pytest.mark.parametrize("name", [one.name for attempts in ATTACKS.values() for one in attempts])
def test_nobody_gets_in(siege: Siege, name: str) -> None:
    outcome = siege.outcomes[name]
    assert not outcome.has_succeeded, outcome.said
    assert outcome.control, f"the control shows nothing: {outcome.control_said}"


def test_the_server_is_as_it_was(siege: Siege) -> None:
    assert siege.state_after == siege.state
    assert not siege.server.littlest("status")["problems"]
    assert siege.server.littlest("plan")["steps"] == []
    assert siege.server.use("ada") == "42"
