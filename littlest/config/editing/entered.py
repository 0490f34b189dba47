"""Values as people enter them on a command line, read by the type of their setting and rendered as YAML. Pure."""

import shlex
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import StreamMark

from littlest.config.reference.catalog import split_optional
from littlest.config.reference.keys import Target, render_key
from littlest.config.sections.secrecy import MASK, mask_free
from littlest.config.sections.section import Secret
from littlest.config.text.render import render_quoted, render_value
from littlest.config.text.scalars import BadValueError, describe_kind, guess_scalar, is_null, read_scalar
from littlest.config.text.syntax import MappingNode, Node, ScalarNode, SequenceNode, YamlSyntaxError, parse_yaml
from littlest.errors import UsageError


class EntryError(UsageError):
    """What was entered does not fit the setting; `hint` is the command that does."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A value as it is written in the file."""

    inline: str
    """On one line."""
    entries: tuple[str, ...] | None = None
    """Of a list: its entries, each on one line."""


def make_list(entries: tuple[str, ...]) -> Entered:
    """Return a list of entries that are already rendered."""
    return Entered(f"[{', '.join(entries)}]", entries)


def write_entered(text: str, target: Target) -> Entered:
    """Return what was entered for a setting, as YAML. Raises EntryError."""
    key, kind = render_key(target.path), target.kind
    _check_text(text, key)
    if kind is Any:
        node = _parse(text, key)
        _check_unseen(_make_plain_data(node), target)
        return _write_node(node)
    _check_unseen(text, target)
    if target.is_list:
        return _write_list(text, target, key)
    scalar = make_scalar(text)
    if is_null(scalar) and target.optional:
        return Entered("null")
    if kind is Secret:
        node = _parse(text, key) if text.startswith("{") else scalar
        if isinstance(node, MappingNode) and [name.value for name, _ in node.value] == ["file"]:
            return _write_node(node)
        raise _refuse_secret(key, "is", f"Or name a file: littlest config set {key}.file PATH")
    if is_null(scalar):
        problem = f"{key} takes {describe_kind(kind)}, not {text}."
        raise EntryError(problem, f"For its default: littlest config unset {key}")
    return Entered(_write_scalar(scalar, kind, key))


def write_entry(text: str, target: Target) -> str:
    """Return what was entered for one entry of a list, as YAML. Raises EntryError."""
    key = render_key(target.path)
    _check_text(text, key)
    _check_unseen(text, target)
    if target.kind is Any:
        return _write_node(_parse(text, key)).inline
    return _write_scalar(make_scalar(text), split_optional(target.item)[0], key)


def write_secret(text: str) -> Entered:
    """Return a secret as YAML: always text, whatever it looks like."""
    return Entered(render_quoted(text))


def make_scalar(text: str, style: str = "") -> ScalarNode:
    """Return a text as a value of YAML; `style` is its quote, empty for none."""
    mark = StreamMark("", 0, 0, 0)
    return ScalarNode(None, text, mark, mark, style=style or None)


def _check_text(text: str, key: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise EntryError(f"What was given for {key} is not UTF-8.") from None


def _parse(text: str, key: str) -> Node:
    try:
        return parse_yaml(text) or make_scalar("")
    except YamlSyntaxError as error:
        has_quotes = "'" in text or '"' in text
        advice = None if has_quotes else f"""If it is text, put quotes inside quotes: '"{text}"'"""
        raise EntryError(f"What was given for {key} is not YAML: {error.problem}.", advice) from None


def _write_list(text: str, target: Target, key: str) -> Entered:
    node = _parse(text, key)
    if not isinstance(node, SequenceNode):
        # several as people write them elsewhere: ada,grace
        words = [word.strip() for word in text.split(",") if word.strip()] if isinstance(node, ScalarNode) else []
        words = words or ["VALUE"]
        raise EntryError(
            f"{key} takes a list, and this would replace it with one value.",
            f"To add to it: littlest config add {key} {shlex.join(words)}."
            f" To replace all of it: write '[{', '.join(words)}]'.",
        )
    if not all(isinstance(item, ScalarNode) for item in node.value):
        raise EntryError(f"{key} takes a list of single values, such as [one, another].")
    kind = split_optional(target.item)[0]
    return make_list(tuple(_write_scalar(item, kind, key) for item in node.value))


def _check_unseen(value: Any, target: Target) -> None:
    """Raises EntryError for a secret in a place where only the names say which values are secret."""
    if MASK in str(mask_free(value, target.path)) and MASK not in str(value):
        key = render_key(target.path)
        if target.is_list:
            advice = "Give it to the program in its environment, with: littlest config edit"
            raise EntryError(_SECRET.format(key=key, verb="holds"), advice)
        raise _refuse_secret(key, "holds", "Or write it with: littlest config edit")


_SECRET = "{key} {verb} a secret; on a command line, everybody on this machine could read it."


def _refuse_secret(key: str, verb: str, other_way: str) -> EntryError:
    advice = f"Type it when asked: littlest config set {key} -   {other_way}"
    return EntryError(_SECRET.format(key=key, verb=verb), advice)


def _write_scalar(node: ScalarNode, kind: Any, key: str) -> str:
    try:
        value = read_scalar(node, kind)
    except BadValueError as error:
        raise EntryError(f"{key}: {error}.") from None
    # a number as it was entered: 0.10 need not become 0.1
    return render_value(value) if isinstance(value, str) else str(node.value)


def _write_node(node: Node) -> Entered:
    match node:
        case ScalarNode():
            guessed = guess_scalar(node)
            return Entered(render_value(guessed) if isinstance(guessed, str) else node.value or "null")
        case SequenceNode():
            return make_list(tuple(_write_node(item).inline for item in node.value))
        case _:
            pairs = (f"{_write_node(name).inline}: {_write_node(value).inline}" for name, value in node.value)
            return Entered(f"{{{', '.join(pairs)}}}")


def _make_plain_data(node: Node) -> Any:
    match node:
        case ScalarNode():
            return guess_scalar(node)
        case SequenceNode():
            return [_make_plain_data(item) for item in node.value]
        case _:
            return {str(name.value): _make_plain_data(value) for name, value in node.value}
