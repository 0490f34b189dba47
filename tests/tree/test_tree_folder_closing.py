"""A folder that is no longer shared: closed, with all that is in it still there."""

from pathlib import PurePosixPath

import pytest
from fake_root import RELEASE
from sharing import act_as, make_sharing_tree

from littlest import paths
from littlest.commands.uninstall import run_uninstall
from littlest.config.text.load import load_config, load_located_config
from littlest.machine.machine import Machine
from littlest.plan.build import make_plan
from littlest.plan.steps import CloseSharedFolder
from littlest.system.apply_plan import apply_plan, find_pending_steps
from littlest.system.folders.folder_checks import find_place_problems
from littlest.system.record_file import read_record

EXCHANGE, BEES = PurePosixPath("/srv/littlest/exchange"), PurePosixPath("/srv/littlest/bees")
GROUP = "users: {{groups: {{bees: {{members: [ada], shared_folder: {}}}}}}}\n"
BOTH = GROUP.format("true") + "shared_folders: {exchange: {writable: true}}\n"
NONE = GROUP.format("false")
ADA = 70001
GROUPS = (paths.USERS_GROUP, "littlest-g-bees")
CLOSING = (CloseSharedFolder(EXCHANGE), CloseSharedFolder(BEES))


@pytest.fixture
def ready(machine: Machine) -> Machine:
    make_sharing_tree(machine, "bees")
    apply(machine, BOTH)
    for folder in (EXCHANGE, BEES):
        assert act_as(machine, ADA, f"echo 1 >{machine.path(folder)}/file", *GROUPS)
    return machine


def apply(machine: Machine, text: str) -> tuple[object, ...]:
    plan = make_plan(load_config(text, "config.yaml"), RELEASE)
    return apply_plan(machine, plan, RELEASE.version)


def is_open(machine: Machine, path: PurePosixPath) -> bool:
    folder = machine.path(path)
    attempts = (f"ls {folder}", f"cd {folder}", f"touch {folder}/new", f"cat {folder}/file")
    return any(act_as(machine, ADA, attempt, *GROUPS) for attempt in attempts)


def test_a_folder_that_is_taken_out_of_the_settings_is_closed(ready: Machine) -> None:
    assert is_open(ready, EXCHANGE)
    assert is_open(ready, BEES)
    pending = find_pending_steps(ready, make_plan(load_config(NONE, "config.yaml"), RELEASE), RELEASE.version)
    assert [step for step in pending if isinstance(step, CloseSharedFolder)] == list(CLOSING)
    assert CLOSING[0].describe() == "close the folder /srv/littlest/exchange, which is no longer shared"
    apply(ready, NONE)
    for folder in (EXCHANGE, BEES):
        assert not is_open(ready, folder)
        assert (ready.path(folder) / "file").read_text() == "1\n"
    assert apply(ready, NONE) == ()
    apply(ready, BOTH)
    for folder in (EXCHANGE, BEES):
        assert is_open(ready, folder)


def test_what_an_admin_does_with_it_then_is_left_alone(ready: Machine) -> None:
    apply(ready, NONE)
    ready.path(EXCHANGE).chmod(0o755)
    ready.remove_tree(BEES)
    assert apply(ready, NONE) == ()
    assert is_open(ready, EXCHANGE)
    assert ready.read_state(BEES) is None


def test_a_folder_that_was_removed_or_replaced_is_no_obstacle(ready: Machine) -> None:
    ready.remove_tree(BEES)
    ready.path(EXCHANGE).rename(ready.root / "srv/moved")
    ready.path(EXCHANGE).symlink_to(ready.root / "srv/moved")
    apply(ready, NONE)
    assert ready.read_state(BEES) is None
    assert is_open(ready, PurePosixPath("/srv/moved"))


def test_the_end_of_the_hub_is_the_end_of_sharing(ready: Machine) -> None:
    assert set(read_record(ready).folders) == {str(EXCHANGE), str(BEES)}
    run_uninstall(ready, True)
    for folder in (EXCHANGE, BEES):
        state = ready.read_state(folder)
        assert state is not None
        assert (state.uid, state.gid, state.mode) == (0, 0, 0o700)
        assert (ready.path(folder) / "file").read_text() == "1\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("shared_folders:\n  inner: {path: /srv/littlest/exchange/inner}\n", 2),
        ("users:\n  homes: /srv/littlest/exchange\n", 2),
    ],
)
def test_nothing_of_users_lies_where_only_root_gets(ready: Machine, text: str, line: int) -> None:
    apply(ready, NONE)
    (problem,) = find_place_problems(ready, load_located_config(text, "config.yaml"))
    assert problem.line == line
    assert "cannot be reached: only root can enter /srv/littlest/exchange" in problem.problem
    ready.path(EXCHANGE).chmod(0o711)
    assert find_place_problems(ready, load_located_config(text, "config.yaml")) == ()
