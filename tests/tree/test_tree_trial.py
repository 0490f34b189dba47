"""A hub that was never seen well with what the admin wrote counts its starts, and gives up after a few."""

import os
import time
from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.hub import drop_ins
from littlest.hub.drop_ins import load_drop_ins
from littlest.hub.start import (
    MOST_STARTS,
    REASON,
    find_refusal,
    forget_trial,
    is_another,
    read_config_or_last_good,
)
from littlest.machine.machine import Machine

GOOD = "announcement: good\n"
OTHER = "announcement: other\n"
OWN = paths.DROP_IN_DIR / "own.py"


@pytest.fixture
def hub(machine: Machine) -> Machine:
    """A hub's machine on which settings and one drop-in are in force."""
    machine.write_file(paths.CONFIG_FILE, GOOD, mode=0o640)
    machine.write_file(paths.LAST_GOOD_CONFIG_FILE, GOOD, mode=0o600)
    for folder in (paths.DROP_IN_DIR, paths.LAST_GOOD_DROP_IN_DIR):
        machine.write_file(folder / "own.py", "c.JupyterHub.activity_resolution = 31\n")
    return machine


class Settings(dict[str, dict[str, object]]):
    """As JupyterHub's `c`, as far as it matters here."""


def find_announcement(hub: Machine, refusal: str) -> str | None:
    return read_config_or_last_good(lambda config: config.announcement, hub, refusal)[1]


def test_what_is_known_to_work_is_started_with_however_often(hub: Machine) -> None:
    for _ in range(MOST_STARTS + 2):
        assert find_refusal(hub) == ""
    assert hub.read_state(paths.HUB_TRIAL_FILE) is None


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (paths.CONFIG_FILE, OTHER),
        (OWN, "c.JupyterHub.activity_resolution = 32\n"),
        (paths.DROP_IN_DIR / "new.py", "c.JupyterHub.activity_resolution = 32\n"),
        (OWN, None),
    ],
)
def test_starts_that_do_not_last_are_counted_and_then_it_is_the_last_good_ones_turn(
    hub: Machine, path: Path, content: str | None
) -> None:
    hub.remove(path)
    if content is not None:
        hub.write_file(path, content)
    # each of them in a process of its own, killed at any moment
    assert [find_refusal(hub) for _ in range(MOST_STARTS)] == [""] * MOST_STARTS
    for _ in range(2):
        assert f"began to start with this {MOST_STARTS} times" in find_refusal(hub)
    # another text is another chance
    hub.write_file(paths.CONFIG_FILE, OTHER + "# corrected\n")
    assert find_refusal(hub) == ""


def test_a_start_that_lasted_or_an_apply_resets_the_count(hub: Machine) -> None:
    hub.write_file(paths.CONFIG_FILE, OTHER)
    for _ in range(MOST_STARTS * 2):
        assert find_refusal(hub) == ""
        forget_trial(hub)


def test_what_kept_the_hub_from_starting_is_said(hub: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.write_file(paths.CONFIG_FILE, OTHER)
    monkeypatch.setenv(REASON, "no such database")
    assert find_refusal(hub).endswith(": no such database")
    # not handed on to the programs that the hub starts, nor to its next start
    assert REASON not in os.environ
    assert find_refusal(hub) == ""


@pytest.mark.parametrize("content", ["", "{", "1", "x many", "1 2 3", "\xff"])
def test_a_damaged_count_is_none(hub: Machine, content: str) -> None:
    hub.write_file(paths.CONFIG_FILE, OTHER)
    hub.write_file(paths.HUB_TRIAL_FILE, content.encode("latin-1"))
    assert find_refusal(hub) == ""


def test_without_last_good_settings_there_is_nothing_else_to_try(hub: Machine) -> None:
    hub.remove(paths.LAST_GOOD_CONFIG_FILE)
    assert not is_another(hub)
    for _ in range(MOST_STARTS + 2):
        assert find_refusal(hub) == ""


def test_only_what_differs_is_refused(hub: Machine) -> None:
    hub.write_file(OWN, "c.JupyterHub.activity_resolution = 32\n")
    found, _ = read_config_or_last_good(lambda config: config, hub, "no")
    assert (found.file, found.problems) == (str(hub.path(paths.CONFIG_FILE)), ())
    assert find_announcement(hub, "no") == "good"
    hub.write_file(paths.CONFIG_FILE, OTHER)
    assert find_announcement(hub, "") == "other"
    assert find_announcement(hub, "no") == "good"
    found, _ = read_config_or_last_good(lambda config: config, hub, "no")
    assert found.problems == (f"{hub.path(paths.CONFIG_FILE)}: no",)
    assert isinstance(found.config, Config)


def load(hub: Machine, refusal: str = "") -> tuple[object, tuple[str, ...]]:
    from traitlets.config import Config as Traits  # noqa: PLC0415

    c = Traits()
    problems = load_drop_ins(c, hub, refusal)
    return c.JupyterHub.activity_resolution, problems


def test_drop_ins_that_were_refused_are_all_replaced_by_the_last_good_ones(hub: Machine) -> None:
    assert load(hub, "no") == (31, ())
    hub.write_file(paths.DROP_IN_DIR / "zz.py", "c.JupyterHub.activity_resolution = 32\n")
    assert load(hub) == (32, ())
    resolution, problems = load(hub, "no")
    assert (resolution, problems) == (31, (f"{hub.path(paths.DROP_IN_DIR)}: no",))


def test_a_drop_in_that_does_not_end_is_left_out(hub: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_ins, "SECONDS", 0.3)
    hub.write_file(OWN, "import time\nc.JupyterHub.activity_resolution = 32\nwhile True:\n    time.sleep(9)\n")
    began = time.monotonic()
    resolution, problems = load(hub)
    assert time.monotonic() - began < 5
    assert resolution == 31
    assert "own.py:4: TimeoutError: does not finish within 0.3 seconds" in problems[0]
