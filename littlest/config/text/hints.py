"""What is wrong with a value that the model refuses for its shape or its key, and what you probably meant. Pure."""

import re
from typing import Any, get_origin

from littlest.config.reference.catalog import as_section, find_nearest_key, find_nearest_word, list_variants
from littlest.config.sections.base import Place, Secret, Section
from littlest.config.text.scalars import (
    BadValueError,
    describe_kind,
    is_blank,
    is_null,
    make_visible,
    read_scalar,
    show,
)
from littlest.config.text.syntax import Node, ScalarNode, SequenceNode, explain_missing_space

Complaint = tuple[str, str | None]
"""What is wrong, without its subject, and a hint."""


def explain_key(name: str, section: type[Section], place: Place) -> str:
    """Return which key you probably meant by an unknown one of a group: one of the group, or one of another."""
    names = tuple(section.model_fields)
    kinds = [kind for kind, model in list_variants(section) if name in model.model_fields]
    if kinds:
        return f"it goes with auth.type {' or '.join(kinds)}"
    sibling = find_nearest_word(name, names, cutoff=0.7)
    group = ".".join(map(str, place))
    nearest = ".".join(filter(None, (group, sibling))) if sibling else find_nearest_key(f"{group}.{name}".lstrip("."))
    if not nearest:
        return f"{group or 'the file'} takes {', '.join(names)}"
    around, _, last = nearest.rpartition(".")
    elsewhere = f" (write {last} below {around}:, indented)" if around not in ("", group) else ""
    return f"did you mean {nearest}?{elsewhere}"


def explain_misfit(node: Node, kind: Any, place: Place) -> Complaint:
    """Return what is wrong with a value whose setting takes another type, or another shape."""
    section = as_section(kind)
    if section is not None:
        return _explain_secret(node) if section is Secret else _explain_section(node, section, place)
    is_entry = place != () and isinstance(place[-1], int)
    if get_origin(kind) is dict:
        problem = "takes names with their settings: write them below it, indented, such as name: …"
    elif get_origin(kind) is tuple:
        problem = _explain_list(node)
    elif isinstance(node, ScalarNode):
        problem = _explain_single(node, kind, is_entry=is_entry)
    else:
        shape = "list" if isinstance(node, SequenceNode) else "group"
        advice = "; put what begins with { or [ in quotes" if node.flow_style and kind is str else ""
        problem = f"takes {describe_kind(kind)}, not a {shape}{advice}"
    return f"entry {place[-1] + 1} {problem}" if is_entry else problem, None


def _explain_list(node: Node) -> str:
    if isinstance(node, ScalarNode) and not node.style and node.value.startswith("-"):
        return "takes a list; a space is missing after the dash"
    example = make_visible(node.value.split(",")[0].strip()) if isinstance(node, ScalarNode) else "name"
    return f"takes a list: write each entry on a line of its own below it, such as - {example}"


def _explain_single(node: ScalarNode, kind: Any, *, is_entry: bool) -> str:
    if is_blank(node):
        return "is empty" if is_entry else "has no value; give one, or delete the line"
    if is_null(node) and not is_entry:
        return f"takes {describe_kind(kind)}, not {node.value}; delete the line to get the default"
    try:
        read_scalar(node, kind)
    except BadValueError as error:
        return str(error)
    return f"{show(node)} does not fit"


def _explain_secret(node: Node) -> Complaint:
    # nothing of it is named: it may be the secret itself
    begin, shape = ("[", ", not a list") if isinstance(node, SequenceNode) else ("{", "")
    return f"takes a secret, or {{file: PATH}}{shape}; put a secret that begins with {begin} in quotes", None


def _explain_section(node: Node, section: type[Section], place: Place) -> Complaint:
    example = next(iter(section.model_fields))
    problem = (
        f"is a group of settings: write them below it, indented, such as {example}: …"
        if place
        else f"the file must hold settings, such as {example}: …"
    )
    if not isinstance(node, ScalarNode) or node.style:
        return problem, None
    first = re.match(r"[A-Za-z0-9_]*", node.value)
    if first is None or first[0] not in section.model_fields:
        return problem, None
    return problem, explain_missing_space(node.value) or f"a colon is missing after {first[0]}"
