"""Whether an edit of a setting fits the setting's type and what the file gives for it. Pure.

The checks raise EntryError with the command that you probably meant: no edit silently destroys anything.
"""

from typing import Any

from littlest.config.editing.entered import Entered, EntryError, make_scalar
from littlest.config.editing.layout import Item, read_layout
from littlest.config.editing.source import Source
from littlest.config.reference.catalog import as_entry, as_section
from littlest.config.reference.keys import Target, UnknownKey, find_target, make_normalizer, parse_key, render_key
from littlest.config.sections.section import Secret
from littlest.config.text.render import render_inline
from littlest.config.text.scalars import guess_scalar

_SHAPES = {"list": "a list", "mapping": "a group"}


def check_takes_values(target: Target, value: str = "", *, verb: str = "add") -> None:
    """Raises EntryError for a group of settings: one value cannot replace it."""
    if target.sort in ("setting", "secret_file"):
        return
    key = render_key(target.path)
    if value.strip() in ("{}", "[]"):
        raise EntryError(f"{key} holds other settings.", f"To remove all of them: littlest config unset {key}")
    if target.sort == "names":
        problem = f"{key} holds names, each with settings of its own; one value cannot replace them."
        section, names = as_entry(target.annotation), [key, "NAME"]
    else:
        problem = f"{key} is a group of settings; one value cannot replace it."
        section, names = as_section(target.kind), [key]
    inner = ".".join((*names, *list(section.model_fields if section else ())[:1]))
    verb = verb if is_list(inner) else "set"
    raise EntryError(problem, f"Name a setting in it: littlest config {verb} {inner} VALUE")


def check_takes_list(source: Source, target: Target, value: str, *, verb: str = "add") -> None:
    """Raises EntryError for a setting that takes one value, or whose list comes from elsewhere in the file."""
    key = render_key(target.path)
    if verb == "remove" and target.sort == "names":
        # a name is removed with its settings
        advice = f"To remove one: littlest config unset {render_key((*target.path, value))}"
        raise EntryError(f"{key} holds names, each with settings of its own.", advice)
    check_takes_values(target, verb=verb)
    item = source.find_item(target.path)
    is_one_value = item is not None and not item.is_null and item.kind not in ("list", "alias")
    if not target.is_list and (target.kind is not Any or is_one_value):
        advice = f"To give it another: littlest config set {key} {value}"
        raise EntryError(f"{key} takes one value, not a list.", advice)
    source.check_not_merged(target.path)


def check_same_shape(item: Item, value: Entered, target: Target) -> None:
    """Raises EntryError where a value of another shape would replace a list or a group."""
    if target.kind is Secret or target.sort == "secret_file" or item.is_null or item.kind == "alias":
        return
    given = "a list" if value.entries is not None else "a group" if value.inline.startswith("{") else "one value"
    present = _SHAPES.get(item.kind, "one value")
    if given == present or (target.is_list and given == "a list"):
        return
    key = render_key(target.path)
    add = f"To add to it: littlest config add {key} VALUE. " if present == "a list" else ""
    raise EntryError(
        f"{key} is {present} in the file, and this would replace it with {given}.",
        f"{add}To remove it first: littlest config unset {key}",
    )


def list_present(source: Source, target: Target) -> list[Item]:
    """Return the entries that a list has, or those of its default where the file gives none.

    They can be compared with those of `make_comparable`.
    """
    items = source.list_entries(target.path)
    if items is None:
        return [make_comparable(render_inline(value), target) for value in target.default or ()]
    return [_make_comparable(item, target) for item in items]


def make_comparable(entry: str, target: Target) -> Item:
    """Return an entry that equals others in other spellings: `Ada` and `ada` are the same user."""
    item = read_layout(entry)
    assert item is not None  # noqa: S101 - for the type checker
    return _make_comparable(item, target)


def is_list(key: str) -> bool:
    """Whether a key takes a list."""
    try:
        return find_target(parse_key(key)).is_list
    except UnknownKey:
        return False


def _make_comparable(item: Item, target: Target) -> Item:
    if target.is_list:
        return Item("scalar", 0, 0, str(make_normalizer(target.item)(item.value)))
    if item.kind != "scalar":
        return item
    # the number 5 and the text "5" are two things; --debug is the same with quotes and without
    kind = type(guess_scalar(make_scalar(item.value, item.style))).__name__
    return Item("scalar", 0, 0, item.value, tag=kind)
