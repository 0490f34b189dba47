"""`littlest apply` that does not come to its end, and what is kept as the last known good settings."""

import os
import pty
import signal
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fake_root import RELEASE, make_tree

from littlest import paths
from littlest.cli import output
from littlest.commands.apply import run_apply
from littlest.commands.install import run_install
from littlest.errors import ExitCode, LittlestError, NeedsAPerson
from littlest.machine.machine import Machine
from littlest.report import Report
from littlest.system.accounts.passwords import check_password
from littlest.system.record_file import read_record
from littlest.system.releases.manifest import MANIFEST_FILE
from littlest.system.settings.revisions import read_newest_text

CHANGED = "http: {port: 8080}\nusers: {admin: [olga]}\n"
"""Settings that change the proxy's unit."""


def install(machine: Machine, start: bool = True, **kwargs: object) -> Report:
    return run_install(machine, "olga", start, None, release=RELEASE, **kwargs)  # type: ignore[arg-type]


@pytest.fixture
def installed(machine: Machine) -> Machine:
    install(machine)
    return machine


def read_unit(machine: Machine) -> str:
    return machine.read_text(paths.SYSTEMD_DIR / paths.PROXY_UNIT) or ""


def fail_once_at(words: str) -> object:
    failed: list[str] = []

    def progress(line: str) -> None:
        if words in line and not failed:
            failed.append(line)
            raise OSError(28, "No space left on device")

    return progress


def test_every_admin_has_a_password_that_nobody_else_chose(installed: Machine) -> None:
    installed.path(paths.CONFIG_FILE).write_text("users: {admin: [olga, 'ada b', zoe]}\n")
    report = run_apply(installed, release=RELEASE)
    file = paths.INITIAL_PASSWORD_DIR / "ada b"
    assert f"First password of ada b: sudo cat '{file}'" in report.lines
    assert not any("olga" in line for line in report.lines)
    for name in ("ada b", "zoe"):
        password = (installed.read_text(paths.INITIAL_PASSWORD_DIR / name) or "").strip()
        assert check_password(installed.path(paths.PASSWORDS_FILE), name, password)
        assert password not in "\n".join(report.lines)
    assert report.data["first_passwords"] == {
        name: str(paths.INITIAL_PASSWORD_DIR / name) for name in ("ada b", "zoe")
    }
    assert run_apply(installed, release=RELEASE).data["first_passwords"] == {}


def test_settings_with_a_secret_in_them_are_closed_to_others(installed: Machine) -> None:
    file = installed.path(paths.CONFIG_FILE)
    said: list[str] = []
    file.chmod(0o644)
    run_apply(installed, release=RELEASE, progress=said.append)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644, "nothing in it is a secret"
    file.write_text("users: {admin: [olga]}\nuser_environment: {environment: {API_TOKEN: hush}}\n")
    run_apply(installed, release=RELEASE, progress=said.append)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert any("could read the secrets" in line for line in said)


def test_an_install_names_the_passwords_of_all_admins_of_an_earlier_configuration(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, "users: {admin: [olga, zoe]}\n")
    text = "\n".join(install(machine).lines)
    assert "Log in as olga" in text
    assert f"First password of zoe: sudo cat {paths.INITIAL_PASSWORD_DIR / 'zoe'}" in text


