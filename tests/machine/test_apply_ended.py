"""`littlest apply` that is ended from outside: the old settings hold then or the new ones, and nothing is lost."""

import os
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from signal import SIGKILL

import pytest

from tests.machine.test_apply import CONFIG, ONE, OTHER, PORTS, WORDS, read_login_page, write
from tests.support.hub_client import HubClient
from tests.support.server import PASSWORD, Server

LAST_GOOD = "/var/lib/littlest/last-good-config.yaml"
HISTORY = PurePosixPath("/var/lib/littlest/history")
GOING_BACK = "restoring the last known good ones"
PORTS_CHANGE = "start jupyterhub-proxy.socket,"
PROXY_RESTARTS = "start jupyterhub-proxy.service,"
HUB_RESTARTS = "start jupyterhub.service,"
STEPS = (PORTS_CHANGE, PROXY_RESTARTS, HUB_RESTARTS, "set the limits")
"""When the units are written, the ports changed, the proxy restarted, and the hub found well."""
DYING_CULLER = """
[Service]
RestartSec=200ms
ExecStart=
ExecStart=/bin/sh -c "grep -q timeout=7777 /etc/systemd/system/jupyterhub-idle-culler.service || exec sleep infinity;\
    sleep 0.5; echo this culler cannot live >&2; exit 1"
"""
FAILING = (
    "users: {admin: [admin], allowed: [witness, other]}\nannouncement: This cannot stay.\nhttp: {port: 8081}\n"
    "services: {cull: {timeout: 7777}}\n"
)
DIE_AT_A_FILE = """
import os, signal, sys
from littlest.machine.machine import Machine

path, moment = sys.argv[1:]
write_file = Machine.write_file


def write_and_die(machine, file, *given, **named):
    if str(file) != path or moment == "after":
        write_file(machine, file, *given, **named)
    if str(file) == path:
        os.kill(os.getpid(), signal.SIGKILL)


Machine.write_file = write_and_die
sys.argv = ["littlest", "apply"]
from littlest.cli.main import main
main()
"""


def start_and_watch(
    server: Server, is_it: Callable[[str], bool], act: Callable[[int], None]
) -> tuple[str | None, int]:
    """Run `littlest apply`, and do something with its process group at the first line of which `is_it` holds; gives
    the line, None where there was none, and the exit code."""
    process = server.machine.start(["littlest", "apply"])
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.close()
    found = None
    while line := process.stderr.readline().decode():
        if found is None and is_it(line.strip()):
            found = line.strip()
            act(process.pid)
    code = process.wait()
    process.stdout.close()
    process.stderr.close()
    return found, code


def apply_and_kill(server: Server, words: str, first: str = "") -> str:
    """Kill `littlest apply` at the first line that holds `words`, from the one on that holds `first`."""
    seen: list[str] = []

    def is_it(line: str) -> bool:
        if seen or first in line:
            seen.append(line)
        return bool(seen) and words in line

    line, _code = start_and_watch(server, is_it, lambda group: os.killpg(group, SIGKILL))
    assert line is not None, words
    return line


def terminate(server: Server) -> Callable[[int], None]:
    """Ends the command itself, in the midst of a restart, with which systemd goes on."""

    def act(_group: int) -> None:
        time.sleep(0.3)
        process = server.machine.read("/run/littlest.lock").split()[1]
        # it is the process that was started, from outside the machine, and no child of it
        assert "PPid:\t0\n" in server.machine.read(f"/proc/{process}/status")
        server.machine.run(["kill", process])

    return act


def find_in_force(server: Server, settings: list[str]) -> list[str]:
    """Which of these settings the hub answers with, as anyone who comes sees them; the one who is there can go on."""
    deadline = time.monotonic() + 60
    # what systemd was told to do, it does
    while server.machine.run("systemctl list-jobs --no-legend").stdout.strip() and time.monotonic() < deadline:
        time.sleep(0.1)
    port, page = read_login_page(server, sorted({PORTS[text] for text in settings}))
    url = f"http://127.0.0.1:{port}/"

    async def go_on() -> int:
        async with HubClient(url, "witness", PASSWORD) as person:
            await person.login()
            await person.open_lab()
            status, _said = await person.server("GET", "api/status")
            return status

    assert server.run(go_on()) == 200
    return [text for text in settings if PORTS[text] == port and WORDS[text] in page]


def count_history(server: Server) -> int:
    return len(server.littlest("config", "history")["entries"])


def check_end(server: Server, settings: str, entries: int) -> None:
    assert find_in_force(server, [settings]) == [settings]
    assert "Nothing was changed." in server.machine.run("littlest apply").stdout
    assert server.machine.read(LAST_GOOD) == settings
    assert server.machine.read(CONFIG) == settings
    assert count_history(server) == entries


