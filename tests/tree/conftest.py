"""What every test of this tier starts from."""

from pathlib import Path

import pytest
from fake_root import make_tree

from littlest.machine.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return make_tree(tmp_path / "root")
