"""What is wrong with the shape of a value, or with a key, and what you probably meant. Pure."""

import re
from typing import Any, get_origin

from littlest.config.reference.catalog import as_section, find_nearest_key, find_nearest_word, list_variants
from littlest.config.reference.peer_keys import find_peer_hint
from littlest.config.sections.section import Place, Secret, Section
from littlest.config.text.scalars import (
    BadValueError,
    describe_kind,
    is_blank,
    make_visible,
)
from littlest.config.text.syntax import Node, ScalarNode, SequenceNode, explain_missing_space


def explain_key(name: str, section: type[Section], place: Place) -> str:
    """Return which key you probably meant by an unknown one of a group: one of the group, or one of another."""
    names = tuple(section.model_fields)
    kinds = [kind for kind, model in list_variants(section) if name in model.model_fields]
    if kinds:
        return f"it goes with auth.type {' or '.join(kinds)}"
    group = ".".join(map(str, place))
    if hint := find_peer_hint(f"{group}.{name}".lstrip(".")):
        return hint
    sibling = find_nearest_word(name, names, cutoff=0.7)
    nearest = ".".join(filter(None, (group, sibling))) if sibling else find_nearest_key(f"{group}.{name}".lstrip("."))
    if not nearest:
        return f"{group or 'the file'} takes {', '.join(names)}"
    around, _, last = nearest.rpartition(".")
    elsewhere = f" (write {last} below {around}:, indented)" if around not in ("", group) else ""
    return f"did you mean {nearest}?{elsewhere}"


def explain_misfit(node: Node, kind: Any, place: Place) -> BadValueError:
    """Return what is wrong with a value of another shape than its setting takes."""
    section = as_section(kind)
    if section is Secret:
        # nothing of it is named: it may be the secret itself
        begin, shape = ("[", ", not a list") if isinstance(node, SequenceNode) else ("{", "")
        problem = f"takes a secret, or {{file: PATH}}{shape}; put a secret that begins with {begin} in quotes"
    elif section is not None:
        return _explain_section(node, section, place)
    elif get_origin(kind) is dict:
        problem = "takes names with their settings: write them below it, indented, such as name: …"
    elif get_origin(kind) is tuple:
        problem = _explain_list(node)
    elif is_blank(node):
        problem = "is empty" if is_entry(place) else "has no value; give one, or delete the line"
    elif isinstance(node, ScalarNode):
        problem = f"takes {describe_kind(kind)}, not {node.value}; delete the line to get the default"
    else:
        shape = "list" if isinstance(node, SequenceNode) else "group"
        advice = (
            "; put what begins with { or [ in quotes" if kind is str and getattr(node, "flow_style", False) else ""
        )
        problem = f"takes {describe_kind(kind)}, not a {shape}{advice}"
    return BadValueError(problem)


def is_entry(place: Place) -> bool:
    """Whether this is the place of an entry of a list."""
    return place != () and isinstance(place[-1], int)


def _explain_list(node: Node) -> str:
    if isinstance(node, ScalarNode) and not node.style and node.value.startswith("-"):
        return "takes a list; a space is missing after the dash"
    example = make_visible(node.value.split(",")[0].strip()) if isinstance(node, ScalarNode) else "name"
    return f"takes a list: write each entry on a line of its own below it, such as - {example}"


def _explain_section(node: Node, section: type[Section], place: Place) -> BadValueError:
    example = next(iter(section.model_fields))
    problem = "is a group of settings: write them below it, indented," if place else "the file must hold settings,"
    text = node.value if isinstance(node, ScalarNode) and not node.style else ""
    first = re.split(r"[^A-Za-z0-9_]", text)[0]
    colon = f"a colon is missing after {first}"
    hint = (explain_missing_space(text) or colon) if first in section.model_fields else None
    return BadValueError(f"{problem} such as {example}: …", hint)