def prepare(server: Server) -> str:
    """Puts ONE in force, with somebody's server running; gives what tells that server from a later start of it."""
    server.configure(ONE)
    assert server.use("witness") == "42"
    return server.unit_property("jupyter-witness.service", "InvocationID")


@pytest.mark.timeout(600)
def test_killed_at_a_step_the_hub_answers_with_old_or_new_settings(own_server: Server) -> None:
    server = own_server
    started = prepare(server)
    old, new = ONE, OTHER
    entries = count_history(server)
    for words in STEPS:
        write(server, new)
        line = apply_and_kill(server, words)
        # two programs: between the change of the ports and the restart of the hub each has its own settings
        assert find_in_force(server, [old, new]) or words in (PROXY_RESTARTS, HUB_RESTARTS), line
        done = server.littlest("apply")
        if words in STEPS[STEPS.index(HUB_RESTARTS) :]:
            # what was started owes the proof still
            assert "WaitUntilReady" in {step["kind"] for step in done["steps"]}, line
        entries += 1
        check_end(server, new, entries)
        old, new = new, old
    assert server.unit_property("jupyter-witness.service", "InvocationID") == started


@pytest.mark.timeout(400)
def test_killed_while_it_remembers_the_settings_they_are_remembered_once(own_server: Server) -> None:
    server = own_server
    started = prepare(server)
    entries, old = count_history(server), ONE
    python = "/opt/littlest/current/bin/python"
    for number, (file, moment) in enumerate([(LAST_GOOD, "before"), (LAST_GOOD, "after"), ("json", "after")]):
        new = ONE.replace("This is one.", f"This is {number}.")
        PORTS[new], WORDS[new] = 80, f"This is {number}."
        write(server, new)
        path = file if file == LAST_GOOD else str(HISTORY / f"{entries + 1:04d}.{file}")
        died = server.machine.run([python, "-I", "-c", DIE_AT_A_FILE, path, moment], check=False)
        assert died.returncode in (-SIGKILL, 128 + SIGKILL), died
        assert find_in_force(server, [old, new]) == [new]
        server.machine.run("littlest apply")
        entries += 1
        check_end(server, new, entries)
        old = new
    assert server.unit_property("jupyter-witness.service", "InvocationID") == started


@pytest.mark.timeout(600)
def test_apply_recovers_after_a_killed_rollback(own_server: Server) -> None:
    server = own_server
    started = prepare(server)
    server.machine.write("/etc/systemd/system/jupyterhub-idle-culler.service.d/die.conf", DYING_CULLER)
    server.machine.run("systemctl daemon-reload; systemctl restart jupyterhub-idle-culler.service")
    PORTS[FAILING], WORDS[FAILING] = 8081, "This cannot stay."
    entries = count_history(server)
    for words in (GOING_BACK, HUB_RESTARTS):
        write(server, FAILING)
        line = apply_and_kill(server, words, GOING_BACK)
        assert find_in_force(server, [FAILING, ONE]) or line.startswith(HUB_RESTARTS), line
        is_back = server.machine.read(CONFIG) == ONE
        again = server.machine.run("littlest apply", check=False)
        assert again.returncode == (0 if is_back else 1), again
        # a culler that ends soon after its start is seen
        assert is_back or "this culler cannot live" in again.stderr
        # where what the admin wrote is, is said by then
        assert "config.yaml.rejected" in again.stdout + again.stderr
        check_end(server, ONE, entries)
    assert server.unit_property("jupyter-witness.service", "InvocationID") == started


@pytest.mark.timeout(400)
def test_ended_while_proxy_or_hub_restarts_the_old_settings_come_back(own_server: Server) -> None:
    server = own_server
    started = prepare(server)
    entries = count_history(server)
    for restarts in (PROXY_RESTARTS, HUB_RESTARTS):
        write(server, OTHER)
        line, code = start_and_watch(server, lambda line: line.startswith(restarts), terminate(server))  # noqa: B023
        assert line is not None
        assert code == 130, line
        assert server.machine.read(f"{CONFIG}.rejected") == OTHER
        check_end(server, ONE, entries)
        assert server.littlest("status")["problems"] == []
    # a second one that comes meanwhile is told who is at work, and spoils nothing
    answers = []

    def apply_too(_group: int) -> None:
        answers.append(server.machine.run("littlest apply", check=False))

    write(server, OTHER)
    _line, code = start_and_watch(server, lambda line: line.startswith(HUB_RESTARTS), apply_too)
    assert code == 0
    assert answers[0].returncode == 5
    assert "littlest apply" in answers[0].stderr
    check_end(server, OTHER, entries + 1)
    assert server.unit_property("jupyter-witness.service", "InvocationID") == started
