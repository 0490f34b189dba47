"""How two sets of settings differ: each change, and when it takes effect. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from littlest.config.model import Config
from littlest.config.sections.secrecy import MASK, is_hidden, is_secret_place, mask_free
from littlest.config.sections.section import Secret, Section
from littlest.config.sections.users import OwnLimits
from littlest.config.text.render import render_inline
from littlest.plan.effects import Effect, find_effect

_MOST_CHARACTERS = 120
"""How much of a value is shown to a person."""
Place = tuple[str, ...]
"""The keys on the way to a value."""


class _Missing:
    """Marks a value that is not given at all; null is given."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Change:
    """One setting whose value changes."""

    key: str
    old: Any
    """Plain data, with secrets masked; MISSING where nothing is given."""
    new: Any
    effect: Effect
    added: tuple[Any, ...] = ()
    """Of a list: what the new value has and the old one lacks."""
    removed: tuple[Any, ...] = ()

    def make_data(self) -> dict[str, Any]:
        """Return the change for `--json`; what is not given at all is null there."""
        old, new = (None if value is MISSING else value for value in (self.old, self.new))
        lists = {"added": list(self.added), "removed": list(self.removed)}
        return {"key": self.key, "old": old, "new": new, **lists, "effect": str(self.effect)}


def find_changes(old: Config, new: Config) -> tuple[Change, ...]:
    """Return every setting whose value differs, in the order of the model."""
    return tuple(_make_change(place, *values) for place, *values in _compare(old, new, ()))


def render_change(change: Change) -> str:
    """Return a change as one line, such as `limits.memory: 1G → 2G (at once, for running servers too)`."""
    if change.added or change.removed:
        signs = (("+", change.added), ("-", change.removed))
        values = _shorten(", ".join(f"{sign} {_render_value(item)}" for sign, items in signs for item in items))
    elif change.old == change.new:
        values = "another secret"
    else:
        values = f"{_render_value(change.old)} → {_render_value(change.new)}"
    return f"{change.key}: {values} ({change.effect})"


def _compare(old: Any, new: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    # whole groups are not compared: limits that are not given equal those that are null
    given_only = type(old) is not type(new)
    before, after = _list_parts(old, given_only), _list_parts(new, given_only)
    if before is None or after is None or is_secret_place(place):
        if old != new:
            yield place, old, new
        return
    for name in dict.fromkeys((*after, *before)):
        yield from _compare(before.get(name, MISSING), after.get(name, MISSING), (*place, name))


def _list_parts(value: Any, given_only: bool) -> dict[str, Any] | None:
    """Return the settings of a group, or the values of names; None for a single value."""
    match value:
        case Secret():
            return None
        case Section():
            # a limit of one user that is not given is not null but the default; and each way to log in has settings
            # that mean nothing to the other
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
    return Change(key, before, after, find_effect(place), added, removed)


def _make_plain(value: Any, place: Place) -> Any:
    """Return a value as plain data with secrets masked; of a group only what is given."""
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
