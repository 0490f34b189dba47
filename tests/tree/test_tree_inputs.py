"""What a unit is started from: a change of it is a reason to start the unit again, and nothing else is."""

from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.steps import RunUnit
from littlest.system.units.units import read_inputs_digest

SECRET = Path("/etc/littlest/token")
STEP = RunUnit(paths.HUB_UNIT, (SECRET, paths.DROP_IN_DIR))


@pytest.fixture
def elsewhere(machine: Machine) -> Path:
    """A folder in which the admin keeps things, such as a checkout."""
    machine.make_directory(paths.DROP_IN_DIR)
    machine.make_directory(Path("/srv/checkout"))
    return Path("/srv/checkout")


def test_what_stands_behind_a_link_counts(machine: Machine, elsewhere: Path) -> None:
    for link in (SECRET, paths.DROP_IN_DIR / "own.py"):
        target = machine.path(elsewhere / link.name)
        target.write_text("one\n")
        machine.path(link).symlink_to(target)
        before = read_inputs_digest(machine, STEP)
        target.write_text("two\n")
        assert read_inputs_digest(machine, STEP) != before, link


def test_a_folder_of_drop_ins_may_be_a_link(machine: Machine, elsewhere: Path) -> None:
    machine.path(paths.DROP_IN_DIR).rmdir()
    machine.path(paths.DROP_IN_DIR).symlink_to(machine.path(elsewhere))
    before = read_inputs_digest(machine, STEP)
    machine.path(elsewhere / "own.py").write_text("c.JupyterHub.log_level = 10\n")
    assert read_inputs_digest(machine, STEP) != before


@pytest.mark.parametrize("name", [".own.py.swp", "own.py~", ".own.py", "README", "own.py.rejected"])
def test_what_is_no_drop_in_restarts_nothing(machine: Machine, elsewhere: Path, name: str) -> None:
    before = read_inputs_digest(machine, STEP)
    machine.path(paths.DROP_IN_DIR / name).write_text("x")
    # an editor's lock, which leads nowhere
    machine.path(paths.DROP_IN_DIR / ".#own.py").symlink_to("ada@school.1234")
    assert read_inputs_digest(machine, STEP) == before
    machine.path(paths.DROP_IN_DIR / "own.py").write_text("c.JupyterHub.log_level = 10\n")
    assert read_inputs_digest(machine, STEP) != before


def test_what_is_not_there_counts_as_that(machine: Machine, elsewhere: Path) -> None:
    before = read_inputs_digest(machine, STEP)
    machine.path(SECRET).symlink_to(machine.path(elsewhere / "nothing"))
    assert read_inputs_digest(machine, STEP) == before
    machine.path(elsewhere / "nothing").write_text("")
    assert read_inputs_digest(machine, STEP) != before
