"""What a change of settings means to people: whose servers stop, who gets new limits, what restarts. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import resolve_limits
from littlest.plan.changes import Change, find_changes, render_change
from littlest.plan.effects import Effect
from littlest.plan.login import make_login_rule
from littlest.plan.shared_folders import find_users_losing_folders, make_sharing

MOST_NAMES = 10
"""How many names a sentence lists before it only counts the others."""

_RESTARTS: Mapping[str, str] = {
    paths.PROXY_UNIT: "the proxy restarts: connections are cut for a moment and come back",
    paths.HUB_UNIT: "the hub restarts: open notebooks go on; pages wait for about 2 seconds",
    paths.CULLER_UNIT: "the culler restarts: nobody notices",
}


def find_restarts(units: Iterable[str]) -> tuple[str, ...]:
    """Return what it means to people that these units restart, a sentence each."""
    return tuple(_RESTARTS[unit] for unit in units if unit in _RESTARTS)


def find_users_losing_access(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Return the users who lose access to what they have open, so that their servers stop. Of a folder that everybody
    shared, these are the users whose servers run.
    """
    named = {*old.users.allowed, *old.users.admin} - {*new.users.allowed, *new.users.admin}
    # where everybody may log in, nobody loses anything by no longer being named
    removed = set() if new.auth.allow_all else named
    demoted = set(old.users.admin) - set(new.users.admin)
    banned = set(new.users.banned) - set(old.users.banned)
    # an admin gets at every folder
    left = find_users_losing_folders(make_sharing(old), make_sharing(new), running) - set(new.users.admin)
    return tuple(sorted(removed | demoted | banned | left))


def find_guests_who_lose(old: Config, new: Config, guests: Iterable[str]) -> tuple[str, ...]:
    """Return the guests (users whom a rule of the old settings let in, not their name) whom the new ones keep out."""
    rules = [make_login_rule(config) for config in (old, new)]
    if new.auth.allow_all or rules[0] == rules[1]:
        return ()
    return tuple(sorted(set(guests) - {*new.users.allowed, *new.users.admin}))


def find_limited(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Return the users whose running servers get other limits."""
    return tuple(user for user in running if _list_kernel_limits(old, user) != _list_kernel_limits(new, user))


@dataclass(frozen=True, slots=True)
class Affected:
    """Users who notice something, by name."""

    losing_access: tuple[str, ...] = ()
    """Their servers stop."""
    limited: tuple[str, ...] = ()
    """Their running servers get new limits."""
    keeping: tuple[str, ...] = ()
    """Their running servers keep what they were started with."""


def find_affected(
    old: Config, new: Config, running: Iterable[str], guests: Collection[str] = frozenset()
) -> Affected:
    """Return who notices what; `running` are the users whose servers run, `guests` those whom a rule let in."""
    unnamed = find_guests_who_lose(old, new, [user for user in running if user in guests])
    losing_access = tuple(sorted({*find_users_losing_access(old, new, running), *unnamed}))
    going_on = tuple(sorted(set(running) - set(losing_access)))
    is_for_later = any(change.effect is Effect.SERVERS for change in find_changes(old, new))
    return Affected(losing_access, find_limited(old, new, going_on), going_on if is_for_later else ())


def render_affected(affected: Affected) -> tuple[str, ...]:
    """A sentence for each kind of users who notice something."""
    have = ("has a server running, which", "have servers running, which")
    found = (
        (
            affected.losing_access,
            "loses rights, so what runs of theirs is stopped",
            "lose rights, so their servers are stopped",
        ),
        (affected.limited, f"{have[0]} gets new limits", f"{have[1]} get new limits"),
        (
            affected.keeping,
            f"{have[0]} keeps what it was started with",
            f"{have[1]} keep what they were started with",
        ),
    )
    return tuple(
        f"1 user {one}: {users[0]}" if len(users) == 1 else f"{len(users)} users {many}: {_render_names(users)}"
        for users, one, many in found
        if users
    )


@dataclass(frozen=True, slots=True)
class Impact:
    """What some steps mean to people."""

    changes: tuple[Change, ...] = ()
    restarts: tuple[str, ...] = ()
    """Units, in the order in which they restart."""
    affected: Affected = Affected()

    def make_data(self) -> dict[str, Any]:
        """The same for `--json`."""
        return {
            "changes": [change.make_data() for change in self.changes],
            "restarts": list(self.restarts),
            "affected": asdict(self.affected),
        }


def render_impact(impact: Impact) -> tuple[str, ...]:
    """What changes, what restarts and who notices, a line each."""
    return (
        *(f"setting {render_change(change)}" for change in impact.changes),
        *find_restarts(impact.restarts),
        *render_affected(impact.affected),
    )


def _render_names(names: Iterable[str]) -> str:
    all_names = list(names)
    more = len(all_names) - MOST_NAMES
    return ", ".join(all_names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _list_kernel_limits(config: Config, user: str) -> tuple[int | None, float | None, int | None]:
    limits = resolve_limits(config, user)
    return limits.memory, limits.cpu, limits.processes
