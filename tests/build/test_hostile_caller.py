"""The installer in the hands of others: who may change the file, and what the caller's surroundings hold."""

import os
import struct
import subprocess
from pathlib import Path

import pytest
from small_installer import (
    PREFIX,
    TOP,
    VERSION,
    Sandbox,
    build_installer,
    make_light_bootstrap,
    make_project,
    put_before,
)

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mount namespaces"),
]
NAME = f"Littlest-{VERSION}-Linux-x86_64.sh"
EVE = 54321
"""No account has this number."""


@pytest.fixture(scope="module", autouse=True)
def _other_peoples_commands() -> None:
    subprocess.run([TOP / "scripts/system-packages", "busybox", "dash", "util-linux"], check=True)


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("light")
    build_installer(make_project(folder / "project"), folder / NAME, bootstrap=make_light_bootstrap(folder))
    return folder / NAME


@pytest.fixture
def sandbox(tmp_path: Path, installer: Path) -> Sandbox:
    """A server with a copy of the installer that a test may change."""
    sandbox = Sandbox(tmp_path, installer)
    sandbox.installer.unlink()
    sandbox.installer.write_bytes(installer.read_bytes())
    sandbox.installer.chmod(0o755)
    return sandbox


def is_installed(sandbox: Sandbox) -> bool:
    return (sandbox.root / PREFIX.removeprefix("/") / ".littlest-complete").exists()


# ---- a file that others may change ----


def give_access(path: Path, bits: int) -> None:
    """Give EVE rights by an access control list, acl(5), which the mode shows only as a group's rights."""
    anyone, undefined = 0o1 | 0o2 | 0o4, 0xFFFFFFFF
    entries = ((1, anyone, undefined), (2, bits, EVE), (4, 4, undefined), (16, anyone, undefined), (32, 4, undefined))
    os.setxattr(
        path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
    )


OPEN = {
    "her file": lambda file: os.chown(file, EVE, 0),
    "everybody's file": lambda file: file.chmod(0o666),
    "a group's file": lambda file: (os.chown(file, 0, EVE), file.chmod(0o664)),
    "an access control list": lambda file: give_access(file, 6),
    "her folder": lambda file: os.chown(file.parent, EVE, 0),
    "everybody's folder": lambda file: file.parent.chmod(0o777),
    "a group's folder": lambda file: (os.chown(file.parent, 0, EVE), file.parent.chmod(0o775)),
    "her folder that is sticky": lambda file: (os.chown(file.parent, EVE, 0), file.parent.chmod(0o1777)),
}


@pytest.mark.parametrize("harm", OPEN)
def test_a_file_that_others_may_change_is_refused(sandbox: Sandbox, harm: str) -> None:
    OPEN[harm](sandbox.installer)
    before = sandbox.list_files()
    for words in ([], ["--check"], ["--extract-only", "/opt/out"]):
        status, output = sandbox.run(*words)
        assert status == 69, output
        assert "Others can change this file: " in output
        assert f"sudo cp '/mnt/{NAME}' /root/" in output
        assert sandbox.list_files() == before
    # who only looks at it needs no rights
    assert sandbox.run("--verify")[0] == 0


@pytest.mark.parametrize(
    "way",
    [
        # the last link of three is hers
        "ln -s /mnt/$1 /opt/open/hers; chown -h $2 /opt/open/hers; ln -s open/hers /opt/middle;"
        "ln -s middle /opt/start",
        # a name of root's file in her folder
        "mkdir /opt/hers; cp /mnt/$1 /opt/file; chown $2 /opt/hers; ln /opt/file /opt/hers/start;"
        "ln -s hers/start /opt/start",
        "mkdir -p /opt/hers/of/root; cp /mnt/$1 /opt/hers/of/root/file; chown $2 /opt/hers;"
        "ln -s hers/of/root/../root/file /opt/start",
    ],
)
def test_the_way_to_the_file_counts_too(sandbox: Sandbox, way: str) -> None:
    prepare = f"set -- {NAME} {EVE}; mkdir -m 1777 /opt/open; {way}"
    status, output = sandbox.run("--check", shell=["sh", "-c", f"{prepare}; sh /opt/start --check"])
    assert status == 69, output
    assert "Others can change this file: /opt/" in output


