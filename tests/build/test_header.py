"""The header on a small payload: what it accepts, what it refuses, and that it leaves nothing half-done.

Where it matters what the executable in the payload is, the payload has the real one, and elsewhere a light one.
"""

import os
import random
import shutil
import signal
import stat
import subprocess
import time
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
    put_first,
)

from littlest.paths import LOCK_FILE

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mount namespaces"),
]
NAME = f"Littlest-{VERSION}-Linux-x86_64.sh"
INSTALLED = PREFIX.removeprefix("/")


@pytest.fixture(scope="module", autouse=True)
def _other_peoples_commands() -> None:
    subprocess.run(
        [TOP / "scripts/system-packages", "busybox", "dash", "iproute2", "rust-coreutils", "util-linux"], check=True
    )


@pytest.fixture(scope="module")
def real_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    build_installer(make_project(folder / "project"), folder / NAME)
    return folder / NAME


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("light")
    build_light(folder)
    return folder / NAME


def build_light(folder: Path, **project: str) -> None:
    build_installer(
        make_project(folder / "project", **project), folder / NAME, bootstrap=make_light_bootstrap(folder)
    )


@pytest.fixture
def sandbox(tmp_path: Path, installer: Path) -> Sandbox:
    return Sandbox(tmp_path, installer)


@pytest.fixture
def real_sandbox(tmp_path: Path, real_installer: Path) -> Sandbox:
    return Sandbox(tmp_path, real_installer)


def assert_installed(sandbox: Sandbox) -> None:
    prefix = sandbox.root / INSTALLED
    assert (sandbox.root / "opt/littlest/hello").read_text() == f"hello from {PREFIX}\n"
    assert (prefix / ".littlest-complete").read_text().strip()
    left = {path.name for path in prefix.iterdir()}
    assert left == {"bin", "conda-meta", "share", ".installer.info", ".littlest-complete"}


def assert_nothing_left(sandbox: Sandbox, before: dict[str, object]) -> None:
    after = {path for path in sandbox.list_files() if not path.startswith("var/log/littlest")}
    assert after == {path for path in before if not path.startswith("var/log/littlest")}


# ---- installing ----


def test_it_installs(real_sandbox: Sandbox) -> None:
    status, output = real_sandbox.run("--admin", "ada", "--no-start")
    assert status == 0, output
    assert_installed(real_sandbox)
    assert "admin=ada no_start=1" in output
    assert [line[:5] for line in output.splitlines() if line.startswith("[")] == [f"[{n}/5]" for n in range(1, 6)]
    logs = list((real_sandbox.root / "var/log/littlest").iterdir())
    assert [log.name[:8] for log in logs] == ["install-"]
    assert stat.S_IMODE(logs[0].stat().st_mode) == 0o640
    assert "admin=ada" in logs[0].read_text()


def test_every_file_is_roots_and_readable_by_all(sandbox: Sandbox) -> None:
    # the packages bring files of mode 0660 and 0775
    assert sandbox.run(preexec_fn=lambda: os.umask(0o077))[0] == 0
    for path in [sandbox.root / INSTALLED, *(sandbox.root / INSTALLED).rglob("*")]:
        state = path.stat()
        assert state.st_uid == 0, path
        assert state.st_mode & 0o022 == 0, path
        assert state.st_mode & 0o004, path


def test_the_same_installer_again_changes_nothing(sandbox: Sandbox) -> None:
    assert sandbox.run()[0] == 0
    before = sandbox.list_files()
    for word in ("-b", "--check"):
        status, output = sandbox.run(word)
        assert status == 0
        assert f"Littlest {VERSION} is installed in {PREFIX} and intact. Nothing was changed." in output
        assert "Note:" not in output
        assert sandbox.list_files() == before
    # what would be ignored is said to be
    status, output = sandbox.run("--admin", "vera")
    assert status == 0
    assert "--admin vera is only for a first installation, and was ignored" in output


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_damaged_installation_is_named(sandbox: Sandbox, harm: str) -> None:
    assert sandbox.run()[0] == 0
    file = sandbox.root / INSTALLED / "share/world"
    file.unlink()
    if harm == "changed":
        file.write_text("w0rld\n")
    status, output = sandbox.run()
    assert status == 1
    assert "share/world" in output
    assert f"sudo mv {PREFIX} {PREFIX}.damaged" in output


