"""What an install proves before it calls itself done: a server that a user could have, and nothing left of it."""

from pathlib import Path

from tests.machine.conftest import MakeMachine
from tests.support.machine import Machine
from tests.support.server import Server
from tests.support.traces import compare, take_inventory

CANARY = "littlest-canary"
PYTHON = "/opt/littlest/current/bin/python"
FIND_IN_DATABASE = f"""
import sqlite3
database = sqlite3.connect("file:/var/lib/littlest/jupyterhub.sqlite?mode=ro", uri=True)
for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
    # the command's role names the only user whom it may change
    for row in database.execute(f"select * from {{table}}") if table != "roles" else ():
        if "{CANARY}" in repr(row):
            print(table, row)
"""
TRY = """
from littlest.plan.steps import TryServer
from littlest.system.hub.canary import try_server
from littlest.machine.machine import Machine
try_server(Machine(), TryServer("http://127.0.0.1:80/hub/api/", %s))
"""
BREAK = 'c.UserServerSpawner.unit_extra_properties = {"ExecStartPre": "/bin/sh -c \'echo no luck today; false\'"}\n'
SLICE = "jupyterhub-users.slice"


def find_canary(machine: Machine) -> str:
    """Everything that a trial could leave on a machine."""
    found = machine.run([PYTHON, "-I", "-c", FIND_IN_DATABASE]).stdout
    words = "getent passwd; getent group; cat /etc/subuid; ls -d /home/* /run/*/*; systemctl list-units --all --plain"
    return found + machine.run(f"{{ {words}; }} 2>/dev/null | grep {CANARY}", check=False).stdout


def try_server(server: Server, seconds: float = 60.0) -> str:
    """Do what the end of an install does; gives what it says."""
    return server.machine.run([PYTHON, "-I", "-c", TRY % seconds], check=False).stderr


def test_an_install_leaves_nothing_of_its_trial(server: Server) -> None:
    assert "compute 6*7 in it" in server.machine.run("cat /var/log/littlest/*").stdout
    assert find_canary(server.machine) == ""


def test_an_install_whose_servers_do_not_start_is_refused_and_undone(
    make_machine: MakeMachine, installer: Path
) -> None:
    machine = make_machine("canary").create()
    machine.insert(installer, "littlest.sh")
    machine.boot()
    # kept from an earlier installation; the hub, its proxy and its pages are as they should be
    machine.run("mkdir /etc/littlest && mkdir -m 700 /etc/littlest/jupyterhub_config.d")
    machine.write("/etc/littlest/jupyterhub_config.d/10-broken.py", BREAK)
    before = take_inventory(machine)
    done = machine.run("bash /media/littlest/littlest.sh 2>&1", check=False, timeout=300)
    assert done.returncode == 1, done.stdout
    assert "wait until the hub answers" in done.stdout
    assert "its test server did not work" in done.stdout
    assert "no luck today" in done.stdout
    assert compare(before, take_inventory(machine)) == []
    machine.remove()


def test_a_trial_tells_what_is_wrong_and_cleans_up(own_server: Server) -> None:
    machine = own_server.machine
    assert try_server(own_server) == ""
    kernel = "/opt/littlest/user/share/jupyter/kernels/python3/kernel.json"
    machine.run(f"mv {kernel} {kernel}.away")
    # the server then offers a kernel of its own, without the libraries that users need
    assert "its kernel says ('/opt/littlest/releases" in try_server(own_server)
    assert find_canary(machine) == ""
    machine.run(f"mv {kernel}.away {kernel}")

    # one that was killed half-way is no obstacle
    trial = machine.start([PYTHON, "-I", "-c", TRY % 60])
    machine.run(f"until systemctl is-active --quiet jupyter-{CANARY}.service; do sleep 0.1; done", timeout=60)
    machine.run("kill -9 $(pgrep -f [h]ub.canary)")
    trial.wait(20)
    assert CANARY in find_canary(machine)
    assert try_server(own_server) == ""
    assert find_canary(machine) == ""


def test_a_slice_that_is_put_right_is_read_by_systemd(server: Server) -> None:
    server.machine.run(f"echo CPUWeight=1 >>/etc/systemd/system/{SLICE} && systemctl daemon-reload")
    server.machine.run("littlest apply")
    assert server.unit_property(SLICE, "NeedDaemonReload") == "no"
    assert server.unit_property(SLICE, "CPUWeight") != "1"


OPTION = "c.Spawner.args = ['--KernelManager.shutdown_wait_time=soon']\n"


def test_an_apply_with_which_no_server_starts_is_rolled_back(own_server: Server) -> None:
    machine, file = own_server.machine, "/etc/littlest/jupyterhub_config.d/moodle.py"
    for text, said in ((OPTION, "its kernel did not start"), (BREAK, "no luck today")):
        machine.write(file, text)
        done = machine.run("littlest apply 2>&1", check=False, timeout=300)
        assert done.returncode == 1, done.stdout
        assert "its test server did not work" in done.stdout
        assert said in done.stdout
        assert machine.run(f"test -e {file}", check=False).returncode == 1
        assert find_canary(machine) == ""
    machine.write(file, "c.Spawner.args = ['--debug']\n")
    machine.run("littlest apply", timeout=300)
    assert try_server(own_server) == ""
