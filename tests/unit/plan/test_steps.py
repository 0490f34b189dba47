"""Every kind of step has its description and its entry in the table that carries steps out."""

from dataclasses import fields
from string import Formatter

from littlest.plan import steps
from littlest.plan.steps import Step
from littlest.system.step_kinds import STEP_KINDS

KINDS = {kind for kind in vars(steps).values() if isinstance(kind, type) and issubclass(kind, Step)} - {Step}


def test_the_table_of_step_kinds_is_complete() -> None:
    assert set(STEP_KINDS) == KINDS
    modules = {kind.__module__ for kind in KINDS}
    assert modules == {f"{steps.__name__}.{part}" for part in ("account_steps", "file_steps", "unit_steps")}


def test_every_kind_of_step_describes_itself() -> None:
    for kind in (kind for kind in KINDS if kind.describe is Step.describe):
        names = {name.removeprefix("0.") for _, name, _, _ in Formatter().parse(kind.sentence) if name}
        assert names <= {field.name for field in fields(kind)}, kind
