"""Where the settings are read from, and what becomes of an unusual file: missing, a link, with a byte order mark."""

from pathlib import Path, PurePosixPath

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.commands.apply import run_apply, run_rollback
from littlest.commands.config.change import run_set
from littlest.commands.config.show import run_get, run_show, run_validate
from littlest.commands.install import run_install
from littlest.commands.plan import run_plan
from littlest.commands.status import run_status
from littlest.errors import ConfigError, ExitCode, UsageError
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_active_config
from littlest.system.settings.active import read_config
from littlest.system.settings.revisions import list_revisions, read_newest_text
from tests.support.certificates import make_certificate

GOOD = "users: {admin: [olga]}\nhttp: {port: 8080}\n"
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def installed(machine: Machine) -> Machine:
    machine.write_file(paths.CONFIG_FILE, GOOD, mode=0o640)
    run_install(machine, None, True, None, release=RELEASE)
    return machine


def test_a_missing_file_means_the_last_good_settings_to_every_command(installed: Machine) -> None:
    installed.path(paths.CONFIG_FILE).unlink()
    assert load_active_config(installed).http.port == 8080
    assert run_plan(installed).data["changes"] == []
    status = run_status(installed, release=RELEASE).data
    assert status["settings_not_applied"] == []
    assert status["addresses"][0].endswith(":8080/")
    assert (status["settings_problem"], status["settings_fix"]) == (
        f"{paths.CONFIG_FILE} is missing",
        "sudo littlest apply",
    )
    assert "is missing" in run_validate(installed, None).notes[0]
    shown, got = run_show(installed, "http.port"), run_get(installed, "http.port")
    assert shown.lines == got.lines == ("8080",)
    for report in (shown, got):
        assert "is missing. The last known good settings are used instead" in report.notes[0]
    run_apply(installed, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == GOOD
    installed.path(paths.CONFIG_FILE).unlink()
    said = run_set(installed, ["announcement", "Test"], [], lambda _: "").lines
    assert "was missing; it begins with the last known good settings" in said[0]
    assert (installed.read_text(paths.CONFIG_FILE) or "").startswith(GOOD)


def test_status_is_a_report_though_something_cannot_be_read(installed: Machine) -> None:
    installed.path(paths.PASSWORDS_FILE).write_text("no database at all")
    status = run_status(installed, release=RELEASE).data
    assert "not everything could be compared with the settings: the passwords in" in status["settings_problem"]


def test_last_good_settings_that_are_not_valid_any_more_are_not_put_into_a_missing_file(installed: Machine) -> None:
    installed.path(paths.CONFIG_FILE).unlink()
    installed.path(paths.LAST_GOOD_CONFIG_FILE).write_text("http: {prot: 1}\n")
    with pytest.raises(ConfigError, match=r"last-good-config\.yaml:1: http\.prot") as failure:
        run_apply(installed, release=RELEASE)
    assert "Nothing was changed" in (failure.value.hint or "")
    assert installed.read_state(paths.CONFIG_FILE) is None
    with pytest.raises(ConfigError, match=r"last-good-config\.yaml:1: http\.prot"):
        run_plan(installed)


def test_a_link_to_a_file_that_is_not_there_is_an_error_and_nothing_is_made_in_its_place(
    installed: Machine, tmp_path: Path
) -> None:
    # on a disk that is not mounted, say
    file, elsewhere = installed.path(paths.CONFIG_FILE), installed.root / "mnt/disk/config.yaml"
    elsewhere.parent.mkdir(parents=True)
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match=r"config\.yaml:1: .*disk/config\.yaml") as failure:
        run_apply(installed, release=RELEASE)
    assert failure.value.exit_code is ExitCode.INVALID_CONFIG
    with pytest.raises(ConfigError, match="disk"):
        run_rollback(installed, 1, release=RELEASE)
    with pytest.raises(ConfigError, match="disk"):
        run_set(installed, ["http.port", "8081"], [], lambda _: "")
    with pytest.raises(ConfigError, match="disk"):
        run_plan(installed)
    assert "not valid" in run_status(installed, release=RELEASE).data["settings_problem"]
    assert run_validate(installed, None).exit_code is ExitCode.INVALID_CONFIG
    assert list(elsewhere.parent.iterdir()) == []
    assert file.is_symlink()


def test_a_file_that_everybody_may_change_is_nobodys_word(installed: Machine) -> None:
    file = installed.path(paths.CONFIG_FILE)
    file.write_text(GOOD.replace("olga", "olga, mallory"))
    file.chmod(0o666)
    with pytest.raises(ConfigError, match=r"config\.yaml:1: every user of this machine can change") as failure:
        run_apply(installed, release=RELEASE)
    assert failure.value.exit_code is ExitCode.INVALID_CONFIG
    assert "chmod o-w" in str(failure.value.hint)
    with pytest.raises(ConfigError, match="every user"):
        run_plan(installed)
    assert run_validate(installed, None).exit_code is ExitCode.INVALID_CONFIG
    # nor does a hub that starts take it
    with pytest.raises(ConfigError):
        read_config(file)
    file.chmod(0o664)
    assert run_validate(installed, None).exit_code is ExitCode.DONE


