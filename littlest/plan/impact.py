"""What a change of settings means to people: whose servers stop, who gets new limits, what restarts. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import resolve_limits
from littlest.plan.changes import Change, find_changes, render_change
from littlest.plan.effects import Effect
from littlest.plan.limits import make_limit_properties
from littlest.plan.login import make_login_rule
from littlest.plan.shared_folders import find_users_losing_folders, make_sharing

MOST_NAMES = 10
"""How many names a sentence lists before it only counts the others."""

_RESTARTS: Mapping[str, str] = {
    paths.PROXY_UNIT: "the proxy restarts: connections break for a moment, and browsers reconnect",
    paths.HUB_UNIT: "the hub restarts: open notebooks keep running; pages wait for about 2 seconds",
    paths.CULLER_UNIT: "the culler restarts: nobody notices",
}
_MOVES = "the hub restarts at another address: the old one leads to it; notebooks keep running, users log in again"


_AFFECTED = (
    ("loses rights, so their servers are stopped", "lose rights, so their servers are stopped"),
    ("has a running server, which gets new limits", "have running servers, which get new limits"),
    (
        "has a running server, which keeps its settings until it restarts",
        "have running servers, which keep their settings until they restart",
    ),
    (
        "has a running server, which keeps the old address until it restarts",
        "have running servers, which keep the old address until they restart",
    ),
)
"""The words for each field of `Affected`: for one user, and for several."""


def find_restarts(units: Iterable[str], *, moves: bool = False) -> tuple[str, ...]:
    """Return a sentence for each of these units: what its restart means to people. `moves` gives it a new address."""
    said = {**_RESTARTS, **({paths.HUB_UNIT: _MOVES} if moves else {})}
    return tuple(said[unit] for unit in units if unit in said)


def find_users_losing_access(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Return the users who lose access to what they have open, so that their servers stop.

    If everybody had a folder that is no longer shared, these are the users whose servers run.
    """
    named = {*old.users.allowed, *old.users.admin} - {*new.users.allowed, *new.users.admin}
    # where everybody may log in, nobody loses anything by no longer being named
    removed = set() if new.auth.allow_all else named
    demoted = set(old.users.admin) - set(new.users.admin)
    banned = set(new.users.banned) - set(old.users.banned)
    # an admin can reach every folder
    left = find_users_losing_folders(make_sharing(old), make_sharing(new), running) - set(new.users.admin)
    return tuple(sorted(removed | demoted | banned | left))


def find_guests_who_lose(old: Config, new: Config, guests: Iterable[str]) -> tuple[str, ...]:
    """Return the guests (users whom a rule of the old settings let in, not their name) whom the new ones keep out."""
    if new.auth.allow_all or make_login_rule(old) == make_login_rule(new):
        return ()
    return tuple(sorted(set(guests) - {*new.users.allowed, *new.users.admin}))


def find_limited(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Return the users whose running servers get other limits."""
    return tuple(
        user
        for user in running
        if make_limit_properties(resolve_limits(old, user)) != make_limit_properties(resolve_limits(new, user))
    )


@dataclass(frozen=True, slots=True)
class Affected:
    """Users who notice something, by name."""

    losing_access: tuple[str, ...] = ()
    """Their servers stop."""
    limited: tuple[str, ...] = ()
    """Their running servers get new limits."""
    keeping: tuple[str, ...] = ()
    """Their running servers keep what they were started with."""
    moving: tuple[str, ...] = ()
    """Their running servers keep the address that the hub leaves."""


def find_affected(
    old: Config, new: Config, running: Iterable[str], guests: Collection[str] = frozenset()
) -> Affected:
    """Return who notices what; `running` are the users whose servers run, `guests` those whom a rule let in."""
    unnamed = find_guests_who_lose(old, new, [user for user in running if user in guests])
    losing_access = tuple(sorted({*find_users_losing_access(old, new, running), *unnamed}))
    going_on = tuple(sorted(set(running) - set(losing_access)))
    is_for_later = any(change.effect is Effect.SERVERS for change in find_changes(old, new))
    return Affected(
        losing_access,
        find_limited(old, new, going_on),
        going_on if is_for_later else (),
        going_on if old.base_url != new.base_url else (),
    )


def render_affected(affected: Affected) -> tuple[str, ...]:
    """Return a sentence for each kind of users who notice something."""
    return tuple(
        f"{f'1 user {one}' if len(users) == 1 else f'{len(users)} users {many}'}: {_render_names(users)}"
        for users, (one, many) in zip(astuple(affected), _AFFECTED, strict=True)
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
        """Return the same for `--json`."""
        return {
            "changes": [change.make_data() for change in self.changes],
            "restarts": list(self.restarts),
            "affected": asdict(self.affected),
        }


def render_impact(impact: Impact) -> tuple[str, ...]:
    """Return what changes, what restarts and who notices, a line each."""
    return (
        *(f"setting {render_change(change)}" for change in impact.changes),
        *find_restarts(impact.restarts, moves=any(change.key == "base_url" for change in impact.changes)),
        *render_affected(impact.affected),
    )


def _render_names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    # a name may be "Lovelace, Ada"
    shown = [f'"{name}"' if "," in name else name for name in names[:MOST_NAMES]]
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
