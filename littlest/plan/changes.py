"""What it means to go from some settings to others: each change, what it brings about, and whom it affects. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import resolve_limits
from littlest.config.sections.base import Secret, Section
from littlest.config.sections.secrecy import MASK, is_hidden, is_secret_place, mask_free
from littlest.config.sections.users import OwnLimits
from littlest.config.text.render import render_inline
from littlest.plan.login import make_login_rule
from littlest.plan.shared_folders import find_folder_losers, make_sharing

MOST_NAMES = 10
"""How many names a sentence lists before it only counts the others."""
_MOST_CHARACTERS = 120
"""How much of a value is shown to a person."""
Place = tuple[str, ...]
"""The keys on the way to a value."""


class Effect(StrEnum):
    """When and how a changed setting comes into force."""

    PROXY_AND_HUB = "the proxy and the hub restart"
    PROXY = "the proxy restarts"
    HUB = "the hub restarts"
    CULLER = "the culler restarts"
    RUNNING = "at once, for running servers too"
    SERVERS = "for servers started from now on"
    FOLDERS = "at once; links in homes from the next start on"
    LIVE = "at once"


_EFFECTS: tuple[tuple[str, Effect], ...] = (
    ("http", Effect.PROXY_AND_HUB),
    ("https.enabled", Effect.PROXY_AND_HUB),
    ("https.port", Effect.PROXY_AND_HUB),
    ("https", Effect.PROXY),
    ("base_url", Effect.HUB),
    ("proxy", Effect.HUB),
    ("external_url", Effect.HUB),
    ("auth", Effect.HUB),
    ("metrics", Effect.HUB),
    ("jupyterhub", Effect.HUB),
    ("services.managed", Effect.HUB),
    ("services.cull", Effect.CULLER),
    ("limits.open_servers", Effect.LIVE),
    ("limits", Effect.RUNNING),
    ("user_environment", Effect.SERVERS),
    ("users.unix_name", Effect.SERVERS),
    ("users.homes", Effect.SERVERS),
    ("shared_folders", Effect.FOLDERS),
)
"""The first that a key begins with counts; all other settings take effect at once."""
_EFFECTS_OF_NAMED: tuple[tuple[str, str, Effect], ...] = (
    ("users.groups.", ".default_app", Effect.SERVERS),
    ("users.groups.", ".shared_folder", Effect.FOLDERS),
    ("shared_folders.", ".link", Effect.SERVERS),
)
"""Of settings below a name: how their keys begin and end."""

_RESTARTS: Mapping[str, str] = {
    paths.PROXY_UNIT: "the proxy restarts: connections are cut for a moment and come back",
    paths.HUB_UNIT: "the hub restarts: open notebooks go on; pages wait for about 2 seconds",
    paths.CULLER_UNIT: "the culler restarts: nobody notices",
}


class _Missing:
    """In the place of a value that is not given at all, which null is not."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that gets another value."""

    key: str
    old: Any
    """Plain data, with secrets masked; MISSING where nothing is given."""
    new: Any
    effect: Effect
    added: tuple[Any, ...] = ()
    """Of a list: what the new value has and the old one lacks."""
    removed: tuple[Any, ...] = ()

    def make_data(self) -> dict[str, Any]:
        """The change for `--json`; what is not given at all is null there."""
        old, new = (None if value is MISSING else value for value in (self.old, self.new))
        lists = {"added": list(self.added), "removed": list(self.removed)}
        return {"key": self.key, "old": old, "new": new, **lists, "effect": str(self.effect)}


def find_changes(old: Config, new: Config) -> tuple[Change, ...]:
    """Every setting whose value is another, in the order of the model."""
    return tuple(_make_change(place, *values) for place, *values in _compare(old, new, ()))


def render_change(change: Change) -> str:
    """A change in one line, such as `limits.memory: 1G → 2G (at once, for running servers too)`."""
    if change.added or change.removed:
        signs = (("+", change.added), ("-", change.removed))
        values = _shorten(", ".join(f"{sign} {_render_value(item)}" for sign, items in signs for item in items))
    elif change.old == change.new:
        values = "another secret"
    else:
        values = f"{_render_value(change.old)} → {_render_value(change.new)}"
    return f"{change.key}: {values} ({change.effect})"


def find_restarts(units: Iterable[str]) -> tuple[str, ...]:
    """What it means to people that these units are started anew, a sentence each."""
    return tuple(_RESTARTS[unit] for unit in units if unit in _RESTARTS)