def test_a_full_disk_half_way_puts_the_last_good_settings_back(installed: Machine) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED + "services: {cull: {timeout: 7200}}\n")
    with pytest.raises(LittlestError, match="No space left on device") as failure:
        run_apply(installed, release=RELEASE, progress=fail_once_at(paths.CULLER_UNIT))  # type: ignore[arg-type]
    assert failure.value.exit_code is ExitCode.FAILED
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit
    assert (installed.read_text(paths.REJECTED_CONFIG_FILE) or "").startswith(CHANGED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_closed_terminal_puts_the_last_good_settings_back(installed: Machine, number: signal.Signals) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED)

    def end(line: str) -> None:
        if line.startswith("write "):
            os.kill(os.getpid(), number)

    with pytest.raises(LittlestError, match="it was interrupted") as failure:
        run_apply(installed, release=RELEASE, progress=end)
    assert failure.value.exit_code is ExitCode.INTERRUPTED
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_nothing_to_go_back_to_is_not_said_to_be_as_it_was(installed: Machine) -> None:
    installed.path(paths.SUDOERS_FILE).unlink()
    installed.path(paths.COMMAND_FILE).unlink()
    with pytest.raises(NeedsAPerson, match=r"only in part.*No space left") as failure:
        run_apply(installed, release=RELEASE, progress=fail_once_at(str(paths.COMMAND_FILE)))  # type: ignore[arg-type]
    assert failure.value.exit_code is ExitCode.NEEDS_A_PERSON
    run_apply(installed, release=RELEASE)
    assert installed.read_state(paths.COMMAND_FILE) is not None


def test_settings_that_cannot_be_put_back_need_a_person(installed: Machine) -> None:
    installed.path(paths.CONFIG_FILE).write_text(CHANGED + "services: {cull: {timeout: 7200}}\n")
    lines: list[str] = []

    def fail_from_the_second_file_on(line: str) -> None:
        lines.append(line)
        if sum(line.startswith("write ") for line in lines) > 1:
            raise OSError(28, "No space left on device")

    with pytest.raises(NeedsAPerson, match="No space left"):
        run_apply(installed, release=RELEASE, progress=fail_from_the_second_file_on)
    run_apply(installed, release=RELEASE)


def test_settings_kept_elsewhere_stay_there(installed: Machine, tmp_path: Path) -> None:
    good = installed.read_text(paths.CONFIG_FILE) or ""
    file, elsewhere = installed.path(paths.CONFIG_FILE), installed.root / "srv/config.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(CHANGED)
    elsewhere.chmod(0o664)
    os.chown(elsewhere, 65534, 65534)
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(LittlestError, match="could not be applied"):
        run_apply(installed, release=RELEASE, progress=fail_once_at(paths.PROXY_UNIT))  # type: ignore[arg-type]
    assert file.readlink() == elsewhere
    assert elsewhere.read_text() == good
    state = elsewhere.stat()
    assert (state.st_mode & 0o777, state.st_uid, state.st_gid) == (0o664, 65534, 65534)


def test_settings_are_kept_as_good_at_the_very_end_only(installed: Machine) -> None:
    good = installed.read_text(paths.LAST_GOOD_CONFIG_FILE)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED)
    seen = []
    run_apply(
        installed,
        release=RELEASE,
        progress=lambda _: seen.append(installed.read_text(paths.LAST_GOOD_CONFIG_FILE)),
    )
    assert set(seen) == {good}
    assert installed.read_text(paths.LAST_GOOD_CONFIG_FILE) == CHANGED


def test_an_install_without_a_start_does_not_take_its_settings_for_better_ones(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, CHANGED)
    machine.make_directory(paths.STATE_DIR, mode=0o700)
    machine.write_file(paths.LAST_GOOD_CONFIG_FILE, "users: {admin: [olga]}\n", mode=0o600)
    install(machine, start=False)
    assert machine.read_text(paths.LAST_GOOD_CONFIG_FILE) == "users: {admin: [olga]}\n"


