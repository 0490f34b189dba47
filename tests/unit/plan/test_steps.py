"""Every kind of step has its description and its entry in the table that carries steps out."""

from dataclasses import fields
from string import Formatter

from littlest.plan import steps
from littlest.plan.steps import Step
from littlest.system.step_kinds import STEP_KINDS

KINDS = {kind for kind in vars(steps).values() if isinstance(kind, type) and issubclass(kind, Step)} - {Step}


def test_the_table_of_step_kinds_is_complete() -> None:
    # by name: a dataclass with slots is a second class
    names = {kind.__name__ for kind in Step.__subclasses__()}
    assert names == {kind.__name__ for kind in KINDS}, "import the new kind in littlest/plan/steps/__init__.py"
    assert set(STEP_KINDS) == KINDS, "say in littlest/system/step_kinds.py how the new kind of step is carried out"


def test_every_kind_of_step_describes_itself() -> None:
    for kind in (kind for kind in KINDS if kind.describe is Step.describe):
        names = {name.removeprefix("0.") for _, name, _, _ in Formatter().parse(kind.sentence) if name}
        assert names <= {field.name for field in fields(kind)}, kind