def find_losers(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Users who lose the right to what they have open, so that their servers stop; of a folder that was everybody's,
    those whose servers run.
    """
    named = {*old.users.allowed, *old.users.admin} - {*new.users.allowed, *new.users.admin}
    # whom the way to log in lets in anyway loses nothing by no longer being named
    removed = set() if new.auth.allow_all else named
    demoted = set(old.users.admin) - set(new.users.admin)
    banned = set(new.users.banned) - set(old.users.banned)
    # an admin gets at every folder
    left = find_folder_losers(make_sharing(old), make_sharing(new), running) - set(new.users.admin)
    return tuple(sorted(removed | demoted | banned | left))


def find_guests_who_lose(old: Config, new: Config, guests: Iterable[str]) -> tuple[str, ...]:
    """Which of those whom the old settings let in by a rule, and not by name, the new ones do not let in."""
    rules = [make_login_rule(config) for config in (old, new)]
    if new.auth.allow_all or rules[0] == rules[1]:
        return ()
    return tuple(sorted(set(guests) - {*new.users.allowed, *new.users.admin}))


def find_limited(old: Config, new: Config, running: Iterable[str]) -> tuple[str, ...]:
    """Which of the users whose servers run get other limits for them."""
    return tuple(user for user in running if _list_kernel_limits(old, user) != _list_kernel_limits(new, user))


@dataclass(frozen=True, slots=True)
class Affected:
    """Users who notice something, by name."""

    losers: tuple[str, ...] = ()
    """Their servers stop."""
    limited: tuple[str, ...] = ()
    """Their running servers get new limits."""
    keeping: tuple[str, ...] = ()
    """Their running servers keep what they were started with."""


def find_affected(
    old: Config, new: Config, running: Iterable[str], guests: Collection[str] = frozenset()
) -> Affected:
    """Who notices what; `running` are the users whose servers run, `guests` those whom a rule let in."""
    unnamed = find_guests_who_lose(old, new, [user for user in running if user in guests])
    losers = tuple(sorted({*find_losers(old, new, running), *unnamed}))
    going_on = tuple(sorted(set(running) - set(losers)))
    is_for_later = any(change.effect is Effect.SERVERS for change in find_changes(old, new))
    return Affected(losers, find_limited(old, new, going_on), going_on if is_for_later else ())


def render_affected(affected: Affected) -> tuple[str, ...]:
    """A sentence for each kind of users who notice something."""
    have = ("has a server running, which", "have servers running, which")
    found = (
        (
            affected.losers,
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
class Outlook:
    """What some steps will mean to people."""

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


def render_outlook(outlook: Outlook) -> tuple[str, ...]:
    """What changes, what restarts and who notices, a line each."""
    return (
        *(f"setting {render_change(change)}" for change in outlook.changes),
        *find_restarts(outlook.restarts),
        *render_affected(outlook.affected),
    )


def _render_names(names: Iterable[str]) -> str:
    all_names = list(names)
    more = len(all_names) - MOST_NAMES
    return ", ".join(all_names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _list_kernel_limits(config: Config, user: str) -> tuple[int | None, float | None, int | None]:
    limits = resolve_limits(config, user)
    return limits.memory, limits.cpu, limits.processes


def _compare(old: Any, new: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    # no look at whole groups: limits that are not given are equal to those that are null
    given_only = type(old) is not type(new)
    before, after = _list_parts(old, given_only), _list_parts(new, given_only)
    if before is None or after is None or is_secret_place(place):
        if old != new:
            yield place, old, new
        return
    for name in dict.fromkeys((*after, *before)):
        yield from _compare(before.get(name, MISSING), after.get(name, MISSING), (*place, name))


def _list_parts(value: Any, given_only: bool) -> dict[str, Any] | None:
    """The settings of a group, or what stands under names; None for a single value."""
    match value:
        case Secret():
            return None
        case Section():
            # a limit of one user that is not given is not null, it is everybody's; and of two ways to log in, each
            # has settings that mean nothing to the other
            given_only = given_only or isinstance(value, OwnLimits)
            given = value.model_fields_set | {"type"} if given_only else type(value).model_fields.keys()
            return {name: getattr(value, name) for name in type(value).model_fields if name in given}
        case Mapping():
            return dict(value)
        case _:
            return None


def _make_change(place: Place, old: Any, new: Any) -> Change:
    key = ".".join(place)
    added: tuple[Any, ...] = ()
    removed: tuple[Any, ...] = ()
    before, after = _make_plain(old, place), _make_plain(new, place)
    if isinstance(before, list) and isinstance(after, list):
        added = tuple(item for item in after if item not in before)
        removed = tuple(item for item in before if item not in after)
    return Change(key, before, after, _find_effect(key), added, removed)


def _find_effect(key: str) -> Effect:
    if key.startswith("users.groups.") and ".limits." in f"{key}.":
        return Effect.RUNNING
    for beginning, end, effect in _EFFECTS_OF_NAMED:
        if key.startswith(beginning) and key.endswith(end):
            return effect
    return next((effect for prefix, effect in _EFFECTS if f"{key}.".startswith(f"{prefix}.")), Effect.LIVE)


def _make_plain(value: Any, place: Place) -> Any:
    """A value as plain data with secrets masked; of a group only what is given."""
    match value:
        case _Missing():
            return value
        case Secret():
            return {"file": value.file} if value.file else MASK
        case Section():
            given = _list_parts(value, given_only=True) or {}
            return {name: _make_plain(part, (*place, name)) for name, part in given.items()}
        case Mapping() if not is_hidden(value, place):
            return {name: _make_plain(part, (*place, name)) for name, part in value.items()}
        case tuple() | list() if not is_hidden(value, place):
            return list(mask_free(value, place))
        case _:
            return mask_free(value, place)


def _render_value(value: Any) -> str:
    return "nothing" if value is MISSING else _shorten(render_inline(value))


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