def test_the_repair_that_it_names_works(sandbox: Sandbox) -> None:
    assert sandbox.run()[0] == 0
    prefix = sandbox.root / INSTALLED
    (prefix / "share/world").unlink()
    prefix.rename(prefix.with_name("9.9.9.damaged"))
    assert sandbox.run()[0] == 0
    assert_installed(sandbox)


def test_an_empty_directory_is_accepted(sandbox: Sandbox) -> None:
    (sandbox.root / INSTALLED).mkdir(parents=True)
    assert sandbox.run()[0] == 0
    assert_installed(sandbox)


@pytest.mark.parametrize("action", [[], ["--check"]])
def test_a_directory_of_others_is_refused(sandbox: Sandbox, action: list[str]) -> None:
    (sandbox.root / INSTALLED).mkdir(parents=True)
    (sandbox.root / INSTALLED / "thesis.tex").write_text("precious")
    (sandbox.root / "opt/tljh").mkdir()
    before = sandbox.list_files()
    status, output = sandbox.run(*action)
    assert status == 69
    assert "contains files that are not from this installer" in output
    assert "/opt/tljh" in output  # all of it at once
    assert sandbox.list_files() == before


@pytest.mark.parametrize("action", [[], ["--check"]])
def test_a_link_is_no_empty_directory(sandbox: Sandbox, action: list[str]) -> None:
    (sandbox.root / "opt/data").mkdir()
    (sandbox.root / "opt/data/thesis.tex").write_text("precious")
    (sandbox.root / INSTALLED).parent.mkdir(parents=True)
    (sandbox.root / INSTALLED).symlink_to("/opt/data")
    before = sandbox.list_files()
    status, output = sandbox.run(*action)
    assert status == 69
    assert f"{PREFIX} is a link" in output
    assert sandbox.list_files() == before


# ---- damaged files ----


def damage(sandbox: Sandbox, content: bytes) -> None:
    sandbox.installer.unlink()
    sandbox.installer.write_bytes(content)


def test_a_flipped_byte_anywhere_stops_it(sandbox: Sandbox, installer: Path) -> None:
    whole = installer.read_bytes()
    end = whole.index(b"@@END_HEADER@@\n") + len(b"@@END_HEADER@@\n")
    chance = random.Random(20260101)
    before = sandbox.list_files()
    places = [chance.randrange(end, len(whole)) for _ in range(40)] + [chance.randrange(2, end) for _ in range(10)]
    for place in [end, len(whole) - 1, *places]:
        content = bytearray(whole)
        content[place] ^= 1 << chance.randrange(8)
        damage(sandbox, bytes(content))
        status, output = sandbox.run()
        # a flip in the header may also be a word that the shell does not understand
        assert status == 65 if place >= end else status != 0, (place, status, output)
        assert sandbox.list_files() == before, place


