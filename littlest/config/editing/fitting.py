"""Whether what is to be done with a setting fits what it takes and what the file gives it. Pure.

The checks raise Unfit with the command that does what was probably meant: nothing is destroyed in silence.
"""

from typing import Any

from littlest.config.editing.entered import Entered, Unfit, make_scalar
from littlest.config.editing.layout import Item, read_layout
from littlest.config.editing.text_edits import find_item, is_brought_by_merge, list_entries
from littlest.config.reference.catalog import as_entry, as_section
from littlest.config.reference.keys import (
    Path,
    Target,
    UnknownKey,
    find_target,
    make_normalizer,
    parse_key,
    render_key,
)
from littlest.config.sections.base import Secret
from littlest.config.text.render import render_inline
from littlest.config.text.scalars import guess_scalar

Comparable = tuple[str, str]
"""An entry of a list in its usual spelling, and what else tells it from others that look the same."""


def check_takes_values(target: Target, value: str = "", *, verb: str = "add") -> None:
    """Raises Unfit for what holds other settings: one value cannot take their place."""
    key = render_key(target.path)
    if target.sort in ("setting", "secret_file"):
        return
    if value.strip() in ("{}", "[]"):
        raise Unfit(f"{key} holds other settings.", f"To take out all of them: littlest config unset {key}")
    section = as_entry(target.annotation) if target.sort == "names" else as_section(target.kind)
    inner = next(name for name in section.model_fields) if section else ""
    if target.sort == "names":
        problem = f"{key} holds names, each with what belongs to it; one value cannot take their place."
        inner = f"NAME.{inner}".rstrip(".")
    else:
        problem = f"{key} is a group of settings; one value cannot take its place."
    verb = verb if is_list(f"{key}.{inner}") else "set"
    raise Unfit(problem, f"Name a setting in it: littlest config {verb} {key}.{inner} VALUE")


def check_takes_away(target: Target, value: str) -> None:
    """Raises Unfit for what holds names: one is taken out with all that belongs to it, no entry of a list."""
    if target.sort == "names":
        raise Unfit(
            f"{render_key(target.path)} holds names, each with what belongs to it.",
            f"To take one out: littlest config unset {render_key((*target.path, value))}",
        )


def check_takes_list(text: str, path: Path, target: Target, value: str, *, verb: str = "add") -> None:
    """Raises Unfit for a setting that takes one value, or whose list comes from elsewhere in the file."""
    check_takes_values(target, verb=verb)
    key = render_key(target.path)
    item = find_item(text, path)
    is_one_value = item is not None and not item.is_null and item.kind not in ("list", "alias")
    if not target.is_list and (target.kind is not Any or is_one_value):
        raise Unfit(f"{key} takes one value, not a list.", f"To give it another: littlest config set {key} {value}")
    if item is None and is_brought_by_merge(text, path):
        raise Unfit(f"{key} comes from another part of the file, by <<.", "Change it by hand: littlest config edit")


def check_same_shape(item: Item, value: Entered, target: Target) -> None:
    """Raises Unfit where a value of another shape would take the place of a list or a group."""
    if target.kind is Secret or target.sort == "secret_file" or item.is_null or item.kind == "alias":
        return
    key = render_key(target.path)
    shapes = {"list": "a list", "mapping": "a group"}
    given = "a list" if value.entries is not None else "a group" if value.inline.startswith("{") else "one value"
    present = shapes.get(item.kind, "one value")
    if given == present or (target.is_list and given == "a list"):
        return
    add = f"To add to it: littlest config add {key} VALUE. " if present == "a list" else ""
    raise Unfit(
        f"{key} is {present} in the file, and this would put {given} in its place.",
        f"{add}To do away with it first: littlest config unset {key}",
    )


def list_present(text: str, path: Path, target: Target) -> list[Comparable]:
    """Return the entries that a list has, those of its default where the file gives none."""
    items = list_entries(text, path)
    if items is None:
        return [make_comparable(render_inline(value), target) for value in target.default or ()]
    return [_compare_item(item, target) for item in items]


def make_comparable(entry: str, target: Target) -> Comparable:
    """Return an entry as it is compared with others: `Ada` and `ada` are the same user."""
    item = read_layout(entry)
    assert item is not None  # noqa: S101 - for the type checker
    return _compare_item(item, target)


def is_list(key: str) -> bool:
    """Whether a key takes a list."""
    try:
        return find_target(parse_key(key)).is_list
    except UnknownKey:
        return False


def _compare_item(item: Item, target: Target) -> Comparable:
    if target.is_list:
        return str(make_normalizer(target.item)(item.value)), ""
    if item.kind != "scalar":
        return item.value, str(item.make_shape())
    # the number 5 and the text "5" are two things; --debug is the same with quotes and without
    return item.value, type(guess_scalar(make_scalar(item.value, item.style))).__name__
