"""The drop-ins with which the hub was healthy: what is kept, and how they are restored."""

import os
from pathlib import Path

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.commands.apply import run_apply
from littlest.commands.install import run_install
from littlest.errors import ExitCode, LittlestError
from littlest.machine.machine import Machine
from littlest.system.settings.drop_in_copies import (
    keep_drop_ins,
    put_drop_ins_back,
    read_drop_ins,
    read_good_drop_ins,
)

A, B = (paths.DROP_IN_DIR / name for name in ("a.py", "b.py"))
ONE, TWO = "c.JupyterHub.activity_resolution = 31\n", "c.JupyterHub.activity_resolution = 32\n"


@pytest.fixture
def installed(machine: Machine) -> Machine:
    machine.write_file(A, ONE)
    run_install(machine, "olga", True, None, release=RELEASE)
    return machine


def change_settings(machine: Machine) -> None:
    machine.path(paths.CONFIG_FILE).write_text("http: {port: 8080}\nusers: {admin: [olga]}\n")


def fail_at_a_file(line: str) -> None:
    if line.startswith("write ") and paths.PROXY_UNIT in line and not getattr(fail_at_a_file, "failed", False):
        fail_at_a_file.failed = True  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def fails_once() -> None:
    fail_at_a_file.failed = False  # type: ignore[attr-defined]


def test_an_install_and_every_apply_keep_the_drop_ins(installed: Machine) -> None:
    assert read_good_drop_ins(installed) == {"a.py": ONE.encode()}
    installed.write_file(B, TWO)
    installed.remove(A)
    run_apply(installed, release=RELEASE)
    assert read_good_drop_ins(installed) == {"b.py": TWO.encode()}
    assert (installed.path(paths.LAST_GOOD_DROP_IN_DIR).stat().st_mode & 0o777) == 0o700


def test_what_was_changed_while_the_hub_was_looked_at_is_not_kept(installed: Machine) -> None:
    found = read_drop_ins(installed)
    installed.write_file(A, TWO)
    keep_drop_ins(installed, found)
    assert read_good_drop_ins(installed) == {"a.py": ONE.encode()}
    keep_drop_ins(installed, {"a.py": b"neither\n"})
    assert read_good_drop_ins(installed) == {"a.py": ONE.encode()}


def test_an_apply_that_fails_puts_the_drop_ins_back_and_loses_none(installed: Machine) -> None:
    change_settings(installed)
    installed.write_file(A, TWO, mode=0o640)
    installed.write_file(B, TWO)
    with pytest.raises(LittlestError, match="No space left") as failure:
        run_apply(installed, release=RELEASE, progress=fail_at_a_file)
    assert read_drop_ins(installed) == read_good_drop_ins(installed) == {"a.py": ONE.encode()}
    for path in (A, B):
        assert installed.read_text(path.with_name(f"{path.name}.rejected")) == TWO
        assert f"{path}.rejected" in (failure.value.hint or "")
    assert installed.path(A).stat().st_mode & 0o777 == 0o640


def test_drop_ins_alone_are_gone_back_from(installed: Machine) -> None:
    good = installed.read_text(paths.CONFIG_FILE)
    # a unit file that is not as it should be, so that there is something to do
    installed.write_file(paths.SYSTEMD_DIR / paths.PROXY_UNIT, "")
    installed.write_file(A, TWO)
    with pytest.raises(LittlestError) as failure:
        run_apply(installed, release=RELEASE, progress=fail_at_a_file)
    assert failure.value.exit_code is ExitCode.FAILED
    assert installed.read_text(A) == ONE
    assert installed.read_text(paths.CONFIG_FILE) == good
    assert not [name for name in installed.list_directory(paths.ETC_DIR) if "rejected" in name]


def test_what_was_rejected_before_stays(installed: Machine) -> None:
    for number in range(3):
        installed.write_file(A, f"{number}\n")
        put_drop_ins_back(installed)
    names = [name for name in installed.list_directory(paths.DROP_IN_DIR) if ".rejected" in name]
    assert sorted(installed.read_text(paths.DROP_IN_DIR / name) or "" for name in names) == ["0\n", "1\n", "2\n"]
    assert read_drop_ins(installed) == {"a.py": ONE.encode()}


def test_a_drop_in_kept_elsewhere_stays_there(installed: Machine) -> None:
    for path in (A, B):
        elsewhere = installed.root / "srv" / path.name
        elsewhere.parent.mkdir(exist_ok=True)
        elsewhere.write_text(TWO)
        os.chown(elsewhere, 65534, 65534)
        installed.remove(path)
        installed.path(path).symlink_to(elsewhere)
    put_drop_ins_back(installed)
    assert installed.path(A).readlink() == installed.root / "srv/a.py"
    assert (installed.root / "srv/a.py").read_text() == ONE
    assert (installed.root / "srv/a.py").stat().st_uid == 65534
    # one that was not there before only loses its name
    assert Path(installed.root / "srv/b.py").read_text() == TWO
    assert installed.read_state(B) is None


def test_nothing_is_made_where_a_disk_is_missing(installed: Machine) -> None:
    installed.remove(A)
    installed.path(A).symlink_to(installed.root / "srv/disk/a.py")
    (aside,) = put_drop_ins_back(installed)
    assert installed.read_text(A) == ONE
    assert not (installed.root / "srv/disk").exists()
    assert installed.path(aside).readlink() == installed.root / "srv/disk/a.py"