def test_a_truncated_file_stops_it(sandbox: Sandbox, installer: Path) -> None:
    whole = installer.read_bytes()
    end = whole.index(b"@@END_HEADER@@\n") + len(b"@@END_HEADER@@\n")
    before = sandbox.list_files()
    for length in (end, end + 1, end + 1000, len(whole) // 2, len(whole) - 1):
        damage(sandbox, whole[:length])
        status, output = sandbox.run()
        assert status == 65, output
        assert f"it has {length} bytes instead of {len(whole)}." in output
        assert sandbox.list_files() == before
    damage(sandbox, whole + b"\n")
    assert sandbox.run()[0] == 65


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_half_a_header_does_nothing(sandbox: Sandbox, installer: Path, shell: str) -> None:
    whole = installer.read_bytes()
    end = whole.index(b"@@END_HEADER@@\n")
    before = sandbox.list_files()
    main = whole.rindex(b'main "$@"', 0, end)
    # of the first hundred bytes, a shell sees only a comment
    for length in (*range(100, main, 997), main, main + 9, main + 10, end - 2):
        damage(sandbox, whole[:length])
        status, output = sandbox.run(shell=shell.split())
        assert status != 0, (length, output)
        assert sandbox.list_files() == before


def test_verify(sandbox: Sandbox, installer: Path) -> None:
    before = sandbox.list_files()
    status, output = sandbox.run("--verify")
    assert (status, sandbox.list_files()) == (0, before)
    assert "is complete" in output
    damage(sandbox, installer.read_bytes()[:-1] + b"x")
    assert sandbox.run("--verify")[0] == 65


# ---- words ----


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--help"], 0, "--extract-only DIR"),
        (["-h"], 0, "Exit status"),
        (["--version"], 0, f"Littlest {VERSION}"),
        (["-u"], 2, "never changed in place"),
        (["-f"], 2, "never overwritten"),
        (["-s"], 2, "--no-start"),
        (["--upgrade"], 2, "Unknown word: --upgrade"),
        (["now"], 2, "Unknown word: now"),
        ([""], 2, "Unknown word: "),
        (["-p"], 2, "-p needs a value"),
        (["-p", "/srv/hub"], 2, "--extract-only /srv/hub"),
        (["-p/srv/hub"], 2, "--extract-only /srv/hub"),
        (["--admin"], 2, "--admin needs a value"),
        (["--admin", ":file"], 2, "NAME:FILE was expected"),
        (["--admin", "--no-start"], 2, "NAME:FILE was expected"),
        (["--admin", "ada:"], 2, "NAME:FILE was expected"),
        (["--admin", " "], 2, "NAME:FILE was expected"),
        (["--admin", "ada/byron:/etc/passwd"], 2, "NAME:FILE was expected"),
        (["--admin=a\nb"], 2, "NAME:FILE was expected"),
        (["--admin", "ada:/no/such/file"], 2, "/no/such/file cannot be read"),
        (["--extract-only"], 2, "--extract-only needs a value"),
        (["--extract-only", "/opt/a b"], 2, "with a space"),
        (["--check", "--verify"], 2, "do not go together"),
    ],
)
def test_words_that_change_nothing(sandbox: Sandbox, words: list[str], status: int, says: str) -> None:
    before = sandbox.list_files()
    found, output = sandbox.run(*words)
    assert found == status, output
    assert says in output
    assert sandbox.list_files() == before


@pytest.mark.parametrize(
    "words", [["-b"], ["-b", "-p", PREFIX], ["-bp", PREFIX], [f"-p{PREFIX}"], ["-p", f"{PREFIX}/"]]
)
def test_words_that_conda_users_type(sandbox: Sandbox, words: list[str]) -> None:
    status, output = sandbox.run(*words)
    assert status == 0, output
    assert_installed(sandbox)


def test_a_short_password_is_refused_before_anything_is_unpacked(sandbox: Sandbox) -> None:
    (sandbox.root / "opt/password").write_text("short\nsecond line\n")
    before = sandbox.list_files()
    status, output = sandbox.run("--admin=ada:/opt/password")
    assert (status, "at least 7 characters" in output) == (2, True), output
    assert sandbox.list_files() == before


def test_the_password_file_is_named_from_the_root(sandbox: Sandbox) -> None:
    (sandbox.root / "opt/password").write_text("secret of ada\n")
    status, output = sandbox.run("--admin=ada:password", work="/opt")
    assert status == 0, output
    assert "admin=ada:/opt/password" in output
    assert "secret of ada" not in output + next((sandbox.root / "var/log/littlest").iterdir()).read_text()


def test_extract_only(real_sandbox: Sandbox, tmp_path: Path) -> None:
    before = real_sandbox.list_files()
    target = tmp_path / "out"
    target.mkdir()
    target.chmod(0o777)
    tmp_path.chmod(0o755)
    # not as root
    words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]
    status, output = real_sandbox.run(
        "--extract-only", "/tmp/x/prefix", shell=words, extra=f"mkdir -p /tmp/x; mount --bind {target} /tmp/x"
    )
    assert status == 0, output
    assert real_sandbox.list_files() == before
    # only the prefix written into it tells where it thinks it is
    assert (target / "prefix/bin/hello").read_text().endswith("/tmp/x/prefix\n")
    assert not (target / "prefix/pkgs").exists()
    status, output = real_sandbox.run("--extract-only", str(target))
    assert status == 1
    assert "is not empty" in output