def test_settings_in_force_that_lost_a_file_are_not_said_to_be_out_of_force(installed: Machine) -> None:
    certificate = make_certificate()
    for name, content in (("certificate", certificate.certificate), ("key", certificate.key)):
        installed.write_file(PurePosixPath(f"/etc/ssl/{name}.pem"), content, mode=0o600)
    https = "https: {enabled: true, certificate: /etc/ssl/certificate.pem, key: /etc/ssl/key.pem}\n"
    installed.path(paths.CONFIG_FILE).write_text(GOOD + https)
    run_apply(installed, release=RELEASE)
    assert installed.read_text(paths.HTTPS_FILE) == certificate.certificate + certificate.key
    assert installed.path(paths.HTTPS_FILE).stat().st_mode & 0o777 == 0o600
    installed.path(PurePosixPath("/etc/ssl/key.pem")).unlink()
    data = run_status(installed, release=RELEASE).data
    assert "the applied settings need something that is missing or broken" in data["settings_problem"]
    assert [problem["key"] for problem in data["settings_problems"]] == ["https.key"]
    # the copy stays until https goes
    assert installed.read_state(paths.HTTPS_FILE) is not None
    installed.path(paths.CONFIG_FILE).write_text(GOOD)
    run_apply(installed, release=RELEASE)
    assert installed.read_state(paths.HTTPS_FILE) is None


def test_a_copy_of_the_last_good_settings_that_is_no_text_keeps_nobody_from_applying(installed: Machine) -> None:
    installed.path(paths.LAST_GOOD_CONFIG_FILE).write_bytes(b"\xff\xfe")
    installed.path(paths.CONFIG_FILE).write_text(GOOD + "# other\n")
    run_apply(installed, release=RELEASE)
    assert installed.read_text(paths.LAST_GOOD_CONFIG_FILE) == GOOD + "# other\n"
    installed.path(paths.LAST_GOOD_CONFIG_FILE).write_bytes(b"\xff\xfe")
    # what was in force last is in the history as well
    run_rollback(installed, None, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == GOOD


def test_a_byte_order_mark_makes_no_other_settings_of_the_same(installed: Machine) -> None:
    file, other = installed.path(paths.CONFIG_FILE), GOOD + "# other\n"
    file.write_bytes(BOM + other.encode())
    run_apply(installed, release=RELEASE)
    assert read_newest_text(installed) == other
    report = run_rollback(installed, None, release=RELEASE)
    assert report.data["entry"] == 1
    assert report.data["saved"] is None
    assert installed.read_text(paths.CONFIG_FILE) == GOOD
    file.write_bytes(BOM + GOOD.encode())
    # those before them, and not the same again
    run_rollback(installed, None, release=RELEASE)
    assert installed.read_text(paths.CONFIG_FILE) == other


def test_a_byte_order_mark_at_the_install_is_kept_nowhere_else(machine: Machine) -> None:
    file = machine.path(paths.CONFIG_FILE)
    file.parent.mkdir(parents=True)
    file.write_bytes(BOM + GOOD.encode())
    run_install(machine, None, True, None, release=RELEASE)
    assert not run_apply(machine, release=RELEASE).data["changed"]
    assert [entry.how for entry in list_revisions(machine)] == ["install"]
    with pytest.raises(UsageError, match="no earlier revision"):
        run_rollback(machine, None, release=RELEASE)


def test_an_apply_that_was_killed_while_it_went_back_is_told_of_by_the_next_one(installed: Machine) -> None:
    by_hand = GOOD + "# two hours of work\n"
    seen: list[str] = []

    class Killed(BaseException):
        pass

    def fail_then_kill(line: str) -> None:
        seen.append(line)
        if any("is kept in" in one for one in seen[:-1]):
            raise Killed
        if line.startswith("write ") and paths.CULLER_UNIT in line:
            installed.path(paths.CONFIG_FILE).write_text(by_hand)
            raise OSError(28, "No space left on device")

    installed.path(paths.CONFIG_FILE).write_text(GOOD.replace("8080", "8081") + "services: {cull: {timeout: 7200}}\n")
    with pytest.raises(Killed):
        run_apply(installed, release=RELEASE, progress=fail_then_kill)
    assert installed.read_text(paths.CONFIG_FILE) == GOOD
    copies = [name for name in installed.list_directory(paths.ETC_DIR) if name.startswith("config.yaml.")]
    assert len(copies) == 2, copies
    report = run_apply(installed, release=RELEASE)
    text = "\n".join(report.lines)
    for name in copies:
        assert f"{paths.ETC_DIR / name}." in text
    assert "did not finish" in text
    assert report.data["warnings"]
    assert run_apply(installed, release=RELEASE).data["warnings"] == []
