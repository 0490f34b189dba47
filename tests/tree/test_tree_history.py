"""Every text of the settings that was applied is kept, can be looked at, and can be gone back to."""

import json
import stat
from pathlib import Path, PurePosixPath

import pytest
from fake_root import RELEASE, make_tree

from littlest import paths
from littlest.commands.apply import run_apply, run_rollback
from littlest.commands.config.history import run_diff, run_history
from littlest.commands.install import run_install
from littlest.errors import ConfigError, ExitCode, LittlestError, UsageError
from littlest.machine.machine import Machine
from littlest.system.settings import revisions as history
from littlest.system.settings.revisions import add_revision, list_revisions, read_revision_text

FIRST = "users: {admin: [olga]}\n"
SECOND = "users: {admin: [olga], allowed: [ada]}\nlimits: {memory: 2G}\n"
THIRD = "users: {admin: [olga]}\nhttp: {port: 8080}\n"


@pytest.fixture
def installed(machine: Machine) -> Machine:
    machine.write_file(paths.CONFIG_FILE, FIRST, mode=0o640)
    run_install(machine, None, True, None, release=RELEASE)
    return machine


def put_in_force(machine: Machine, text: str) -> None:
    machine.path(paths.CONFIG_FILE).write_text(text)
    run_apply(machine, release=RELEASE)


def list_numbers(machine: Machine) -> list[int]:
    return [entry.number for entry in list_revisions(machine)]


def test_an_entry_says_who_changed_what_and_when(installed: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "vera")
    put_in_force(installed, SECOND)
    first, second = list_revisions(installed)
    assert (first.how, second.who, second.how) == ("install", "vera", "apply")
    assert second.changed == ("users.allowed", "limits.memory")
    assert second.time.endswith("Z")
    assert read_revision_text(installed, 2) == SECOND
    shown = run_history(installed)
    assert shown.lines[0].startswith("*    2  ")
    assert shown.lines[0].endswith("vera, apply: users.allowed, limits.memory")
    assert [(entry["number"], entry["in_force"]) for entry in shown.data["entries"]] == [(2, True), (1, False)]


def test_nothing_is_added_when_nothing_changed(installed: Machine) -> None:
    put_in_force(installed, FIRST)
    put_in_force(installed, FIRST)
    assert list_numbers(installed) == [1]
    put_in_force(installed, FIRST + "# a comment\n")
    assert list_revisions(installed)[-1].changed == ()


def test_settings_that_failed_are_not_in_the_history(installed: Machine) -> None:
    def fail(line: str) -> None:
        if paths.PROXY_UNIT in line and "write" in line:
            raise OSError(28, "No space left on device")

    installed.path(paths.CONFIG_FILE).write_text(THIRD)
    with pytest.raises(LittlestError):
        run_apply(installed, release=RELEASE, progress=fail)
    assert list_numbers(installed) == [1]


