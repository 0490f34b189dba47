"""Single values of YAML as the type of the setting they are given to, and as messages show them. Pure."""

import math
import re
from typing import Any, Literal

from littlest.config.reference.catalog import list_choices
from littlest.config.sections.secrecy import mask_text
from littlest.config.sections.section import Data
from littlest.config.text.syntax import Node, ScalarNode

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
"""Without a zero before other digits: that is a postcode or a matriculation number."""
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = frozenset({"null", "Null", "NULL", "~"})
_YAML_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    _YAML_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
)
_MOST_SHOWN = 60
_MOST_DIGITS = 30


class BadValueError(Exception):
    """A value that does not suit its setting; the text is a sentence without its subject, `hint` what was meant."""

    def __init__(self, problem: str, hint: str | None = None) -> None:
        super().__init__(problem)
        self.hint = hint


def _explain_duration(text: str) -> str | None:
    """Return the seconds that a text such as 2h stands for."""
    found = re.fullmatch("([0-9]{1,6}) ?([smhd])[a-z]*", text, re.ASCII)
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return f"in seconds that is {int(found[1]) * seconds[found[2]]}" if found else None


def read_scalar(node: ScalarNode, kind: Any) -> Any:
    """Return a value as the type of its setting. Raises BadValueError."""
    text: str = node.value
    if kind == Literal[True]:
        kind = bool
    if kind not in (bool, int, float):
        return text
    if kind is bool and (node.style or text not in _TRUTH):
        raise BadValueError(f"{show(node)} is neither true nor false")
    number = _TRUTH[text] if kind is bool else _parse_number(text)
    # 80.0 is a whole number, to editors as well
    if number is None or (kind is int and not float(number).is_integer()):
        raise BadValueError(f"{show(node)} is not {describe_kind(kind)}", _explain_duration(text))
    if node.style:
        raise BadValueError(f"{show(node)} is text because of its quotes; write {text}")
    return int(number) if kind is int else number


def describe_kind(kind: Any) -> str:
    """Return what a setting of this type takes, in a few words."""
    if kind == Literal[True]:
        return "true"
    if choices := list_choices(kind):
        return " or ".join(choices)
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "text")


def show(node: Node) -> str:
    """Return a value as the file writes it, short enough for a message."""
    if not isinstance(node, ScalarNode):
        return ""
    text = make_visible(node.value)
    return f'"{text}"' if node.style or text.strip() != text or not text else text


def make_visible(text: str) -> str:
    """Return a text as one short line without control characters and passwords."""
    text = mask_text(text)
    short = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
    return short if short.isprintable() else short.encode("unicode_escape").decode()


def check_markup(node: Node, *, is_secret: bool, is_single: bool) -> None:
    """Raises BadValueError for a value of which YAML reads more, or less, than its text; it names no secret.

    A dash that is indented too far makes one user of two.
    """
    begin = "!" if node.tag and str(node.tag) not in _KNOWN_TAGS else "&" if node.anchor and is_blank(node) else ""
    is_plain = isinstance(node, ScalarNode) and not node.style
    is_split = is_plain and is_single and node.end_mark.line > node.start_mark.line
    if is_secret and begin:
        raise BadValueError(f"begins with {begin}, which has a meaning in YAML; put the secret in quotes")
    if is_secret and is_split:
        raise BadValueError("is on more than one line; write the secret on one line, in quotes")
    if begin == "!":
        tag = make_visible(str(node.tag).replace(_YAML_TAG, "!!"))
        raise BadValueError(f"the tag {tag} means nothing here; remove it")
    if is_split:
        raise BadValueError(f"is on more than one line, which YAML reads as {show(node)}; indent all entries alike")


def guess_scalar(node: ScalarNode) -> Data:
    """Return a value as it is written, where no setting says what it should be.

    As YAML 1.2's core schema has it, but that only a number in its plain spelling is one: a zero before it (0123),
    another base (0x10) or no finite value (.inf, 1e999) leave it the text that it looks like.
    """
    text: str = node.value
    if is_empty(node):
        return None
    if not node.style and text in _TRUTH:
        return _TRUTH[text]
    number = None if node.style else _parse_number(text)
    return number if number is not None and math.isfinite(number) else text


def _parse_number(text: str) -> int | float | None:
    """Return the number that is written so, None where none is."""
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return None
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def is_null(node: Node) -> bool:
    """Whether this is a written null."""
    return isinstance(node, ScalarNode) and not node.style and node.value in _NULL


def is_blank(node: Node) -> bool:
    """Whether the value is left out."""
    return isinstance(node, ScalarNode) and not node.style and not node.value


def is_empty(node: Node) -> bool:
    """Whether this is null or left out."""
    return is_null(node) or is_blank(node)
