"""What a setting is, in words: `littlest config help KEY`, and the facts of the reference page. Pure functions."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any, get_args, get_origin

from littlest.config.model import Config
from littlest.config.reference.catalog import (
    Setting,
    as_entry,
    as_section,
    list_kinds,
    list_metadata,
    list_own_settings,
    list_variants,
    read_docstring,
    split_optional,
)
from littlest.config.reference.keys import UnknownKey, parse_key, render_key
from littlest.config.sections.auth import Auth
from littlest.config.sections.base import Secret, Section, TraitValues
from littlest.config.text.render import render_inline, render_settings
from littlest.config.text.scalars import describe_kind

_BOUNDS = {"ge": "at least {:g}", "le": "at most {:g}"}
_WIDTH = 88
Found = Setting | type[Section]
Match = tuple[str, Found, Sequence[str]]
"""A type of the group that has it, where that depends on a type; what was found; what of the key is left over."""


def render_help(key: str = "") -> str:
    """Return what a key is and takes; without a key, every group. Raises UnknownKey.

    Any name may stand where the admin chooses one: users.groups.biology.limits. Of `auth`, what each type needs;
    auth.github is what there is with that type.
    """
    if not key:
        return "\n".join(_list_members(list_own_settings(Config))) + "\n"
    parts = parse_key(key)
    texts: dict[str, list[str]] = {}
    for kind, found, rest in _find(Config, parts):
        texts.setdefault("\n".join(_render(found, parts[: len(parts) - len(rest)])), []).append(kind)
    if not texts:
        raise UnknownKey(key)
    kinds = {kind for chosen in texts.values() for kind in chosen}
    is_partial = len(texts) > 1 or (kinds != {""} and kinds != set(Auth.variants))
    lines = [render_key(parts)]
    for text, chosen in sorted(texts.items(), key=lambda entry: -len(entry[1])):
        only = wrap(f"With auth.type {', '.join(chosen)}:", _WIDTH) if is_partial else []
        lines += ["", *only, *([""] if only else []), text]
    return "\n".join(lines) + "\n"


def _find(section: type[Section], parts: Sequence[str], kind: str = "") -> Iterator[Match]:
    name, *rest = parts
    models = list(list_variants(section)) if section.variants else [(kind, section)]
    if section.variants and not rest:
        yield from (("", model, ()) for chosen, model in models if chosen == name)
    for chosen, model in models:
        for setting in list_own_settings(model):
            if setting.name == name and section.variants and name == "type":
                # the same for all of them
                yield "", Setting(name, None, section, section.model_fields[name]), rest
                return
            if setting.name == name:
                yield from _find_below(setting, rest, chosen)


def _find_below(setting: Setting, rest: Sequence[str], kind: str) -> Iterator[Match]:
    bare, _ = split_optional(setting.field.annotation)
    inner = setting.section or (Secret if bare is Secret else None)
    entry = as_entry(setting.field.annotation)
    if not rest:
        yield kind, setting, ()
    elif inner is not None:
        yield from _find(inner, rest, kind)
    elif entry is not None and len(rest) == 1:
        yield kind, entry, ()
    elif entry is not None:
        yield from _find(entry, rest[1:], kind)
    elif get_origin(bare) is dict:
        # a trait or a variable: what there is to say stands with all of them
        yield kind, setting, rest


def _render(found: Found, parts: Sequence[str]) -> Iterator[str]:
    if not isinstance(found, Setting):
        yield from _render_section(found)
        return
    yield from wrap(found.description, _WIDTH)
    yield ""
    group = found.section or (found.owner if found.name == "type" else None)
    if group is not None and group.variants:
        yield "The types, and what each needs:"
        yield from _list_types(group)
    elif found.section is not None:
        yield from _list_members(list_own_settings(found.section))
    else:
        for name, fact in list_facts(found):
            yield from wrap(f"{name + ':':<9} {fact}", _WIDTH, subsequent_indent=" " * 10)
        if found.example is not None:
            yield "Example:"
            yield from (f"  {line}" for line in render_example(found, parts).splitlines())
        entry = as_entry(found.field.annotation)
        if entry is not None:
            yield ""
            yield "Below each name:"
            yield from _list_members(list_own_settings(entry))


def _render_section(section: type[Section]) -> Iterator[str]:
    yield from wrap(read_docstring(section), _WIDTH)
    yield ""
    yield from _list_members(list_own_settings(section))


def _list_types(section: type[Section]) -> Iterator[str]:
    for kind, model in list_variants(section):
        needs = list_required(model)
        yield f"  {kind}"
        yield from wrap(read_docstring(model), _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
        if issubclass(model, Auth) and model.sends_people_back:
            needs.append("external_url at the top of the file")
        if needs:
            yield from wrap(f"Needs {', '.join(needs)}.", _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def list_required(section: type[Section]) -> list[str]:
    """Return the settings of a group that must be given, but for its type; alternatives are one entry."""
    required = [item.name for item in list_own_settings(section) if item.field.is_required() and item.name != "type"]
    return [*required, " or ".join(section.one_of)] if section.one_of else required


def _list_members(settings: Iterable[Setting]) -> Iterator[str]:
    members = list(settings)
    width = max(len(member.name) for member in members) + 2
    for member in members:
        needed = " (required)" if member.field.is_required() else ""
        yield from wrap(
            f"{member.name:<{width}}{member.description}{needed}",
            _WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * (width + 2),
        )


def list_facts(setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield what a setting takes and its default, or that it must be given."""
    if setting.name == "type" and setting.owner.variants:
        yield "Takes", f"one of {', '.join(setting.owner.variants)}"
    else:
        yield "Takes", describe_type(setting.field.annotation, setting.field.metadata)
    if setting.field.is_required():
        yield "Default", "none: it must be given"
    else:
        yield "Default", render_inline(setting.default)


def render_example(setting: Setting, parts: Sequence[str]) -> str:
    """Return a setting's example as it is in the file."""
    value: Any = setting.example
    for part in reversed(parts):
        value = {part: value}
    return render_settings(value)


def describe_type(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Return what a setting takes, in a few words, with its bounds."""
    kind, optional = split_optional(annotation)
    constraints = [*metadata, *list_metadata(annotation)]
    if kind is Secret:
        words = "a secret as it is, or {file: PATH} for one in a file"
    elif get_origin(kind) is dict:
        words = _describe_names(*get_args(kind))
    elif get_origin(kind) is tuple:
        words = f"a list of {_describe_several(get_args(kind)[0])}"
    else:
        words = _describe_single(kind, constraints)
    return f"{words}, or null" if optional else words


def _describe_names(name: Any, value: Any) -> str:
    if value == TraitValues:
        return "names of classes, each with traits and their values"
    if value is Any:
        return "names of traits, each with its value"
    kinds = list_kinds(list_metadata(name))
    names = kinds[0].plural if kinds else "names"
    return f"{names}, each with settings of its own" if as_section(value) else f"{names}, each with a text"


def _describe_several(entry: Any) -> str:
    return next((kind.plural for kind in list_kinds(list_metadata(entry))), "texts")


def _describe_single(annotation: Any, constraints: Sequence[Any]) -> str:
    constraints = [*constraints, *list_metadata(annotation)]
    words = next((kind.words for kind in list_kinds(constraints) if kind.words), "")
    words = words or describe_kind(split_optional(annotation)[0])
    bounds = [
        text.format(getattr(part, name))
        for part in constraints
        for name, text in _BOUNDS.items()
        if getattr(part, name, None) is not None
    ]
    return f"{words}, {' and '.join(bounds)}" if bounds else words
