"""The door to the machine: commands, atomic files, removal."""

import subprocess
import time
from pathlib import Path, PurePosixPath

import pytest

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.machine.machine import Machine
from littlest.plan.server_files import COMMAND_SCRIPT, SUDOERS
from littlest.plan.steps import WriteFile
from littlest.system.files import write_file


def test_a_failing_command_says_what_it_said_last(machine: Machine) -> None:
    script = "for n in $(seq 100); do echo line $n >&2; done; exit 3"
    with pytest.raises(CommandFailed) as failure:
        machine.run(["sh", "-c", script])
    assert "ended with status 3" in failure.value.message
    assert "line 100" in failure.value.message
    assert "line 50" not in failure.value.message
    assert machine.run(["sh", "-c", script], check=False).status == 3


def test_a_command_that_is_missing_or_hangs_is_an_error(machine: Machine) -> None:
    with pytest.raises(CommandFailed, match="not installed"):
        machine.run(["no-such-command"])
    began = time.monotonic()
    with pytest.raises(CommandFailed, match="did not end within 0 seconds"):
        machine.run(["sleep", "60"], timeout=0.2)
    assert time.monotonic() - began < 5


def test_a_command_gets_a_clean_environment(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/evil")
    monkeypatch.setenv("SECRET", "value")
    said = machine.run(["env"], env={"OWN": "1"}).stdout
    assert "OWN=1" in said
    assert "evil" not in said
    assert "SECRET" not in said


def test_removing_a_tree_spares_what_is_mounted_in_it(machine: Machine) -> None:
    inside = machine.path(PurePosixPath("/opt/tree/with a blank/mounted"))
    inside.mkdir(parents=True)
    (machine.root / "opt/tree/file").touch()
    (machine.root / "opt/tree/link").symlink_to("/etc")
    elsewhere = machine.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    subprocess.run(["mount", "--bind", elsewhere, inside], check=True)
    try:
        machine.remove_tree(PurePosixPath("/opt/tree"))
        assert (inside / "precious").exists()
        assert not (machine.root / "opt/tree/file").exists()
        assert not (machine.root / "opt/tree/link").is_symlink()
        assert Path("/etc").is_dir()
    finally:
        subprocess.run(["umount", inside], check=True)
    machine.remove_tree(PurePosixPath("/opt/tree"))
    assert machine.read_state(PurePosixPath("/opt/tree")) is None
    assert (elsewhere / "precious").exists()


def test_a_broken_sudo_rule_is_never_written(machine: Machine) -> None:
    if not machine.has_command("visudo"):
        subprocess.run([Path(__file__).parents[2] / "scripts/system-packages", "sudo"], check=True)
    write_file(machine, WriteFile(paths.SUDOERS_FILE, SUDOERS, mode=0o440))
    with pytest.raises(LittlestError, match="sudo would not accept"):
        write_file(machine, WriteFile(paths.SUDOERS_FILE, "%littlest-admins ALL=(ALL NOPASSWD\n", mode=0o440))
    assert machine.read_text(paths.SUDOERS_FILE) == SUDOERS


# -- the command in /usr/bin


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Two releases with a Python of their own that says which one it is."""
    for version in ("1", "2"):
        make_release(tmp_path, version, f'echo "release {version}: $*"')
    (tmp_path / "current").symlink_to("releases/2")
    script = COMMAND_SCRIPT.replace(str(paths.OPT_DIR), str(tmp_path))
    (tmp_path / "littlest").write_text(script)
    return tmp_path


def make_release(directory: Path, version: str, program: str) -> Path:
    release = directory / "releases" / version
    package = release / "lib/python3.13/site-packages/littlest"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("main()")
    (release / "bin").mkdir()
    (release / "bin/python").write_text(f"#!/bin/sh\n{program}\n")
    (release / "bin/python").chmod(0o755)
    (release / ".littlest-complete").touch()
    return release


def run_command(releases: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", releases / "littlest", *arguments], check=False, capture_output=True, text=True, timeout=10
    )


def test_the_command_is_the_current_releases(releases: Path) -> None:
    done = run_command(releases, "config", "a b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "release 2: -I -m littlest config a b\n", "")


@pytest.mark.parametrize("damage", ["bin/python", "lib/python3.13/site-packages/littlest/__main__.py", "lib"])
def test_a_damaged_release_is_stood_in_for(releases: Path, damage: str) -> None:
    subprocess.run(["rm", "-rf", releases / "releases/2" / damage], check=True)
    done = run_command(releases, "status")
    assert (done.returncode, done.stdout) == (0, "release 1: -I -m littlest status\n")
    assert "the current release is damaged" in done.stderr


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"]])
def test_nothing_of_the_callers_stands_for_a_command(releases: Path, shell: list[str]) -> None:
    (releases / "releases/2/bin/python").unlink()
    (releases / "releases/1/bin/python").write_text("#!/bin/sh\numask\n")
    hers = releases / "hers"
    hers.mkdir()
    evil = {}
    for name in ("cd", "echo", "ls", "pwd", "printf", "umask"):
        (hers / name).write_text(f"#!/bin/sh\n: >{releases}/evil\n")
        (hers / name).chmod(0o755)
        evil[f"BASH_FUNC_{name}%%"] = f"() {{ : >{releases}/evil; }}"
    environment = {"PATH": f"{hers}:/usr/bin:/bin", "IFS": "es", "CDPATH": str(hers), "ENV": str(hers / "ls"), **evil}
    command = [*shell, str(releases / "littlest"), "status"]
    done = subprocess.run(
        command, env=environment, cwd=hers, umask=0, check=False, capture_output=True, text=True, timeout=10
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0022"), done.stderr
    assert "damaged" in done.stderr
    assert not (releases / "evil").exists()


def test_a_python_that_cannot_load_its_libraries_is_stood_in_for(releases: Path) -> None:
    (releases / "releases/2/bin/python").write_text("#!/bin/sh\nexit 127\n")
    assert run_command(releases, "status").stdout == "release 1: -I -m littlest status\n"


def test_a_release_that_is_not_complete_does_not_stand_in(releases: Path) -> None:
    (releases / "releases/1/.littlest-complete").unlink()
    (releases / "releases/2/bin/python").unlink()
    done = run_command(releases, "status")
    assert done.returncode == 6
    assert "no intact release" in done.stderr


def test_a_missing_current_release_is_stood_in_for(releases: Path) -> None:
    subprocess.run(["rm", "-rf", releases / "releases/2"], check=True)
    assert run_command(releases, "status").stdout == "release 1: -I -m littlest status\n"


def test_an_exit_code_is_handed_on(releases: Path) -> None:
    (releases / "releases/2/bin/python").write_text("#!/bin/sh\nexit 4\n")
    done = run_command(releases, "status")
    assert (done.returncode, done.stderr) == (4, "")
