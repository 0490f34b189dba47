"""Refusing what only root may do."""

from littlest.errors import NeedsRoot
from littlest.machine.machine import Machine


def check_root(
    machine: Machine, problem: str = "only root may do this", hint: str = "Put sudo in front of the command."
) -> None:
    """Raise NeedsRoot with this problem and hint, unless you are root or the machine is the tree of a test."""
    if machine.is_live and not machine.can_chown():
        raise NeedsRoot(problem, hint)