WITH_EVE = (
    "cp /etc/passwd /etc/group /run;"
    f"echo eve:x:{EVE}:{EVE}::/:/bin/sh >>/run/passwd; echo eve:x:{EVE}: >>/run/group;"
    f"for one in passwd group; do mount -n --bind /run/$one /etc/$one; done; cp /mnt/{NAME} /opt/file;"
)
"""Shell code: an account with a group of its own, as many systems make them, and a copy of the installer."""


@pytest.mark.parametrize(
    "harmless",
    [
        "true",
        # everybody may put files into /tmp, and nobody may replace those of others
        "chmod 1777 /opt",
        # the caller of sudo is root anyway
        f"chown {EVE}:{EVE} /opt/file; chmod 664 /opt/file; export SUDO_UID={EVE}",
    ],
)
def test_what_only_root_and_the_caller_may_change_is_taken(sandbox: Sandbox, harmless: str) -> None:
    status, output = sandbox.run(extra=WITH_EVE + harmless, shell=["sh", "-c", "sh /opt/file"])
    assert status == 0, output
    assert is_installed(sandbox)


@pytest.mark.parametrize(
    "member",
    [
        f"ada:x:{EVE + 1}:{EVE}::/:/bin/sh >>/etc/passwd",
        "; sed 's/^eve:.*/&ada/' /run/group >/run/g; cat /run/g >/etc/group",
    ],
)
def test_a_group_with_others_in_it_is_nobodys_own(sandbox: Sandbox, member: str) -> None:
    extra = f"{WITH_EVE} chown {EVE}:{EVE} /opt/file; chmod 664 /opt/file; export SUDO_UID={EVE}; echo {member}"
    status, output = sandbox.run(extra=extra, shell=["sh", "-c", "sh /opt/file --check"])
    assert (status, "the group eve may write to /opt/file" in output) == (69, True), output


def test_a_place_that_others_may_change_is_refused(sandbox: Sandbox) -> None:
    (sandbox.root / "opt/littlest").mkdir()
    os.chown(sandbox.root / "opt/littlest", EVE, 0)
    status, output = sandbox.run(extra=f"export SUDO_UID={EVE}")
    assert status == 69, output
    assert f"Others can change what is put into {PREFIX}: /opt/littlest belongs to user {EVE}" in output


SWAP = """
import pathlib, sys
file = pathlib.Path(sys.argv[1])
content = bytearray(file.read_bytes())
start = content.index(b"@@END_HEADER@@\\n") + len(b"@@END_HEADER@@\\n")
evil = b"#!/bin/sh\\ntouch /opt/evil\\nexit 1\\n"
content[start : start + len(evil)] = evil
file.write_bytes(content)
"""


@pytest.mark.parametrize(("when", "status"), [("flock", 65), ("setsid", 0)])
def test_only_what_was_checked_runs(sandbox: Sandbox, tmp_path: Path, when: str, status: int) -> None:
    # as on a disk of a network, which says of its files what it likes: root's when they are looked at
    swap = tmp_path / "swap.py"
    swap.write_text(SWAP)
    found, output = sandbox.run(extra=put_before(when, f"python3 {swap} {sandbox.installer}"))
    assert found == status, output
    assert not (sandbox.root / "opt/evil").exists()
    assert is_installed(sandbox) is (status == 0)
    if status:
        assert "changed while it was read" in output
        assert not any((sandbox.root / "opt/littlest").glob("**/*")), "the rest is removed"


# ---- what the caller's shell holds ----

WORDS = (
    "[ awk cat cd chmod chown command compgen cp cut date declare df dirname echo env eval exec exit export"
    " false find flock getconf getent grep hash head id kill ln local ls main mkdir mv printf ps pwd read"
    " readlink restorecon rm rmdir sed selinuxenabled set setsid sh sha256sum shift sleep sort systemctl tail"
    " tee test touch tr trap true type ulimit umask uname unset wait wc"
)
COMMANDS = WORDS.split()
EVIL = "/usr/bin/touch /opt/evil; /usr/bin/false"


