"""With sshd, cron, at and polkit on the machine: nobody uses an account of the hub's without the hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import MakeMachine, install_once
from tests.support.server import Server

PACKAGES = ("at", "cron", "openssh-server", "polkitd")
LINGERING = "/var/lib/systemd/linger"
SETTINGS = "users: {admin: [admin], allowed: [eve], system_logins: %s}\nlimits: {memory: 1G}\n"


@pytest.fixture(scope="module")
def usual(make_machine: MakeMachine, installer: Path) -> Iterator[Server]:
    """A server with the packages that most servers have; Eve and the admin have a key of their own in their homes."""
    first = install_once(installer, PACKAGES)
    server = Server(first.machine.clone(make_machine("usual").name).boot())
    server.wait_until_ready()
    server.configure(SETTINGS % "false")
    server.machine.run("ssh-keygen -q -t ed25519 -N '' -f /root/key")
    server.use_as_admin()
    server.use("eve")
    for account in ("jupyter-eve", "jupyter-admin"):
        own = f"-o {account} -g {account}"
        server.machine.run(f"install -d -m 700 {own} /home/{account}/.ssh")
        server.machine.run(f"install -m 600 {own} /root/key.pub /home/{account}/.ssh/authorized_keys")
    yield server
    server.network.close()


def log_in(server: Server, account: str, command: str = "echo in") -> str:
    """Run a command by ssh; gives what it said, or "" where the login was refused."""
    options = "-i /root/key -o StrictHostKeyChecking=no -o BatchMode=yes"
    return server.machine.run(
        f"ssh {options} {account}@127.0.0.1 '{command}' 2>/dev/null", check=False
    ).stdout.strip()


def test_a_student_has_no_other_way_in_and_an_admin_has(usual: Server) -> None:
    assert log_in(usual, "jupyter-eve") == ""
    assert log_in(usual, "jupyter-admin") == "in"
    # also where something lets her reach the bus
    usual.machine.run("su - jupyter-eve -c 'loginctl enable-linger jupyter-eve'", check=False)
    assert usual.machine.run(f"ls {LINGERING}").stdout == ""
    tried = "import subprocess as s; print([s.run(['sh', '-c', c], capture_output=True).returncode == 0 for c in %r])"
    ways = ("echo '* * * * * true' | crontab -", "echo true | at now", "loginctl enable-linger", "systemd-run true")
    assert usual.use("eve", tried % (ways,)).strip() == "[False, False, False, False]"
    # root can still become her
    assert "jupyter-eve" in usual.machine.run("su - jupyter-eve -c id").stdout


def test_a_setting_opens_accounts_with_the_limits_of_a_server_and_closes_them(usual: Server) -> None:
    usual.configure(SETTINGS % "true")
    limits = log_in(usual, "jupyter-eve", "systemctl show user-$(id -u).slice --property=MemoryMax,TasksMax")
    assert set(limits.splitlines()) == {f"MemoryMax={2**30}", "TasksMax=1024"}
    assert log_in(usual, "jupyter-eve", "loginctl enable-linger && echo done") == "done"
    usual.configure(SETTINGS % "false")
    assert log_in(usual, "jupyter-eve") == ""
    left = usual.machine.run(f"find {LINGERING} /run/systemd/system -mindepth 1").stdout
    assert left == ""
    # her server went on
    assert usual.list_server_units() == ["jupyter-admin.service", "jupyter-eve.service"]


def test_who_loses_rights_loses_what_would_run_later(usual: Server) -> None:
    usual.configure(SETTINGS.replace("[admin]", "[admin, tom]") % "false")
    password = usual.machine.read("/var/lib/littlest/secrets/initial-passwords/tom").strip()
    usual.use("tom", password=password)
    for command in ("echo '* * * * * true' | crontab -", "echo true | at now + 1 day", "loginctl enable-linger"):
        usual.machine.run(["su", "-", "jupyter-tom", "-c", command])
    usual.configure(SETTINGS % "false")
    left = "ls /var/spool/cron/crontabs /var/lib/systemd/linger; find /var/spool/cron/atjobs -name 'a*'"
    assert "tom" not in usual.machine.run(left).stdout
    assert "/var/spool/cron/atjobs/a" not in usual.machine.run(left).stdout
    assert usual.machine.run("pgrep -u jupyter-tom", check=False).stdout == ""
