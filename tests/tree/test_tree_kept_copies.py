"""Nothing that an admin wrote is lost by an apply or a rollback, whatever becomes of it."""

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.commands.apply import run_apply, run_rollback
from littlest.commands.install import run_install
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.record import Record
from littlest.plan.steps import ReloadHub
from littlest.system.settings.settings_file import keep_apart
from littlest.system.step_kinds import STEP_KINDS, StepKind

CHANGED = "http: {port: 8080}\nusers: {admin: [olga]}\n"
"""Settings that change the proxy's unit."""
BY_HAND = CHANGED + "# two hours of work\nlimits: {memory: 3G}\n"


@pytest.fixture
def installed(machine: Machine) -> Machine:
    run_install(machine, "olga", True, None, release=RELEASE)
    return machine


def write(machine: Machine, text: str) -> None:
    machine.path(paths.CONFIG_FILE).write_text(text)


def read_copies(machine: Machine, kind: str) -> list[str]:
    folder = machine.path(paths.CONFIG_FILE).parent
    return sorted(file.read_text() for file in folder.glob(f"config.yaml.{kind}*"))


def read_unit(machine: Machine) -> str | None:
    return machine.read_text(paths.SYSTEMD_DIR / paths.PROXY_UNIT)


def fail_once(meanwhile: Callable[[], object] = lambda: None, words: str = "write ") -> Callable[[str], None]:
    """A progress that does something at the first line with these words, and then has no space left."""
    failed: list[str] = []

    def progress(line: str) -> None:
        if words in line and not failed:
            failed.append(line)
            meanwhile()
            raise OSError(28, "No space left on device")

    return progress


@pytest.mark.parametrize("begin", ["apply", "rollback"])
def test_a_hand_edit_saved_during_an_apply_that_fails_stays_in_the_file(installed: Machine, begin: str) -> None:
    good, unit = installed.read_text(paths.CONFIG_FILE), read_unit(installed)
    if begin == "rollback":
        write(installed, CHANGED)
        run_apply(installed, release=RELEASE)
        good, unit = CHANGED, read_unit(installed)
    write(installed, CHANGED + "# as it was read\n")
    progress = fail_once(lambda: write(installed, BY_HAND))
    with pytest.raises(LittlestError, match="No space left") as failure:
        if begin == "apply":
            run_apply(installed, release=RELEASE, progress=progress)
        else:
            run_rollback(installed, 1, release=RELEASE, progress=progress)
    assert installed.read_text(paths.CONFIG_FILE) == BY_HAND
    assert installed.read_text(paths.LAST_GOOD_CONFIG_FILE) == good
    assert read_unit(installed) == unit
    assert "was saved again meanwhile" in (failure.value.hint or "")
    # it needs no copy: it is in its place
    assert BY_HAND not in read_copies(installed, "saved")
    kept = paths.REJECTED_CONFIG_FILE if begin == "apply" else find_saved(installed, "# as it was read\n")
    assert (installed.read_text(kept) or "").endswith("# as it was read\n")
    assert str(kept) in (failure.value.hint or "")


def find_saved(machine: Machine, end: str) -> PurePosixPath:
    folder = machine.path(paths.CONFIG_FILE).parent
    file = next(one for one in folder.glob("config.yaml.saved*") if one.read_text().endswith(end))
    return paths.CONFIG_FILE.with_name(file.name)


def test_a_hand_edit_saved_while_the_last_good_settings_come_back_stays_too(installed: Machine) -> None:
    good = read_config(installed)
    write(installed, CHANGED + "services: {cull: {timeout: 7200}}\n")
    fail = fail_once(lambda: write(installed, BY_HAND), f"write {paths.SYSTEMD_DIR / paths.CULLER_UNIT}")

    def save_again(line: str) -> None:
        fail(line)
        if line.startswith("write ") and read_config(installed) == good:
            write(installed, BY_HAND + "# once more\n")

    with pytest.raises(LittlestError) as failure:
        run_apply(installed, release=RELEASE, progress=save_again)
    assert read_config(installed) == BY_HAND + "# once more\n"
    assert read_copies(installed, "saved") == [BY_HAND]
    assert str(find_saved(installed, BY_HAND)) in (failure.value.hint or "")


def read_config(machine: Machine) -> str:
    return machine.read_text(paths.CONFIG_FILE) or ""


def test_settings_that_were_refused_before_are_not_overwritten(installed: Machine) -> None:
    for work in ("first", "second", "third"):
        write(installed, f"{CHANGED}# {work}\n")
        with pytest.raises(LittlestError) as failure:
            run_apply(installed, release=RELEASE, progress=fail_once())
    assert str(paths.REJECTED_CONFIG_FILE) in (failure.value.hint or "")
    assert (installed.read_text(paths.REJECTED_CONFIG_FILE) or "").endswith("third\n")
    assert read_copies(installed, "rejected") == [f"{CHANGED}# {work}\n" for work in ("first", "second", "third")]


def test_the_same_settings_refused_twice_are_kept_once(installed: Machine) -> None:
    for _time in range(2):
        write(installed, CHANGED)
        with pytest.raises(LittlestError):
            run_apply(installed, release=RELEASE, progress=fail_once())
    assert read_copies(installed, "rejected") == [CHANGED]


def test_copies_made_in_one_second_have_names_of_their_own(installed: Machine) -> None:
    names = {keep_apart(installed, "saved", f"# {number}\n".encode()) for number in range(20)}
    assert len(names) == 20
    assert len(read_copies(installed, "saved")) == 20


def test_a_rollback_that_fails_names_what_it_kept(installed: Machine) -> None:
    write(installed, CHANGED)
    run_apply(installed, release=RELEASE)
    write(installed, BY_HAND)
    with pytest.raises(LittlestError) as failure:
        run_rollback(installed, 1, release=RELEASE, progress=fail_once())
    assert read_config(installed) == CHANGED
    assert str(find_saved(installed, BY_HAND)) in (failure.value.hint or "")
    assert read_copies(installed, "saved") == [BY_HAND]
    # what it went back to is in the history, and not the admin's
    assert "rejected" not in (failure.value.hint or "")
    assert read_copies(installed, "rejected") == []


def test_settings_changed_before_the_hub_read_them_stay_in_the_file(
    installed: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_changed(machine: Machine, _step: object, record: Record, _progress: object) -> Record:
        if read_config(machine) == CHANGED:
            write(machine, BY_HAND)
            raise LittlestError("config.yaml was changed again before the hub had read it", "Run it again")
        return record

    monkeypatch.setitem(STEP_KINDS, ReloadHub, StepKind(lambda *_: False, find_changed))
    write(installed, CHANGED)
    with pytest.raises(LittlestError, match="changed again"):
        run_apply(installed, release=RELEASE)
    assert read_config(installed) == BY_HAND
