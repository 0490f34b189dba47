"""What you probably meant by an unknown key, or by a value where a group of settings belongs. Pure."""

import re

from littlest.config.reference.catalog import find_nearest_key, find_nearest_word, list_variants
from littlest.config.sections.auth import Auth
from littlest.config.sections.base import Place, Section
from littlest.config.text.syntax import Node, ScalarNode, explain_missing_space


def make_key_hint(name: str, names: tuple[str, ...], place: Place) -> str | None:
    """Return which key you probably meant by an unknown one: one of its group, or one of another."""
    kinds = [kind for kind, model in list_variants(Auth) if name in model.model_fields] if place == ("auth",) else []
    if kinds:
        return f"it goes with auth.type {' or '.join(kinds)}"
    sibling = find_nearest_word(name, names, cutoff=0.7)
    nearest = (
        ".".join(map(str, (*place, sibling))) if sibling else find_nearest_key(".".join(map(str, (*place, name))))
    )
    if nearest:
        group, _, last = nearest.rpartition(".")
        is_elsewhere = group and tuple(group.split(".")) != place
        return f"did you mean {nearest}?" + (f" (write {last} below {group}:, indented)" if is_elsewhere else "")
    return f"{'.'.join(map(str, place)) or 'the file'} takes {', '.join(names)}" if names else None


def explain_section(node: Node, model: type[Section], place: Place) -> tuple[str, str | None]:
    """Return what is wrong where a group of settings belongs, and a hint."""
    example = next(iter(model.model_fields))
    problem = (
        f"is a group of settings: write them below it, indented, such as {example}: …"
        if place
        else f"the file must hold settings, such as {example}: …"
    )
    if not isinstance(node, ScalarNode) or node.style:
        return problem, None
    first = re.match(r"[A-Za-z0-9_]*", node.value)
    if first is None or first[0] not in model.model_fields:
        return problem, None
    return problem, explain_missing_space(node.value) or f"a colon is missing after {first[0]}"
