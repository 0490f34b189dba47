"""Install, install again, a failed install, uninstall: on a fake root, where nothing is started."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from fake_root import RELEASE, list_tree, make_tree

from littlest import paths
from littlest.commands.apply import run_apply
from littlest.commands.install import run_install
from littlest.commands.uninstall import run_uninstall
from littlest.config.model import Config
from littlest.errors import BusyError, ConfigError, ExitCode, LittlestError, UsageError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.plan.record import parse_record
from littlest.report import Report
from littlest.system.accounts.passwords import check_password, has_password
from littlest.system.accounts.user_accounts import ensure_user_account
from littlest.system.record_file import read_record
from littlest.system.releases.manifest import MANIFEST_FILE
from littlest.system.removal import remove_all

# of an install that was killed, on the same tree as here
RECORD_OF_0_1_0 = Path(__file__).parents[1] / "golden/record-0.1.0.json"


def install(machine: Machine, admin: str | None = None, **kwargs: object) -> Report:
    return run_install(machine, admin, False, "/var/log/littlest/install.log", release=RELEASE, **kwargs)  # type: ignore[arg-type]


def test_install_says_where_it_is_and_how_to_log_in(machine: Machine) -> None:
    report = install(machine)
    text = "\n".join(report.lines)
    assert report.exit_code is ExitCode.DONE
    assert "http://" in text
    assert "Log in as admin; to see the first password: sudo cat" in text
    assert str(paths.INITIAL_PASSWORD_DIR / "admin") in text
    assert "/var/log/littlest/install.log" in text
    password = (machine.read_text(paths.INITIAL_PASSWORD_DIR / "admin") or "").strip()
    assert len(password) == 19
    assert password not in text
    assert check_password(machine.path(paths.PASSWORDS_FILE), "admin", password)
    assert not check_password(machine.path(paths.PASSWORDS_FILE), "admin", password + "x")
    assert "admin" in (machine.read_text(paths.CONFIG_FILE) or "")
    assert machine.read_text(paths.LAST_GOOD_CONFIG_FILE) == machine.read_text(paths.CONFIG_FILE)


def test_the_password_can_come_from_a_file_and_is_not_stored_again(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse battery\n")
    report = install(machine, f"Olga:{tmp_path / 'password'}")
    assert check_password(machine.path(paths.PASSWORDS_FILE), "olga", "correct horse battery")
    assert machine.list_directory(paths.INITIAL_PASSWORD_DIR) == ()
    assert any(str(tmp_path / "password") in line for line in report.lines)


@pytest.mark.parametrize("admin", ["a/b", ":/etc/passwd", "olga:relative"])
def test_an_admin_that_cannot_be_is_refused_before_anything(machine: Machine, admin: str) -> None:
    before = list_tree(machine)
    with pytest.raises(UsageError):
        install(machine, admin)
    assert list_tree(machine) == before


def test_the_receipt_is_one_that_sha256sum_checks(machine: Machine) -> None:
    install(machine)
    release = machine.path(RELEASE.directory)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", MANIFEST_FILE], cwd=release, check=True)
    (release / "bin/python").write_text("broken")
    done = subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST_FILE], cwd=release, check=False)
    assert done.returncode == 1


def test_the_same_release_again_changes_nothing(machine: Machine) -> None:
    install(machine)
    machine.write_file(RELEASE.directory / paths.COMPLETE_MARKER, "")
    before = list_tree(machine)
    report = install(machine)
    assert report.exit_code is ExitCode.DONE
    assert "intact" in report.lines[0]
    assert list_tree(machine) == before


def test_an_admin_for_a_release_that_is_there_already_is_not_passed_over_in_silence(machine: Machine) -> None:
    install(machine, "olga")
    machine.write_file(RELEASE.directory / paths.COMPLETE_MARKER, "")
    note = install(machine, "vera").lines[-1]
    assert "--admin vera" in note
    assert "sudo littlest config add users.admin vera" in note
    assert len(install(machine).lines) == 1


def test_the_same_release_again_names_damaged_files(machine: Machine) -> None:
    install(machine)
    machine.write_file(RELEASE.directory / paths.COMPLETE_MARKER, "")
    machine.path(RELEASE.directory / "bin/python").write_text("broken")
    report = install(machine)
    assert report.exit_code is ExitCode.DRIFT
    assert any("bin/python" in line for line in report.lines)


def test_another_release_is_refused(machine: Machine) -> None:
    install(machine)
    other = RELEASE.directory.with_name("0.0.9")
    machine.path(other).mkdir()
    machine.make_link(paths.CURRENT_LINK, other)
    before = list_tree(machine)
    with pytest.raises(LittlestError, match=r"another version is installed in /opt/littlest/releases/0\.0\.9"):
        install(machine)
    assert list_tree(machine) == before


def test_a_failed_install_leaves_nothing_of_its_own(machine: Machine) -> None:
    before = list_tree(machine)
    package = RELEASE.directory / "share/littlest/packages/linux-64/library-1.0-0.tar.bz2"
    whole = machine.read_bytes(package)
    assert whole is not None
    machine.path(package).write_bytes(whole[:-10])
    with pytest.raises(LittlestError, match="the install failed") as failure:
        install(machine)
    assert "library-1.0-0" in failure.value.message
    assert failure.value.exit_code is ExitCode.FAILED
    machine.path(package).write_bytes(whole)
    left = list_tree(machine)
    # the receipt is in the release, which the installer itself removes
    assert left.pop(str(RELEASE.directory / MANIFEST_FILE)[1:])
    ignored = ("etc/shadow", "etc/gshadow")
    assert left.keys() == before.keys()
    assert {n for n in left if left[n] != before[n] and n not in ignored} == set()
    install(machine)


def test_a_failure_at_any_step_is_taken_back(tmp_path: Path) -> None:
    lines: list[str] = []
    install(make_tree(tmp_path / "whole"), progress=lines.append)
    # an error inside that line would go to rattler, which is no place where a step can fail
    for fail_at in (number for number, line in enumerate(lines) if not line.startswith("user environment:")):
        machine = make_tree(tmp_path / f"failed-{fail_at}")
        before = list_tree(machine)
        seen = 0

        def progress(_line: str, fail_at: int = fail_at) -> None:
            nonlocal seen
            seen += 1
            if seen == fail_at + 1:
                raise OSError(28, "No space left on device")

        with pytest.raises(LittlestError, match="No space left on device"):
            install(machine, progress=progress)
        left = list_tree(machine)
        left.pop(str(RELEASE.directory / MANIFEST_FILE)[1:], None)
        ignored = ("etc/shadow", "etc/gshadow")
        assert left.keys() == before.keys(), lines[fail_at]
        assert {n for n in left if left[n] != before[n] and n not in ignored} == set(), lines[fail_at]


def test_a_failed_install_keeps_what_was_there_before(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, "users:\n  admin: [vera]\n", mode=0o600)
    machine.run(["groupadd", f"--prefix={machine.root}", paths.USERS_GROUP])
    machine.path(RELEASE.directory / "share/littlest/packages/environment.txt").unlink()
    with pytest.raises(LittlestError, match="packages of the user environment are missing"):
        install(machine)
    assert machine.read_text(paths.CONFIG_FILE) == "users:\n  admin: [vera]\n"
    assert machine.read_group(paths.USERS_GROUP) is not None
    assert machine.read_group(paths.ADMINS_GROUP) is None
    assert machine.read_state(paths.STATE_DIR) is None


def test_a_configuration_from_before_is_used(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, "users:\n  admin: [vera]\n")
    with pytest.raises(UsageError, match=r"does not name olga in users\.admin"):
        install(machine, "olga")
    report = install(machine)
    assert report.data["admin"] == "vera"
    assert has_password(machine.path(paths.PASSWORDS_FILE), "vera")
    assert not has_password(machine.path(paths.PASSWORDS_FILE), "admin")


def test_an_invalid_configuration_stops_before_anything(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, "htp:\n  port: 80\n")
    before = list_tree(machine)
    with pytest.raises(ConfigError, match=r"config\.yaml:1: htp"):
        install(machine)
    with pytest.raises(ConfigError):
        run_apply(machine, release=RELEASE)
    assert list_tree(machine) == before


class Killed(BaseException):
    pass


def test_an_install_that_was_killed_and_then_fails_is_taken_back_whole(machine: Machine) -> None:
    before = list_tree(machine)

    def kill(line: str) -> None:
        if "jupyterhub.service" in line:
            raise Killed

    with pytest.raises(Killed):
        install(machine, progress=kill)
    assert machine.read_state(paths.USER_ENVIRONMENT_DIR) is not None

    def fail(line: str) -> None:
        if "every boot" in line:
            raise OSError(5, "Input/output error")

    with pytest.raises(LittlestError, match="Input/output error"):
        install(machine, progress=fail)
    left = list_tree(machine)
    left.pop(str(RELEASE.directory / MANIFEST_FILE)[1:])
    assert left.keys() == before.keys()


def test_an_install_that_version_0_1_0_left_unfinished_is_taken_back_whole(machine: Machine) -> None:
    before = list_tree(machine)

    def kill(line: str) -> None:
        if "jupyterhub.service" in line:
            raise Killed

    with pytest.raises(Killed):
        install(machine, "olga", progress=kill)
    # that version made less
    known = parse_record(RECORD_OF_0_1_0.read_text(), "record.json").made
    assert remove_all(machine, [thing for thing in reversed(read_record(machine).made) if thing not in known]) == ()
    machine.write_file(paths.RECORD_FILE, RECORD_OF_0_1_0.read_bytes(), mode=0o600)

    def fail(line: str) -> None:
        if "every boot" in line:
            raise OSError(5, "Input/output error")

    with pytest.raises(LittlestError, match="Input/output error") as failure:
        install(machine, "olga", progress=fail)
    assert "Everything that it made was removed" in (failure.value.hint or "")
    left = list_tree(machine)
    left.pop(str(RELEASE.directory / MANIFEST_FILE)[1:])
    assert left.keys() == before.keys()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_install_whose_terminal_is_closed_is_taken_back(machine: Machine, number: signal.Signals) -> None:
    before = list_tree(machine)

    def end(line: str) -> None:
        if "write /usr/bin/littlest" in line:
            os.kill(os.getpid(), number)
        if line.startswith("the install failed"):
            # one more does not stop the way back
            os.kill(os.getpid(), number)

    with pytest.raises(LittlestError, match="the install failed: it was interrupted"):
        install(machine, progress=end)
    left = list_tree(machine)
    left.pop(str(RELEASE.directory / MANIFEST_FILE)[1:])
    assert left.keys() == before.keys()


def test_a_fault_of_our_own_is_taken_back_as_well(machine: Machine) -> None:
    before = list_tree(machine)

    def fail(line: str) -> None:
        if "sudoers" in line:
            raise KeyError("a fault")

    with pytest.raises(LittlestError, match="a fault"):
        install(machine, progress=fail)
    assert len(list_tree(machine)) == len(before) + 1


def test_a_missing_configuration_comes_back_from_the_last_good_one(machine: Machine) -> None:
    install(machine, "olga")
    text = machine.read_text(paths.CONFIG_FILE)
    machine.path(paths.CONFIG_FILE).unlink()
    run_apply(machine, release=RELEASE)
    assert machine.read_text(paths.CONFIG_FILE) == text
    assert "olga" in (text or "")


def test_uninstall_keeps_what_people_made_and_purge_does_not(machine: Machine) -> None:
    before = set(list_tree(machine))
    install(machine)
    student = ensure_user_account(machine, Config(), "student", admin=False)
    machine.path(student.home / "thesis.ipynb").write_text("{}")
    report = run_uninstall(machine, False)
    assert report.exit_code is ExitCode.DONE
    left = set(list_tree(machine)) - before
    assert {name.split("/")[0] + "/" + name.split("/")[1] for name in left} <= {
        "etc/littlest",
        "etc/sudoers.d",
        "home/jupyter-student",
        "opt/littlest",
        "var/lib",
        "var/log",
        "etc/systemd",
    }, left
    assert machine.read_state(paths.RELEASES_DIR) is None
    assert machine.read_state(paths.COMMAND_FILE) is None
    assert machine.read_state(student.home / "thesis.ipynb") is not None
    assert "the account jupyter-student" in "\n".join(report.lines)
    assert str(paths.USER_ENVIRONMENT_DIR) in report.data["kept"]
    assert run_uninstall(machine, False).exit_code is ExitCode.DONE

    run_uninstall(machine, True)
    left = set(list_tree(machine)) - before
    assert left == set()
    assert "littlest" not in (machine.read_text(PurePosixPath("/etc/group")) or "")
    assert "jupyter" not in (machine.read_text(PurePosixPath("/etc/passwd")) or "")
    report = run_uninstall(machine, True)
    assert report.exit_code is ExitCode.DONE
    assert "nothing to remove" in report.lines[0]


def test_purge_spares_accounts_that_are_not_ours(machine: Machine) -> None:
    install(machine)
    machine.run(["useradd", f"--prefix={machine.root}", "--create-home", "jupyter-foreign"])
    machine.path(PurePosixPath("/home") / "jupyter-foreign").mkdir(exist_ok=True)
    run_uninstall(machine, True)
    assert machine.read_account("jupyter-foreign") is not None
    assert machine.read_state(PurePosixPath("/home") / "jupyter-foreign") is not None


def test_reinstall_over_what_uninstall_kept(machine: Machine) -> None:
    install(machine)
    machine.path(paths.USER_ENVIRONMENT_DIR / "lib/own.txt").write_text("own")
    secret = machine.read_text(paths.COOKIE_SECRET_FILE)
    release = machine.root / "kept-release"
    machine.path(RELEASE.directory).rename(release)
    run_uninstall(machine, False)
    machine.path(RELEASE.directory).parent.mkdir(parents=True)
    release.rename(machine.path(RELEASE.directory))
    report = install(machine)
    assert "to see the first password" in "\n".join(report.lines)
    assert machine.read_text(paths.COOKIE_SECRET_FILE) == secret
    assert machine.read_state(paths.USER_ENVIRONMENT_DIR / "lib/own.txt") is not None


def test_a_second_one_says_who_holds_the_lock(machine: Machine) -> None:
    script = (
        "import sys, time\n"
        "sys.argv = ['littlest', 'apply']\n"
        "from littlest.machine.lock import hold_lock\n"
        "from littlest.machine.machine import Machine\n"
        f"with hold_lock(Machine({str(machine.root)!r})):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError, match=rf"process {holder.pid} \(littlest apply\)") as failure:
        install(machine)
    assert failure.value.exit_code is ExitCode.BUSY
    holder.kill()
    holder.wait()
    # the kernel frees the lock of a process that was killed
    install(machine)


def test_nobody_but_root_can_hold_a_lock(machine: Machine) -> None:
    # whoever can open a file can flock it, or make it first where everybody may make files
    install(machine)
    ensure_user_account(machine, Config(), "ada", admin=False)
    with hold_lock(machine):
        for file in (paths.LOCK_FILE, paths.ACCOUNTS_LOCK_FILE):
            assert stat.S_IMODE(machine.path(file).stat().st_mode) == 0o600
            # which is root's alone, other than /run/lock
            assert file.parent == PurePosixPath("/run")


def test_the_file_of_the_lock_stays_and_names_nobody_once_it_is_free(machine: Machine) -> None:
    file = machine.path(paths.LOCK_FILE)
    with hold_lock(machine):
        assert file.read_text().startswith(f"process {os.getpid()} ")
        held = file.stat().st_ino
    assert file.read_text() == ""
    with hold_lock(machine):
        assert file.stat().st_ino == held


def test_the_lock_that_the_installer_holds_is_ours(machine: Machine) -> None:
    file = machine.path(paths.LOCK_FILE)
    file.touch()
    descriptor = os.open(file, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    with hold_lock(machine):
        pass