def test_only_root_may_look_at_what_is_kept(installed: Machine) -> None:
    folder = installed.path(paths.HISTORY_DIR)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_the_newest_are_kept(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_REVISIONS", 3)
    for number in range(5):
        add_revision(machine, f"announcement: {number}\n", who="root", how="apply", changed=())
    assert list_numbers(machine) == [3, 4, 5]
    assert len(machine.list_directory(paths.HISTORY_DIR)) == 6
    with pytest.raises(UsageError, match="no revision 1") as failure:
        read_revision_text(machine, 1)
    assert "3 to 5" in (failure.value.hint or "")


def test_an_entry_that_was_cut_short_is_made_by_the_next_apply(
    installed: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("littlest.commands.apply.add_revision", kill)
        with pytest.raises(Killed):
            put_in_force(installed, SECOND)
    assert list_numbers(installed) == [1]
    run_apply(installed, release=RELEASE)
    assert list_revisions(installed)[-1].changed == ("users.allowed", "limits.memory")


def test_an_entry_without_its_note_is_still_one(installed: Machine) -> None:
    installed.path(paths.HISTORY_DIR / "0001.json").write_text("{")
    assert list_revisions(installed)[0].who == "unknown"


def test_a_rollback_puts_the_settings_before_back_and_in_force(installed: Machine) -> None:
    put_in_force(installed, THIRD)
    unit = installed.read_text(paths.SYSTEMD_DIR / paths.PROXY_UNIT)
    report = run_rollback(installed, None, release=RELEASE)
    assert report.lines[0] == "The settings are those of revision 1 again."
    assert installed.read_text(paths.CONFIG_FILE) == FIRST
    assert installed.read_text(paths.SYSTEMD_DIR / paths.PROXY_UNIT) != unit
    assert list_revisions(installed)[-1].how == "rollback 1"
    # going back is a change like any other, and can be gone back from
    run_rollback(installed, None, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == THIRD
    run_rollback(installed, 1, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == FIRST
    assert list_numbers(installed) == [1, 2, 3, 4, 5]


def test_from_a_broken_file_a_rollback_goes_back_to_what_is_in_force_and_no_further(installed: Machine) -> None:
    put_in_force(installed, THIRD)
    installed.write_file(paths.CONFIG_FILE, "users: [broken")
    report = run_rollback(installed, None, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == THIRD
    assert any("is kept in" in line for line in report.lines)


def test_a_rollback_loses_nothing_that_stood_in_the_file(installed: Machine) -> None:
    put_in_force(installed, SECOND)
    unsaved = b"limits: {memory: lots\n\xff"
    installed.path(paths.CONFIG_FILE).write_bytes(unsaved)
    state = installed.read_state(paths.CONFIG_FILE)
    report = run_rollback(installed, 1, release=RELEASE)
    saved = PurePosixPath(report.data["saved"])
    assert installed.path(saved).read_bytes() == unsaved
    assert str(saved) in report.lines[-1]
    assert installed.read_text(paths.CONFIG_FILE) == FIRST
    assert installed.read_state(paths.CONFIG_FILE) == state
    assert run_rollback(installed, 2, release=RELEASE).data["saved"] is None


def test_a_rollback_that_fails_goes_back_as_an_apply_does(installed: Machine) -> None:
    put_in_force(installed, THIRD)

    def fail(line: str) -> None:
        if "write" in line and paths.PROXY_UNIT in line and not failed:
            failed.append(line)
            raise OSError(28, "No space left on device")

    failed: list[str] = []
    with pytest.raises(LittlestError, match="No space left"):
        run_rollback(installed, 1, release=RELEASE, progress=fail)
    assert installed.read_text(paths.CONFIG_FILE) == THIRD
    # the history has them
    assert installed.read_state(paths.REJECTED_CONFIG_FILE) is None
    assert list_numbers(installed) == [1, 2]


def test_settings_that_are_not_valid_any_more_are_not_put_back(installed: Machine) -> None:
    put_in_force(installed, SECOND)
    installed.path(paths.HISTORY_DIR / "0001.yaml").write_text("http: {prot: 80}\n")
    with pytest.raises(ConfigError, match=r"revision 1 of the history:1: http\.prot"):
        run_rollback(installed, 1, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == SECOND


def test_without_earlier_settings_there_is_nothing_to_go_back_to(installed: Machine) -> None:
    with pytest.raises(UsageError, match="no earlier revision"):
        run_rollback(installed, None, release=RELEASE)
    with pytest.raises(UsageError, match="no revision 7"):
        run_rollback(installed, 7, release=RELEASE)


def test_a_diff_shows_lines_and_no_secret(installed: Machine) -> None:
    text = "users: {{admin: [olga]}}\nmetrics:\n  token: hush-{}\nlimits:\n  memory: {}\n"
    put_in_force(installed, text.format("one", "1G"))
    installed.path(paths.CONFIG_FILE).write_text(text.format("two", "2G"))
    report = run_diff(installed, 2)
    assert "-  memory: 1G" in report.lines
    assert "+  memory: 2G" in report.lines
    assert "hush" not in json.dumps(report.data)
    installed.path(paths.CONFIG_FILE).write_text(text.format("two", "1G"))
    assert run_diff(installed, 2).lines == ("Only secrets differ.",)


@pytest.mark.parametrize("layout", ["# token: hush\n", "users:\n  admin: [olga]\n", "limits: {memory: 1024M}\n"])
def test_comments_and_layout_are_no_difference(layout: str, installed: Machine) -> None:
    installed.path(paths.CONFIG_FILE).write_text(layout if "users" in layout else FIRST + layout)
    report = run_diff(installed, 1)
    assert report.lines == ("Only comments or layout differ.",)
    assert (report.data["same"], report.data["diff"]) == (False, [])
    installed.path(paths.CONFIG_FILE).write_text(FIRST)
    assert run_diff(installed, 1).lines == ("Nothing differs.",)


@pytest.mark.parametrize("limit", ["[2G", "lots"])
def test_a_diff_with_a_broken_file_shows_which_lines_differ_and_no_value(limit: str, installed: Machine) -> None:
    # just when one wants to know what was changed
    text = "users: {admin: [olga]}\nmetrics:\n  token: hush-one\nlimits:\n  memory: 1G\n  cpu: 2\n"
    put_in_force(installed, text)
    broken = text.replace("1G", limit).replace("hush-one", "hush-two") + "# token: hush\n"
    installed.path(paths.CONFIG_FILE).write_text(broken)
    report = run_diff(installed, 2)
    assert report.exit_code is ExitCode.DONE
    head = ("--- revision 2 of the history", f"+++ {paths.CONFIG_FILE}")
    assert report.lines == (*head, "@@ -3 +3 @@", "@@ -5 +5 @@", "@@ -6,0 +7 @@")
    assert "hush" not in json.dumps(report.data)
    assert "2G" not in "".join(report.lines)
    assert "config.yaml:" in report.notes[0]


def test_a_failed_install_leaves_no_history(tmp_path: Path) -> None:
    machine = make_tree(tmp_path / "other")

    def fail(line: str) -> None:
        if "keep the settings" in line:
            raise OSError(28, "No space left on device")

    with pytest.raises(LittlestError):
        run_install(machine, None, True, None, release=RELEASE, progress=fail)
    assert machine.read_state(paths.HISTORY_DIR) is None
