"""What only root may do is refused in one place."""

from littlest.errors import NeedsRoot
from littlest.machine.machine import Machine


def check_root(
    machine: Machine, problem: str = "only root may do this", hint: str = "Put sudo in front of the command."
) -> None:
    """Refuse anybody but root what looks at or changes the hub's own files; on a tree of a test everybody may.

    Raises NeedsRoot with this problem and hint.
    """
    if machine.is_live and not machine.can_chown():
        raise NeedsRoot(problem, hint)
