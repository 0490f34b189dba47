"""An installation that fails, two at once, and installing under the oddest circumstances."""

import re
import time
from pathlib import Path

from tests.machine.conftest import MakeMachine
from tests.support.debian import ensure_system_packages
from tests.support.machine import Machine
from tests.support.server import Server
from tests.support.traces import compare, take_inventory

BREAK = "[Service]\nExecStart=\nExecStart=/bin/false\n"


def test_a_failed_install_leaves_nothing_and_can_be_run_again(make_machine: MakeMachine, installer: Path) -> None:
    machine = make_machine("failing").create()
    machine.insert(installer, "littlest.sh")
    machine.boot()
    # an admin's own drop-in keeps the hub from starting: the very last step fails
    machine.write("/etc/systemd/system/jupyterhub.service.d/broken.conf", BREAK)
    before = take_inventory(machine)
    first = machine.start("exec bash /media/littlest/littlest.sh 2>&1")
    wait_for_lock(machine)
    second = machine.run("bash /media/littlest/littlest.sh 2>&1", check=False)
    assert second.returncode == 5, second.stdout
    assert "another" in second.stdout.lower()
    out, _err = first.communicate(timeout=200)
    said = out.decode()
    assert first.returncode == 1, said
    assert "jupyterhub" in said
    assert "/var/log/littlest/" in said
    assert compare(before, take_inventory(machine)) == []

    machine.run("rm -r /etc/systemd/system/jupyterhub.service.d && systemctl daemon-reload")
    machine.run("bash /media/littlest/littlest.sh 2>&1", timeout=300)
    server = Server(machine)
    server.wait_until_ready()
    assert server.use_as_admin() == "42"
    server.network.close()
    machine.remove()


def wait_for_lock(machine: Machine) -> None:
    """Wait until the first installer is at work, past its checks."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if machine.run("test -e /opt/littlest/releases", check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the first installer never began to unpack")


def test_install_needs_no_network_under_odd_circumstances(
    make_machine: MakeMachine, installer: Path, tmp_path: Path
) -> None:
    """umask 077, no HOME, poisoned PYTHON variables, no stdin, noexec /tmp, another name, a read-only medium."""
    ensure_system_packages("strace")
    trace = tmp_path / "trace"
    calls = "connect,sendto,sendmsg,sendmmsg"
    tracer = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-e",
        f"trace={calls}",
        "-e",
        "signal=none",
        "-o",
        str(trace),
    ]
    machine = make_machine("odd").create()
    machine.insert(installer, "installer with a space")
    machine.boot(tracer=tracer)
    machine.run("mount -o remount,noexec /tmp")
    machine.write("/srv/poison/json.py", "raise SystemExit('poisoned')\n")
    poison = "PYTHONPATH=/srv/poison PYTHONHOME=/srv/nowhere LD_LIBRARY_PATH=/srv/poison"
    # started by the machine's systemd, so that strace sees it too
    install = f"umask 077; cd /media/littlest; unset HOME; {poison} sh './installer with a space' <&-"
    machine.run(["systemd-run", "--wait", "--collect", "--unit=odd", "sh", "-c", install], check=False, timeout=380)
    server = Server(machine)
    try:
        server.wait_until_ready()
        assert server.use_as_admin() == "42"
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n{machine.journal('-u', 'odd')}") from failure
    seen = trace.read_text(errors="replace").splitlines()
    assert [line for line in seen if "sin_port=htons(80)" in line or "sin_port=htons(15081)" in line], (
        "strace saw nothing"
    )
    assert find_outward(seen) == []
    assert machine.run("find /opt/littlest/releases -type d ! -perm -o=rx").stdout == ""
    server.network.close()
    machine.remove()


def find_outward(lines: list[str]) -> list[str]:
    """Give the calls whose address is on no loopback interface."""
    outward = []
    for line in lines:
        found = re.search(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', line)
        if found and not re.match(r"127\.|::1$|::ffff:127\.|0\.0\.0\.0$|::$", found[1] or found[2]):
            outward.append(line)
    return outward