def make_functions(names: list[str]) -> str:
    """Words for env(1) that export functions to bash."""
    return " ".join(f"'BASH_FUNC_{name}%%=() {{ {EVIL}; }}'" for name in names)


def make_evil_commands(folder: str) -> str:
    """Shell code that makes a folder of commands that are not what they are called."""
    names = " ".join(name for name in COMMANDS if name != "[")
    write = f"printf '#!/bin/sh\\n{EVIL}\\n' >{folder}/$name"
    return f"mkdir {folder}; for name in {names} python3; do {write}; done; chmod +x {folder}/*"


# in POSIX mode, bash itself ends at its start when a function has the name of a special built-in
SPECIAL = {"eval", "exec", "exit", "export", "set", "shift", "trap", "unset"}


@pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix", "busybox sh", "/usr/bin/env"])
def test_nothing_of_the_callers_stands_for_a_command(sandbox: Sandbox, shell: str) -> None:
    names = [name for name in COMMANDS if shell != "bash --posix" or name not in SPECIAL]
    hostile = (
        f"env PATH=/opt/hers:$PATH {make_functions(names)} LD_LIBRARY_PATH=/opt/hers PYTHONPATH=/opt/hers"
        " PYTHONHOME=/opt/hers PYTHONSTARTUP=/opt/hers/x OPENSSL_CONF=/opt/hers/x TMPDIR=/opt/hers ENV=/opt/hers/echo"
        " IFS=eo CDPATH=/opt/hers TAR_OPTIONS=--to-command=/opt/hers/cat PS4='$(/opt/hers/cat)' BASH_VERSION=5"
        " SHELLOPTS=noglob:noclobber prefix=/opt/hers self=/opt/hers/sh ROOT=/opt/hers payload_sha256=0 product=x"
        " _PYI_APPLICATION_HOME_DIR=/opt/hers _MEIPASS2=/opt/hers LITTLEST_EXTRACT_ONLY=1"
    )
    extra = make_evil_commands("/opt/hers")
    status, output = sandbox.run(extra=extra, shell=["/bin/sh", "-c", f'exec {hostile} {shell} "$0"'])
    assert not (sandbox.root / "opt/evil").exists(), output
    assert status == 0, output
    assert is_installed(sandbox)
    assert (sandbox.root / "opt/littlest/hello").exists()


def test_that_such_functions_are_seen(sandbox: Sandbox) -> None:
    # the control: a script without our first lines runs them
    script = "id >/dev/null"
    sandbox.run(shell=["/bin/sh", "-c", f"env {make_functions(['id'])} bash -c '{script}'"])
    assert (sandbox.root / "opt/evil").exists()


@pytest.mark.parametrize(
    "closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "3>&1 4>&1 5>&1 9>&1", "<>/dev/full"]
)
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_closed_screen_keeps_nothing_from_working(sandbox: Sandbox, closed: str, shell: str) -> None:
    status, output = sandbox.run(shell=["sh", "-c", f'exec {shell} "$0" {closed}'])
    assert status == 0, output
    assert is_installed(sandbox)


@pytest.mark.parametrize("umask", ["000", "077", "777"])
def test_no_umask_opens_or_closes_what_is_installed(sandbox: Sandbox, umask: str) -> None:
    assert sandbox.run(shell=["sh", "-c", f'umask {umask}; sh "$0"'])[0] == 0
    for path in [sandbox.root / PREFIX.removeprefix("/"), *(sandbox.root / PREFIX.removeprefix("/")).rglob("*")]:
        mode = path.lstat().st_mode
        assert mode & 0o022 == 0 or path.is_symlink(), path
        assert mode & 0o004, path


@pytest.mark.parametrize("limit", ["-f 50", "-n 12"])
def test_a_limit_of_the_callers_leaves_nothing(sandbox: Sandbox, limit: str) -> None:
    before = {path for path in sandbox.list_files() if not path.startswith("var/log/littlest")}
    status, output = sandbox.run(shell=["sh", "-c", f'ulimit {limit}; sh "$0"'])
    assert status != 0, output
    assert {path for path in sandbox.list_files() if not path.startswith("var/log/littlest")} == before
