"""What a setting is, in words: `littlest config help KEY`, and the facts of the reference page. Pure functions."""

from collections.abc import Iterator, Sequence
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
from littlest.config.sections.section import Secret, Section, TraitValues
from littlest.config.text.render import render_inline, render_settings
from littlest.config.text.scalars import describe_kind

_BOUNDS = {"ge": "at least {:g}", "le": "at most {:g}"}
_WIDTH = 88
Found = Setting | type[Section]
Match = tuple[str, Found, Sequence[str]]
"""A type of the group that has it, where that depends on a type; what was found; what of the key is left over."""


def render_help(key: str = "") -> str:
    """Return what a key is and takes; without a key, every group. Raises UnknownKey.

    Any name may be given where the admin chooses one: users.groups.biology.limits. Of `auth`, what each type needs;
    auth.github is what there is with that type.
    """
    if not key:
        return "\n".join(_list_members(Config)) + "\n"
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
        only = [*wrap(f"With auth.type {', '.join(chosen)}:", _WIDTH), ""] if is_partial else []
        lines += ["", *only, text]
    return "\n".join(lines) + "\n"


def _find(section: type[Section], parts: Sequence[str], kind: str = "") -> Iterator[Match]:
    name, *rest = parts
    models = list(list_variants(section)) if section.variants else [(kind, section)]
    if section.variants and name == "type":
        # the same for all of them
        yield "", Setting(name, None, section, section.model_fields[name]), rest
        return
    if section.variants and not rest:
        yield from (("", model, ()) for chosen, model in models if chosen == name)
    for chosen, setting in ((chosen, one) for chosen, model in models for one in list_own_settings(model)):
        bare, _ = split_optional(setting.field.annotation)
        entry = as_entry(bare)
        inner, below = (entry, rest[1:]) if entry else (as_section(bare), rest)
        if setting.name != name:
            continue
        if not rest or (inner is None and get_origin(bare) is dict):
            # what there is to say of a trait or a variable is the same for all of them
            yield chosen, setting, rest
        elif inner is not None and below:
            yield from _find(inner, below, chosen)
        elif inner is not None:
            yield chosen, inner, ()


def _render(found: Found, parts: Sequence[str]) -> Iterator[str]:
    section = found.section if isinstance(found, Setting) else found
    yield from wrap(found.description if isinstance(found, Setting) else read_docstring(found), _WIDTH)
    yield ""
    typed = found.owner if isinstance(found, Setting) and found.name == "type" else section
    if isinstance(found, Setting) and typed is not None and typed.variants:
        yield "The types, and what each needs:"
        yield from _list_types(typed)
    elif section is not None:
        yield from _list_members(section)
    elif isinstance(found, Setting):
        for name, fact in list_facts(found):
            yield from wrap(f"{name + ':':<9} {fact}", _WIDTH, subsequent_indent=" " * 10)
        if found.example is not None:
            yield "Example:"
            yield from (f"  {line}" for line in render_example(found, parts).splitlines())
        entry = as_entry(found.field.annotation)
        if entry is not None:
            yield from ("", "Below each name:", *_list_members(entry))


def _list_types(section: type[Section]) -> Iterator[str]:
    for kind, model in list_variants(section):
        needs = list_required(model)
        if issubclass(model, Auth) and model.sends_people_back:
            needs.append("external_url at the top of the file")
        yield f"  {kind}"
        for text in (read_docstring(model), f"Needs {', '.join(needs)}." if needs else ""):
            yield from wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def list_required(section: type[Section]) -> list[str]:
    """Return the settings of a group that must be given, but for its type; alternatives are one entry."""
    required = [item.name for item in list_own_settings(section) if item.field.is_required() and item.name != "type"]
    return [*required, " or ".join(section.one_of)] if section.one_of else required


def _list_members(section: type[Section]) -> Iterator[str]:
    width = max(map(len, section.model_fields)) + 2
    for member in list_own_settings(section):
        text = f"{member.name:<{width}}{member.description}{' (required)' if member.field.is_required() else ''}"
        yield from wrap(text, _WIDTH, initial_indent="  ", subsequent_indent=" " * (width + 2))


def list_facts(setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield what a setting takes and its default, or that it must be given."""
    is_type = setting.name == "type" and setting.owner.variants
    types = f"one of {', '.join(setting.owner.variants)}"
    yield "Takes", types if is_type else describe_type(setting.field.annotation, setting.field.metadata)
    is_required = setting.field.is_required()
    yield "Default", "none: it must be given" if is_required else render_inline(setting.default)


def render_example(setting: Setting, parts: Sequence[str]) -> str:
    """Return a setting's example as it is in the file."""
    value: Any = setting.example
    for part in reversed(parts):
        value = {part: value}
    return render_settings(value)


def describe_type(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Return what a setting takes, in a few words, with its bounds."""
    bare, optional = split_optional(annotation)
    arguments = get_args(bare)
    if bare is Secret:
        words = "a secret as it is, or {file: PATH} for one in a file"
    elif get_origin(bare) is dict:
        words = _describe_names(*arguments)
    elif get_origin(bare) is tuple:
        words = f"a list of {_describe_several(arguments[0], 'texts')}"
    else:
        words = _describe_single(bare, [*metadata, *list_metadata(annotation)])
    return f"{words}, or null" if optional else words


def _describe_names(name: Any, value: Any) -> str:
    if value == TraitValues:
        return "names of classes, each with traits and their values"
    if value is Any:
        return "names of traits, each with its value"
    return f"{_describe_several(name, 'names')}, each with {'settings of its own' if as_section(value) else 'a text'}"


def _describe_several(annotation: Any, default: str) -> str:
    return next((kind.plural for kind in list_kinds(list_metadata(annotation))), default)


def _describe_single(bare: Any, constraints: Sequence[Any]) -> str:
    words = next((kind.words for kind in list_kinds(constraints) if kind.words), "") or describe_kind(bare)
    bounds = [
        text.format(getattr(part, name))
        for part in constraints
        for name, text in _BOUNDS.items()
        if getattr(part, name, None) is not None
    ]
    return f"{words}, {' and '.join(bounds)}" if bounds else words
