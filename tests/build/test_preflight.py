"""Each look of the preflight, on a directory that looks like a server, with the fault that it is there to see."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PREFLIGHT = Path(__file__).resolve().parents[2] / "construct" / "preflight.sh"
COMMANDS = ("useradd", "userdel", "usermod", "groupadd", "groupdel", "systemd-run", "flock", "sudo", "git")
CONSTANTS = (
    "product=Littlest version_here=2.0 releases_dir=/opt/littlest/releases minimum_glibc=2.35 minimum_systemd=245"
    " default_prefix=/opt/littlest/releases/2.0 payload_sha256=abc"
    " needed_kb=${NEEDED_KB:-1} needed_files=${NEEDED_FILES:-1}"
)


class Server:
    """A root directory for the preflight, and the commands that tell it of the machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("run/systemd/system", "opt", "var/lib", "etc/systemd/system", "bin", "proc/net", "proc/self"):
            (root / folder).mkdir(parents=True)
        for command in COMMANDS:
            self.command(command, "true")
        self.command("id", "echo 0")
        self.command("uname", "echo Linux x86_64")
        self.command("getconf", "echo glibc 2.36")
        self.command("systemctl", "echo 'systemd 252 (252.39)'")
        self.write("proc/meminfo", "MemTotal:        2014000 kB\nMemFree: 1 kB\n")
        self.mounts("/dev/vda1 / ext4 rw,relatime 0 0")
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nlittlest-proxy:x:990:990::/:/usr/sbin/nologin\n")
        self.write("etc/group", "root:x:0:\nlittlest-admins:x:991:\nlittlest-users:x:992:\n")
        self.sockets()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def command(self, name: str, script: str) -> None:
        self.write(f"bin/{name}", f"#!/bin/sh\n{script}\n")
        (self.root / "bin" / name).chmod(0o755)

    def mounts(self, *lines: str) -> None:
        self.write("proc/self/mounts", "".join(f"{line}\n" for line in lines))

    def sockets(self, *lines: str, file: str = "tcp") -> None:
        title = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        self.write(f"proc/net/{file}", title + "".join(f"{line}\n" for line in lines))

    def process(self, number: int, name: str, unit: str, inode: int) -> None:
        self.write(f"proc/{number}/comm", name + "\n")
        self.write(f"proc/{number}/cgroup", f"0::/system.slice/{unit}\n")
        (self.root / f"proc/{number}/fd").mkdir()
        (self.root / f"proc/{number}/fd/3").symlink_to(f"socket:[{inode}]")

    def look(self, shell: str = "sh", **environment: str) -> str:
        script = f"set -eu; ROOT=$1; {CONSTANTS}; . {PREFLIGHT}; look_at_everything"
        path = f"{self.root}/bin:/usr/bin:/bin"
        result = subprocess.run(
            [*shell.split(), "-c", script, "preflight", str(self.root)],
            env={"PATH": path, "LC_ALL": "C", **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stderr == ""
        return result.stdout


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


LISTENS_ON_80 = (
    "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100"
)
CONNECTED_FROM_80 = LISTENS_ON_80.replace(" 0A ", " 01 ")
LISTENS_ON_8080_V6 = (
    "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000"
    " 00:00000000 00000000     0        0 815 1 0 100"
)


def hold_port_80(server: Server) -> None:
    server.sockets(LISTENS_ON_80)
    server.process(123, "apache2", "apache2.service", 4711)


def hold_port_8080(server: Server) -> None:
    server.write(
        "etc/littlest/config.yaml", "# port: 1\nauth:\n  port: 2\nhttp:\n  # port: 3\n  port: 8080  # ours\n"
    )
    server.sockets(LISTENS_ON_8080_V6, file="tcp6")


FAULTS: dict[str, tuple[Callable[[Server], object], str]] = {
    "not root": (lambda s: s.command("id", "echo 1000"), "You are not root"),
    "another architecture": (lambda s: s.command("uname", "echo Linux aarch64"), "This machine is 'Linux aarch64'"),
    "old glibc": (lambda s: s.command("getconf", "echo glibc 2.31"), "C library here is version 2.31; 2.35"),
    "glibc of one digit": (lambda s: s.command("getconf", "echo glibc 2.4"), "C library here is version 2.4; 2.35"),
    "no glibc": (
        lambda s: (s.command("getconf", "exit 1"), s.command("ldd", "echo 'musl libc (x86_64)' >&2; exit 1")),
        "No GNU C library was found",
    ),
    "no systemd": (lambda s: (s.root / "run/systemd/system").rmdir(), "systemd does not run this machine"),
    "old systemd": (lambda s: s.command("systemctl", "echo systemd 237"), "systemd here is version 237; 245"),
    "no memory": (lambda s: s.write("proc/meminfo", "MemTotal: 512000 kB\n"), "warning: this machine has 500 MB"),
    "noexec": (
        lambda s: s.mounts("/dev/vda1 / ext4 rw 0 0", "/dev/vdb /opt ext4 rw,nosuid,noexec 0 0"),
        "/opt/littlest/releases is on a file system mounted noexec",
    ),
    "read-only /usr": (
        lambda s: s.mounts("/dev/vda1 / ext4 rw 0 0", "/dev/vdb /usr ext4 ro,relatime 0 0"),
        "/usr/bin is on a file system mounted read-only",
    ),
    "port 80": (hold_port_80, "Port 80 is taken by apache2 (process 123, unit apache2.service)"),
    "the configured port": (hold_port_8080, "Port 8080 is taken by a program that only root can name"),
    "TLJH": (lambda s: (s.root / "opt/tljh").mkdir(), "/opt/tljh"),
    "another hub's settings": (lambda s: (s.root / "etc/jupyterhub").mkdir(), "/etc/jupyterhub"),
    "another hub's unit": (
        lambda s: s.write("usr/lib/systemd/system/jupyterhub.service", "[Service]\nExecStart=/srv/hub\n"),
        "/usr/lib/systemd/system/jupyterhub.service belongs to another JupyterHub",
    ),
    "a person's account": (
        lambda s: s.write("etc/passwd", "littlest-proxy:x:1003:1003::/home/p:/bin/bash\n"),
        "An account named littlest-proxy exists already (number 1003)",
    ),
    "a person's group": (
        lambda s: s.write("etc/group", "littlest-admins:x:1004:eve\n"),
        "A group named littlest-admins exists already (number 1004)",
    ),
    # the name alone does not make it ours
    "a hub that calls itself so": (
        lambda s: s.write("etc/systemd/system/jupyterhub.service", "[Unit]\nDescription=The Littlest JupyterHub\n"),
        "/etc/systemd/system/jupyterhub.service belongs to another JupyterHub",
    ),
    "a slice that speaks of us": (
        lambda s: s.write("etc/systemd/system/jupyterhub-users.slice", "[Unit]\n# made for littlest\n"),
        "/etc/systemd/system/jupyterhub-users.slice belongs to another JupyterHub",
    ),
    "a link in place of the release": (
        lambda s: (
            (s.root / "opt/littlest/releases").mkdir(parents=True),
            (s.root / "opt/littlest/releases/2.0").symlink_to("/"),
        ),
        "/opt/littlest/releases/2.0 is a link",
    ),
    "files of others": (
        lambda s: s.write("opt/littlest/releases/2.0/thesis.tex", ""),
        "/opt/littlest/releases/2.0 exists and contains files that are not from this installer",
    ),
    "another build": (
        lambda s: s.write("opt/littlest/releases/2.0/.littlest-complete", "def\n"),
        "Littlest 2.0 is installed already, from another build of it",
    ),
    "another version": (
        lambda s: ((s.root / "opt/littlest").mkdir(), (s.root / "opt/littlest/current").symlink_to("releases/1.0")),
        "Littlest 1.0 is installed. This file cannot upgrade it to 2.0",
    ),
}


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_sound_server_has_no_problem(server: Server, shell: str) -> None:
    assert server.look(shell) == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen_alone(server: Server, fault: str) -> None:
    cause, says = FAULTS[fault]
    cause(server)
    lines = server.look().splitlines()
    assert len(lines) == 1, lines
    assert says in lines[0]


def test_missing_commands_are_named_together(server: Server) -> None:
    # the whole of PATH, so that this machine's own commands do not help out
    for command in ("useradd", "flock", "sudo", "git"):
        (server.root / "bin" / command).unlink()
    for command in ("sed", "awk", "df", "cat", "readlink", "grep", "sha256sum", "find", "setsid", "printf"):
        (server.root / "bin" / command).symlink_to(Path("/usr/bin") / command)
    script = f"set -eu; PATH={server.root}/bin; {CONSTANTS}; . {PREFLIGHT}; look_at_commands"
    result = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [
        "These commands are missing: useradd flock. Install the packages that bring them.",
        "warning: sudo is not installed, so admins of the hub cannot become root in a terminal until it is.",
        "warning: git is not installed, so links that fetch course files (nbgitpuller) do not work until it is:"
        " apt-get install git",
    ]


def test_the_first_admin_is_named_in_settings_that_were_here_before(server: Server) -> None:
    assert server.look(admin="zoe:/root/password") == ""
    server.write("etc/littlest/config.yaml", "users:\n  admin: [ada]\n")
    (line,) = server.look(admin="zoe:/root/password").splitlines()
    assert line.startswith("--admin zoe: /etc/littlest/config.yaml")
    assert server.look(admin="ada") == ""
    assert server.look(admin="Ada:/root/password") == ""
    assert server.look(admin="") == ""


def test_too_little_space(server: Server) -> None:
    lines = server.look(NEEDED_KB="99999999999").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("/opt has ")
    assert "97656249 MB are needed for the release and the user environment" in lines[0]


def test_too_few_inodes(server: Server) -> None:
    if not os.statvfs(server.root).f_files:
        pytest.skip("this file system counts no inodes")
    lines = server.look(NEEDED_FILES="99999999999").splitlines()
    assert len(lines) == 1
    assert "room for" in lines[0]


def test_our_own_proxy_may_hold_the_port(server: Server) -> None:
    server.sockets(LISTENS_ON_80)
    server.process(123, "node", "jupyterhub-proxy.service", 4711)
    server.write("etc/systemd/system/jupyterhub-proxy.service", "ExecStart=/opt/littlest/current/bin/node\n")
    assert server.look() == ""
    server.write("etc/systemd/system/jupyterhub-proxy.service", "ExecStart=/srv/node\n")
    assert "Port 80 is taken by node (process 123, unit jupyterhub-proxy.service)" in server.look()


@pytest.mark.parametrize("line", ["ListenStream=80", "ListenStream=0.0.0.0:80", "ListenStream=[::1]:80"])
def test_systemd_may_hold_the_port_for_our_own_proxy(server: Server, line: str) -> None:
    server.sockets(LISTENS_ON_80)
    server.process(1, "systemd", "init.scope", 4711)
    assert "Port 80 is taken by systemd (process 1)" in server.look()
    unit = f"# Written by The Littlest JupyterHub; x\n[Socket]\n{line}\n"
    server.write("etc/systemd/system/jupyterhub-proxy.socket", unit)
    assert server.look() == ""
    server.write("etc/systemd/system/jupyterhub-proxy.socket", unit.replace("80", "8080"))
    assert "Port 80 is taken by systemd (process 1)" in server.look()


def test_the_owner_of_a_port_is_found_among_many_open_files(server: Server) -> None:
    server.sockets(LISTENS_ON_80)
    for number in range(200, 240):
        server.process(number, "idle", "idle.service", 1)
        for descriptor in range(4, 104):
            (server.root / f"proc/{number}/fd/{descriptor}").symlink_to("/dev/null")
    server.process(900, "apache2", "apache2.service", 4711)
    started = time.monotonic()
    assert "apache2 (process 900, unit apache2.service)" in server.look()
    assert time.monotonic() - started < 2  # a command for each open file takes several seconds


def test_a_connection_from_port_80_is_no_listener(server: Server) -> None:
    server.sockets(CONNECTED_FROM_80)
    assert server.look() == ""


def test_our_own_version_and_units_are_no_problem(server: Server) -> None:
    (server.root / "opt/littlest").mkdir()
    (server.root / "opt/littlest/current").symlink_to("/opt/littlest/releases/2.0")
    server.write("etc/systemd/system/jupyterhub.service", "ExecStart=/opt/littlest/current/bin/python\n")
    assert server.look() == ""


def test_three_faults_make_three_lines(server: Server) -> None:
    chosen = ("old glibc", "port 80", "TLJH")
    for fault in chosen:
        FAULTS[fault][0](server)
    lines = server.look().splitlines()
    assert len(lines) == 3
    for fault in chosen:
        assert any(FAULTS[fault][1] in line for line in lines), fault