def test_a_signal_after_the_last_change_finds_a_complete_install(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the moment in which nothing is recorded any more as made by this install
    sync = os.fsync

    def end(descriptor: int) -> None:
        sync(descriptor)
        if machine.path(paths.RECORD_FILE).exists() and not read_record(machine).made:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("os.fsync", end)
    report = install(machine)
    assert "is running" in report.lines[0]
    assert machine.read_text(paths.LAST_GOOD_CONFIG_FILE) == machine.read_text(paths.CONFIG_FILE)
    assert machine.read_state(paths.COMMAND_FILE) is not None
    assert machine.read_state(RELEASE.directory / MANIFEST_FILE) is not None


def test_an_install_that_cannot_keep_the_settings_is_taken_back(tmp_path: Path) -> None:
    machine = make_tree(tmp_path / "other")
    with pytest.raises(LittlestError, match="No space left"):
        install(machine, progress=fail_once_at("keep the settings"))
    assert machine.read_state(paths.STATE_DIR) is None
    assert machine.read_state(paths.SUDOERS_FILE) is None


def test_a_first_password_whose_note_is_taken_back_is_forgotten(machine: Machine) -> None:
    install(machine)
    machine.path(paths.SYSTEMD_DIR / paths.CULLER_UNIT).unlink()
    machine.path(paths.CONFIG_FILE).write_text("users: {admin: [zoe]}\n")
    failing = fail_once_at(f"write {paths.SYSTEMD_DIR / paths.CULLER_UNIT}")
    with pytest.raises(LittlestError):
        run_install(machine, None, False, None, release=RELEASE, progress=failing)  # type: ignore[arg-type]
    assert machine.read_state(paths.INITIAL_PASSWORD_DIR / "zoe") is None
    report = run_install(machine, None, False, None, release=RELEASE)
    assert "sudo cat" in "\n".join(report.lines)


class Killed(BaseException):
    """Not an Exception, so that nothing can swallow it: the process is gone."""


def kill_at(number: int) -> Callable[[str], None]:
    lines: list[str] = []

    def progress(line: str) -> None:
        lines.append(line)
        if len(lines) > number:
            raise Killed

    return progress


def test_killed_at_any_line_of_a_change_old_or_new_settings_are_in_force_and_the_next_apply_ends_right(
    tmp_path: Path,
) -> None:
    changed = CHANGED + "limits: {memory: 2G}\nservices: {cull: {enabled: false}}\n"
    whole = make_tree(tmp_path / "whole")
    install(whole)
    before = {unit: whole.read_text(paths.SYSTEMD_DIR / unit) for unit in (paths.PROXY_UNIT, paths.CULLER_UNIT)}
    good = whole.read_text(paths.CONFIG_FILE)
    whole.path(paths.CONFIG_FILE).write_text(changed)
    lines: list[str] = []
    run_apply(whole, release=RELEASE, progress=lines.append)
    after = {unit: whole.read_text(paths.SYSTEMD_DIR / unit) for unit in before}
    assert len(lines) > 5
    for number in range(len(lines)):
        whole.path(paths.CONFIG_FILE).write_text(good or "")
        run_apply(whole, release=RELEASE)
        whole.path(paths.CONFIG_FILE).write_text(changed)
        with pytest.raises(Killed):
            run_apply(whole, release=RELEASE, progress=kill_at(number))
        assert whole.read_text(paths.LAST_GOOD_CONFIG_FILE) == good, lines[number]
        for unit, text in before.items():
            assert whole.read_text(paths.SYSTEMD_DIR / unit) in (text, after[unit]), lines[number]
        run_apply(whole, release=RELEASE)
        assert {unit: whole.read_text(paths.SYSTEMD_DIR / unit) for unit in before} == after, lines[number]
        assert whole.read_text(paths.LAST_GOOD_CONFIG_FILE) == changed
        assert not run_apply(whole, release=RELEASE).data["changed"], lines[number]


def test_killed_while_it_goes_back_the_next_apply_ends_with_the_last_good_settings(installed: Machine) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED + "services: {cull: {timeout: 7200}}\n")
    seen: list[str] = []

    def fail_then_kill(line: str) -> None:
        seen.append(line)
        if any("restoring the last known good ones" in one for one in seen[:-1]):
            raise Killed
        if line.startswith("write ") and paths.CULLER_UNIT in line:
            raise OSError(28, "No space left on device")

    with pytest.raises(Killed):
        run_apply(installed, release=RELEASE, progress=fail_then_kill)
    run_apply(installed, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit


def test_a_terminal_that_is_closed_during_an_apply_takes_nothing_with_it(installed: Machine) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED + "services: {cull: {timeout: 7200}}\n")
    process, terminal = pty.fork()
    if process == 0:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # pytest has another
        with suppress(BaseException), output.show_progress() as progress:
            run_apply(installed, release=RELEASE, progress=lambda line: (progress(line), wait_once(line))[1])
        os._exit(0)
    seen = b""
    while f"write {paths.SYSTEMD_DIR / paths.CULLER_UNIT}".encode() not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(process, 0)
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit
    assert (installed.read_text(paths.REJECTED_CONFIG_FILE) or "").startswith(CHANGED)


