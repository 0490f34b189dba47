"""Settings and drop-ins that nothing speaks against before, and with which the hub does not live."""

import os
import time
from signal import SIGKILL

import pytest

from tests.support.server import Server

CONFIG = "/etc/littlest/config.yaml"
FOLDER = "/etc/littlest/jupyterhub_config.d"
END_AFTER_THE_START = """
import os, sys
from littlest.hub import application
from littlest.hub.live import live

tell = application.notify_systemd


def end(state):
    tell(state)
    if state == "READY=1" and live.config.announcement in {words}:
        print("this hub cannot live", file=sys.stderr, flush=True)
        os._exit(1)


application.notify_systemd = end
"""
PYTHON = "/opt/littlest/current/bin/python"
READ_JOURNAL = """
import sys, time
from littlest.machine.machine import Machine
from littlest.system.units.units import read_journal

print(*read_journal(Machine(), sys.argv[1], time.time(), sys.argv[2]), sep="\\n")
"""
ONE = "users: {admin: [admin]}\nannouncement: one\n"
OTHER = "users: {admin: [admin]}\nannouncement: other\nmetrics: {public: true}\n"


def test_a_drop_in_that_ends_the_hub_is_put_aside(own_server: Server) -> None:
    machine = own_server.machine
    own_server.configure(ONE)
    before = machine.read(CONFIG)
    machine.write(f"{FOLDER}/end.py", END_AFTER_THE_START.format(words=("one",)), mode=0o600)
    failed = machine.run("littlest apply", check=False)
    assert failed.returncode == 1, failed.stderr
    assert "this hub cannot live" in failed.stderr
    assert f"{FOLDER}/end.py.rejected" in failed.stderr
    assert machine.read(CONFIG) == before
    assert machine.run(f"ls {FOLDER}").stdout.split() == ["README", "end.py.rejected"]
    assert own_server.littlest("status")["healthy"]
    assert not own_server.littlest("apply")["changed"]


@pytest.mark.timeout(600)
def test_hub_restores_last_good_settings_after_apply_is_killed(own_server: Server) -> None:
    machine = own_server.machine
    own_server.configure(ONE)
    machine.write(f"{FOLDER}/end.py", END_AFTER_THE_START.format(words=("other",)), mode=0o600)
    machine.run("littlest apply")
    machine.run(f"cat >{CONFIG}", stdin=OTHER)
    process = machine.start(["littlest", "apply"])
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.close()
    while b"until the hub" not in (line := process.stderr.readline()):
        assert line, "it ended before it waited"
    os.killpg(process.pid, SIGKILL)
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 120
    while not (status := own_server.littlest("status", check=False))["hub_settings_problems"]:
        assert time.monotonic() < deadline, status
        own_server.wait_until_ready(120)
    assert status["hub_settings_file"] == "/var/lib/littlest/last-good-config.yaml"
    assert [line for line in status["problems"] if "ended each time" in line]
    assert status["hub_problem"] is None
    # a reboot finds it so, and does not start over
    started = own_server.unit_property("jupyterhub.service", "NRestarts")
    machine.run("systemctl restart jupyterhub.service")
    own_server.wait_until_ready()
    assert own_server.littlest("status", check=False)["hub_settings_problems"]
    assert int(own_server.unit_property("jupyterhub.service", "NRestarts")) <= int(started)
    # an apply tries again, and goes back
    failed = machine.run("littlest apply", check=False)
    assert failed.returncode == 1, failed.stderr
    assert "this hub cannot live" in failed.stderr
    assert machine.read(CONFIG) == ONE
    assert own_server.littlest("status")["healthy"]


def test_a_port_that_is_taken_cuts_nobody_off(own_server: Server) -> None:
    machine = own_server.machine
    started = own_server.unit_property("jupyterhub-proxy.service", "InvocationID")
    holder = "import socket, time; s = socket.create_server(('127.0.0.1', 8090)); time.sleep(600)"
    machine.run(["systemd-run", "--unit=port-holder", "/opt/littlest/current/bin/python", "-c", holder])
    machine.run("for i in $(seq 100); do ss -Hltn | grep -q 127.0.0.1:8090 && break; sleep 0.1; done")
    machine.run(f"cat >{CONFIG}", stdin="users: {admin: [admin]}\nhttp:\n  port: 8090\n")
    failed = machine.run("littlest apply", check=False)
    assert failed.returncode == 3, failed.stderr
    assert "config.yaml:3: http.port: port 8090 is taken by python" in failed.stderr
    assert "of port-holder.service" in failed.stderr
    assert own_server.unit_property("jupyterhub-proxy.service", "InvocationID") == started
    machine.run("systemctl stop port-holder.service")
    machine.run("littlest apply")
    # its own port, after a change of something else
    machine.run("littlest config set announcement 'still here'")
    machine.run("littlest apply")


def test_what_a_start_said_before_it_ended_is_found_whenever_that_was(server: Server) -> None:
    # a hub that ends after each start has said why by the time at which waiting for it begins
    deaths = ("echo last words; sleep 0.5", "last words"), ("kill -9 $$$$", "code=killed")
    for number, (end, words) in enumerate(deaths):
        unit = f"brief-{number}.service"
        script = f"echo $INVOCATION_ID >/run/brief-{number}; {end}"
        server.machine.run(["systemd-run", "--wait", "--collect", f"--unit={unit}", "sh", "-c", script], check=False)
        start = server.machine.read(f"/run/brief-{number}").strip()
        said = server.machine.run([PYTHON, "-I", "-c", READ_JOURNAL, unit, start]).stdout
        assert unit in said
        assert words in said