@pytest.mark.parametrize("slash", ["", "/"])
def test_extract_only_follows_no_link(sandbox: Sandbox, slash: str) -> None:
    (sandbox.root / "opt/data").mkdir()
    (sandbox.root / "opt/data/thesis.tex").write_text("precious")
    (sandbox.root / "opt/link").symlink_to("data")
    before = sandbox.list_files()
    status, output = sandbox.run("--extract-only", f"/opt/link{slash}")
    assert status == 1
    assert "/opt/link is a link" in output
    assert sandbox.list_files() == before


# ---- surroundings ----

# every applet of busybox, before the real commands
BUSYBOX = "mkdir /opt/bb; busybox --install -s /opt/bb; " + put_first("/opt/bb")
SURROUNDINGS = {
    "HOME unset": "unset HOME",
    "HOME missing": "HOME=/nowhere",
    "poisoned Python": "export PYTHONPATH=/nowhere PYTHONHOME=/nowhere PYTHONSTARTUP=/nowhere/x",
    "poisoned loader": "export LD_LIBRARY_PATH=/nowhere",
    "noexec /tmp": "mount -t tmpfs -o noexec tmpfs /tmp",
    "no /tmp": "mount -t tmpfs -o ro tmpfs /tmp",
    "TMPDIR missing": "export TMPDIR=/nowhere",
    "stdin closed": "exec 0<&-",
    "short PATH": "PATH=/usr/bin:/bin",
    "busybox first": BUSYBOX,
    # whose dd cuts other pieces than asked for
    "Rust's coreutils first": put_first("/usr/lib/cargo/bin/coreutils"),
    "another language": "export LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8",
    "conda's own settings": "export CONDARC=/nowhere CONDA_PREFIX=/nowhere CONDA_OVERRIDE_GLIBC=2.5",
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_it_installs_whatever_the_surroundings(real_sandbox: Sandbox, surroundings: str) -> None:
    status, output = real_sandbox.run(extra=SURROUNDINGS[surroundings])
    assert status == 0, output
    assert_installed(real_sandbox)


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"], ["env"]])
def test_it_installs_under_every_shell(real_sandbox: Sandbox, shell: list[str]) -> None:
    # `env FILE` executes the file itself
    status, output = real_sandbox.run(shell=shell)
    assert status == 0, output
    assert_installed(real_sandbox)
    assert real_sandbox.run(shell=shell)[0] == 0


@pytest.mark.parametrize("name", ["setup", "the hub (1).sh.1", "Überraschung.sh"])
def test_its_own_name_does_not_matter(sandbox: Sandbox, name: str) -> None:
    sandbox.installer = sandbox.installer.rename(sandbox.installer.with_name(name))
    status, output = sandbox.run()
    assert status == 0, output
    assert_installed(sandbox)


def test_it_is_found_by_a_relative_name(sandbox: Sandbox) -> None:
    status, output = sandbox.run(shell=["sh", "-c", 'cd /mnt; sh "${0##*/}"'])
    assert status == 0, output
    assert_installed(sandbox)


def test_a_pipe_is_refused(sandbox: Sandbox) -> None:
    before = sandbox.list_files()
    status, output = sandbox.run(shell=["sh", "-c", 'cat "$0" | sh'])
    assert status == 2, output
    assert "Save it as a file" in output
    assert sandbox.list_files() == before


# ---- failures ----


def test_two_at_once(sandbox: Sandbox) -> None:
    (sandbox.root / "opt/wait").touch()
    first = sandbox.start()
    wait_for(sandbox.root / "opt/littlest/hello")
    status, output = sandbox.run()
    assert status == 5
    assert f"process {first.pid} (the installer)" in output
    (sandbox.root / "opt/wait").unlink()
    assert first.wait(60) == 0
    assert_installed(sandbox)


@pytest.mark.parametrize(("ends", "status"), [(1, 1), (2, 2), (3, 3), (6, 6), (127, 1)])
def test_a_failed_set_up_leaves_nothing(sandbox: Sandbox, ends: int, status: int) -> None:
    before = sandbox.list_files()
    (sandbox.root / "opt/fail").write_text(str(ends))
    found, output = sandbox.run()
    assert found == status
    assert "the fault that was asked for" in output
    # `littlest install` says 6 where a person must remove what is left
    assert ("what this run had made is removed" in output) is (status != 6)
    assert ("could not be removed, as said above" in output) is (status == 6)
    (sandbox.root / "opt/fail").unlink()
    assert not any((sandbox.root / INSTALLED).glob("*"))
    (sandbox.root / "opt/littlest/hello").unlink()  # the small post_install.sh does not clean up after itself
    (sandbox.root / "opt/littlest").rmdir()
    assert_nothing_left(sandbox, before)
    assert sandbox.run()[0] == 0
    assert_installed(sandbox)


def test_a_failed_link_leaves_nothing(real_sandbox: Sandbox) -> None:
    before = real_sandbox.list_files()
    status, output = real_sandbox.run(extra="mkdir -p /opt/littlest; mount -t tmpfs -o size=29m tmpfs /opt/littlest")
    assert status == 69, output  # the preflight sees it
    status, output = real_sandbox.run(
        extra="mkdir -p /opt/littlest; mount -t tmpfs -o size=29m tmpfs /opt/littlest; " + put_before("df", "exit")
    )
    assert status == 1, output
    assert "failed:" in output
    shutil.rmtree(real_sandbox.root / "opt/bin")
    (real_sandbox.root / "opt/littlest").rmdir()
    assert_nothing_left(real_sandbox, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_an_interrupted_run_leaves_nothing(
    request: pytest.FixtureRequest, number: signal.Signals, shell: str
) -> None:
    # the executable is two processes that a signal must end
    sandbox: Sandbox = request.getfixturevalue("real_sandbox" if shell == "dash" else "sandbox")
    # or it may be done before the signal comes
    (sandbox.root / "opt/wait").touch()
    before = sandbox.list_files()
    process = sandbox.start(shell=shell.split())
    wait_for(sandbox.root / INSTALLED / "install_tmp")
    time.sleep(0.3)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number, output
    assert "Interrupted" in output
    (sandbox.root / "opt/littlest/hello").unlink(missing_ok=True)  # the small post_install.sh does not clean up
    assert_nothing_left(sandbox, before)
    (sandbox.root / "opt/wait").unlink()
    assert sandbox.run()[0] == 0


def test_an_interrupted_set_up_may_take_back_what_it_did(tmp_path: Path) -> None:
    script = (
        "trap 'sleep 1; rm /opt/littlest/trace; echo taken back; exit 9' TERM\n"
        "touch /opt/littlest/trace\nwhile :; do sleep 0.1; done\n"
    )
    sandbox = make_sandbox(tmp_path, script)
    before = sandbox.list_files()
    process = sandbox.start()
    wait_for(sandbox.root / "opt/littlest/trace")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "taken back" in output
    assert_nothing_left(sandbox, before)


def make_sandbox(folder: Path, post_install: str) -> Sandbox:
    build_light(folder, post_install=f"#!/bin/sh\n{post_install}")
    return Sandbox(folder / "sandbox", folder / NAME)


# what a set-up that needs a moment to take its work back does when it is told to end
SLOW_TO_GIVE_BACK = """\
[ -z "${LITTLEST_EXTRACT_ONLY-}" ] || exit 0
trap 'sleep 1; [ -e "$PREFIX/share/world" ] && rm /opt/littlest/trace; echo taken back; exit 9' TERM
touch /opt/littlest/trace
while :; do sleep 0.1; done
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_screen_that_is_gone_keeps_nothing_from_being_taken_back(
    tmp_path: Path, number: signal.Signals, shell: str
) -> None:
    sandbox = make_sandbox(tmp_path, SLOW_TO_GIVE_BACK)
    before = sandbox.list_files()
    process = sandbox.start(shell=["sh", "-c", f'exec {shell} "$0" 2>/dev/full'])
    wait_for(sandbox.root / "opt/littlest/trace")
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "taken back" in output + next((sandbox.root / "var/log/littlest").iterdir()).read_text()
    assert_nothing_left(sandbox, before)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_what_was_started_a_moment_ago_is_ended_as_well(tmp_path: Path, shell: str) -> None:
    sandbox = make_sandbox(tmp_path, SLOW_TO_GIVE_BACK)
    before = sandbox.list_files()
    # the installer is held for a moment behind each fork, and does not know yet what it has started
    slowly = ["strace", "-D", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3,fork,vfork"]
    slowly += ["-e", "inject=clone,clone3,fork,vfork:delay_exit=100000"]
    process = sandbox.start(shell=[*slowly, *shell.split()])
    wait_for(sandbox.root / "opt/littlest/trace")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 143, output
    assert "taken back" in output
    assert_nothing_left(sandbox, before)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_signal_waits_until_it_cannot_be_swallowed(tmp_path: Path, shell: str) -> None:
    sandbox = make_sandbox(tmp_path, SLOW_TO_GIVE_BACK)
    before = sandbox.list_files()
    # a shell that was only just forked still has the installer's traps, and a signal for it comes to nothing
    line = 'case "$*" in *post_install*) trap : TERM; touch /opt/forked; sleep 1 ;; esac'
    process = sandbox.start(shell=shell.split(), extra=put_before("setsid", line))
    wait_for(sandbox.root / "opt/forked")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 143, output
    shutil.rmtree(sandbox.root / "opt/bin")
    (sandbox.root / "opt/forked").unlink()
    assert_nothing_left(sandbox, before)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_reader_that_leaves_ends_it_with_nothing_left(sandbox: Sandbox, shell: str) -> None:
    before = sandbox.list_files()
    script = f'{{ {shell} "$0"; echo $? >/opt/status; }} | head -n 3'
    _, output = sandbox.run(shell=["sh", "-c", script])
    # the fourth line found no reader, and nothing was unpacked
    assert "[2/5]" in output
    assert "[3/5]" not in output
    assert (sandbox.root / "opt/status").read_text() == "141\n"
    (sandbox.root / "opt/status").unlink()
    assert_nothing_left(sandbox, before)
    assert sandbox.run(shell=shell.split())[0] == 0


def test_the_log_is_whole_when_the_reader_leaves_during_the_set_up(tmp_path: Path) -> None:
    script = (
        'i=0; while [ $i -lt 20 ]; do echo "line $i"; sleep 0.05; i=$((i + 1)); done; touch /opt/littlest/hello\n'
    )
    sandbox = make_sandbox(tmp_path, script)
    sandbox.run(
        shell=[
            "sh",
            "-c",
            'sh "$0" | sed "/line 2/q"; while [ -e /opt/littlest/releases/*/pkgs ]; do sleep 0.1; done',
        ]
    )
    assert "line 19" in next((sandbox.root / "var/log/littlest").iterdir()).read_text()


# ---- after the hub was set up ----


@pytest.mark.parametrize("signal_name", ["INT", "HUP", "PIPE"])
def test_once_the_hub_runs_no_signal_takes_its_release_away(sandbox: Sandbox, signal_name: str) -> None:
    line = f'case "$*" in *_conda*) kill -{signal_name} $PPID ;; esac'
    status, output = sandbox.run(extra=put_before("rm", line))
    assert status == 0, output
    assert_installed(sandbox)


def test_a_fault_after_the_hub_runs_leaves_the_release(sandbox: Sandbox) -> None:
    status, output = sandbox.run(extra=put_before("mv", "exit 1"))
    assert status == 6, output
    assert "Rename it yourself" in output
    prefix = sandbox.root / INSTALLED
    assert (prefix / "bin/hello").exists()
    (prefix / ".littlest-incomplete").rename(prefix / ".littlest-complete")
    status, output = sandbox.run()
    assert (status, "intact" in output) == (0, True)


def test_tools_that_cannot_be_removed_are_no_failure(sandbox: Sandbox) -> None:
    status, output = sandbox.run(extra=put_before("rm", 'case "$*" in *_conda*) exit 1 ;; esac'))
    assert status == 0, output
    assert "Note: what was only needed to install" in output
    assert (sandbox.root / INSTALLED / ".littlest-complete").exists()


def test_an_interruption_that_comes_too_late_keeps_what_is_done(tmp_path: Path) -> None:
    sandbox = make_sandbox(
        tmp_path,
        "trap 'exit 0' TERM\n/bin/sh \"$PREFIX/bin/hello\" >/opt/littlest/hello\nwhile :; do sleep 0.1; done\n",
    )
    process = sandbox.start()
    wait_for(sandbox.root / "opt/littlest/hello")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert_installed(sandbox)


# ---- the lock and the receipt ----


def test_only_root_can_open_the_lock(sandbox: Sandbox) -> None:
    (sandbox.root / "opt/wait").touch()
    process = sandbox.start()
    wait_for(sandbox.root / "opt/littlest/hello")
    lock = sandbox.root / "run/littlest.lock"
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    assert str(LOCK_FILE) == "/run/littlest.lock"  # one lock for both
    (sandbox.root / "opt/wait").unlink()
    assert process.wait(60) == 0
    assert not lock.exists()


def test_the_receipt_names_what_stays_and_the_user_environments_packages(sandbox: Sandbox) -> None:
    # the script that the product has, up to where it hands over
    prefix = sandbox.root / INSTALLED
    assert sandbox.run()[0] == 0
    packages = prefix / "share/littlest/packages/linux-64"
    packages.mkdir(parents=True)
    (packages / "world-1.0-0.conda").write_bytes(b"world")
    (prefix / "share/littlest/packages.tar").unlink(missing_ok=True)
    script = TOP / "construct/post_install.sh"
    for _ in range(2):
        subprocess.run(
            ["sh", script], check=True, env={**os.environ, "PREFIX": str(prefix), "LITTLEST_EXTRACT_ONLY": "1"}
        )
    lines = (prefix / "share/littlest/manifest.sha256").read_text().splitlines()
    names = [line[66:] for line in lines]
    assert names.count("share/littlest/packages/linux-64/world-1.0-0.conda") == 1
    assert {"bin/hello", "share/world"} < set(names)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "share/littlest/manifest.sha256"], cwd=prefix, check=True
    )
    (packages / "world-1.0-0.conda").write_bytes(b"w0rld")
    status, output = sandbox.run()
    assert status == 1
    assert "world-1.0-0.conda" in output


@pytest.mark.parametrize("delay", [0.0, 0.4, 0.9, 1.4, 2.0])
def test_killed_anywhere_it_can_be_run_again(real_sandbox: Sandbox, delay: float) -> None:
    (real_sandbox.root / "opt/wait").touch()
    process = real_sandbox.start(start_new_session=True)
    wait_for(real_sandbox.root / INSTALLED)
    time.sleep(delay)
    process.kill()
    process.wait()
    (real_sandbox.root / "opt/wait").unlink()
    deadline = time.monotonic() + 20
    # what the killed run had started ends by itself; until then the second run says that it is busy
    while (ended := real_sandbox.run())[0] == 5 and time.monotonic() < deadline:
        time.sleep(0.3)
    assert ended[0] == 0, ended[1]
    assert_installed(real_sandbox)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


# ---- the preflight, as part of the run ----


def test_check_changes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.list_files()
    status, output = sandbox.run("--check")
    assert status == 0, output
    assert f"This machine meets the requirements of Littlest {VERSION}." in output
    assert sandbox.list_files() == before


def test_only_root_is_missing(sandbox: Sandbox) -> None:
    words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]
    for action in ([], ["--check"]):
        status, output = sandbox.run(*action, shell=words)
        assert status == 77, output
        assert "You are not root. Run it with sudo." in output


@pytest.mark.parametrize("action", [[], ["--check"]])
def test_all_that_is_missing_is_listed_at_once(sandbox: Sandbox, action: list[str]) -> None:
    before = sandbox.list_files()
    extra = (
        "mount -t tmpfs tmpfs /run; mkdir -p /opt/tljh; mount -t tmpfs -o noexec,size=1m tmpfs /opt; mkdir /opt/tljh;"
        "ip link set lo up; timeout 20 python3 -m http.server -b 127.0.0.1 80 >/dev/null 2>&1 & sleep 1"
    )
    status, output = sandbox.run(*action, extra=extra)
    assert status == 69, output
    for problem in (
        "systemd does not run this machine",
        "noexec",
        "MB are needed",
        "Port 80 is taken by python3",
        "TLJH",
    ):
        assert problem in output
    shutil.rmtree(sandbox.root / "opt/tljh")
    assert sandbox.list_files() == before