def wait_once(line: str, waited: list[str] = []) -> None:  # noqa: B006  # of this process
    if line.startswith("write ") and paths.CULLER_UNIT in line and not waited:
        waited.append(line)
        time.sleep(20)


def test_a_second_ctrl_c_does_not_keep_it_from_going_back(
    installed: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED + "services: {cull: {timeout: 7200}}\n")
    pressed: list[str] = []

    def press_first(line: str) -> None:
        if line.startswith("write ") and paths.CULLER_UNIT in line and not pressed:
            pressed.append(line)
            os.kill(os.getpid(), signal.SIGINT)

    for name in ("signal", "getsignal"):
        monkeypatch.setattr(signal, name, press_after(getattr(signal, name), pressed))
    with pytest.raises((LittlestError, KeyboardInterrupt)):
        run_apply(installed, release=RELEASE, progress=press_first)
    assert pressed
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit


def press_after(call: Callable[..., object], pressed: list[str]) -> Callable[..., object]:
    """Ctrl-C in the very moment in which what it does is being changed, once it was pressed before."""

    def change(*arguments: object) -> object:
        done = call(*arguments)
        if pressed:
            os.kill(os.getpid(), signal.SIGINT)
        return done

    return change


@pytest.mark.parametrize("owners", [(47111, 47111), (47111, 0), (0, 47111)])
def test_settings_of_an_owner_without_an_account_are_put_back_and_stay_theirs(
    installed: Machine, owners: tuple[int, int]
) -> None:
    good, file = installed.read_text(paths.CONFIG_FILE), installed.path(paths.CONFIG_FILE)
    file.write_text(CHANGED)
    os.chown(file, *owners)
    with pytest.raises(LittlestError, match="could not be applied") as failure:
        run_apply(installed, release=RELEASE, progress=fail_once_at(paths.PROXY_UNIT))  # type: ignore[arg-type]
    assert failure.value.exit_code is ExitCode.FAILED
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert (file.stat().st_uid, file.stat().st_gid) == owners


def test_settings_that_the_history_cannot_take_are_in_force_all_the_same(installed: Machine) -> None:
    # in the way of the entry under its temporary name
    obstacle = installed.path(paths.HISTORY_DIR / ".0002.json.littlest-new")
    obstacle.mkdir()
    installed.path(paths.CONFIG_FILE).write_text(CHANGED)
    report = run_apply(installed, release=RELEASE)
    assert report.exit_code is ExitCode.DONE
    assert "could not be saved as a revision" in report.data["warnings"][-1]
    assert "8080" in read_unit(installed)
    assert "8080" in (installed.read_text(paths.LAST_GOOD_CONFIG_FILE) or "")
    obstacle.rmdir()
    assert run_apply(installed, release=RELEASE).data["warnings"] == []
    assert read_newest_text(installed) == CHANGED


def test_settings_that_cannot_be_kept_as_good_do_not_stay_in_force(installed: Machine) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    installed.path(paths.CONFIG_FILE).write_text(CHANGED)
    # in the way of the file under its temporary name
    obstacle = installed.path(paths.LAST_GOOD_CONFIG_FILE).with_name(".last-good-config.yaml.littlest-new")
    obstacle.mkdir()
    with pytest.raises(LittlestError, match="could not be applied") as failure:
        run_apply(installed, release=RELEASE)
    assert failure.value.exit_code is ExitCode.FAILED
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert read_unit(installed) == unit
    obstacle.rmdir()
    run_apply(installed, release=RELEASE)
