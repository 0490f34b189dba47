"""What the settings come to for one user: the user's own, else the groups', else everybody's. Pure.

`user` is always a name as the hub knows it, which is how names are in a Config, too: in lower case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from littlest.config.model import Config
from littlest.config.sections.users import OwnLimits
from littlest.config.sections.values import parse_bytes

V = TypeVar("V", str, int, float)
Levels = tuple[tuple[OwnLimits, ...], ...]


@dataclass(frozen=True, slots=True)
class UserLimits:
    """What one user may use. None is no limit."""

    memory: int | None
    """Bytes of memory of each server."""
    cpu: float | None
    """CPU cores of each server."""
    processes: int | None
    """Processes and threads of each server."""
    open_servers: int | None
    """Servers open at once; 1 is the usual one only, without named ones."""


def list_groups_of(config: Config, user: str) -> tuple[str, ...]:
    """The groups of `users.groups` that the user is in, in the order of the file."""
    return tuple(name for name, group in config.users.groups.items() if user in group.members)


def resolve_limits(config: Config, user: str) -> UserLimits:
    """The limits of one user, each by itself.

    What `limits.users` gives for the user counts; else the most generous of what the user's groups give; else what
    is given for everybody.
    """
    everybody = config.limits
    own = everybody.users.get(user)
    groups = tuple(config.users.groups[name].limits for name in list_groups_of(config, user))
    levels = ((own,) if own is not None else (), groups)
    memory = _find(levels, "memory", everybody.memory, parse_bytes)
    return UserLimits(
        memory=None if memory is None else parse_bytes(memory),
        cpu=_find(levels, "cpu", everybody.cpu, float),
        processes=_find(levels, "processes", everybody.processes, float),
        open_servers=_find(levels, "open_servers", everybody.open_servers, float),
    )


def resolve_default_app(config: Config, user: str) -> str:
    """The application that opens for one user: of the first of the user's groups that names one, else everybody's."""
    named = (config.users.groups[name].default_app for name in list_groups_of(config, user))
    return next((app for app in named if app is not None), config.user_environment.default_app)


def _find(levels: Levels, key: str, default: V | None, measure: Callable[[V], float]) -> V | None:
    """The most that the first level gives which gives anything; nothing is more than None, no limit."""
    for level in levels:
        given: list[V | None] = [getattr(limits, key) for limits in level if key in limits.model_fields_set]
        if given:
            return None if None in given else max((value for value in given if value is not None), key=measure)
    return default
