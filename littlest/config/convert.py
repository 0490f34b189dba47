"""YAML nodes to plain data, guided by the model: a value is read as the type of the setting it is given to.

That keeps a user called `null`, `yes` or `0123` the text it looks like, and gives every complaint its line. What is
wrong is noted and left out, so that one run finds every problem.
"""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from littlest.config.model import Config, Section
from littlest.config.problems import Problem
from littlest.config.settings import as_section, find_nearest_key, list_choices, split_optional
from littlest.config.syntax import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[str | int, ...]
"""Where a value stands in the data: keys, and positions in lists."""

_YAML_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    _YAML_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = frozenset({"null", "Null", "NULL", "~"})
_MOST_SHOWN = 60
_MOST_DIGITS = 30


class _Misread(Exception):
    """A value that is not what its setting needs; the text is a sentence for the person."""


class Conversion:
    """One file's way from nodes to data: `data`, the `problems` met, and the node at every place."""

    def __init__(self, root: Node | None, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.nodes: dict[Place, Node] = {}
        self.data: dict[str, Any] = {}
        if root is not None and not _is_empty(root):
            self.nodes[()] = root
            self.data = self._convert_section(root, Config, ())

    def add_problem(self, node: Node, place: Place, problem: str, hint: str | None = None) -> None:
        """Note what is wrong with the value at a place."""
        key = ".".join(_make_visible(part) for part in place if isinstance(part, str))
        mark = node.start_mark
        self.problems.append(Problem(self.file, mark.line + 1, mark.column + 1, key, problem, hint))

    def find_node(self, place: Place) -> Node:
        """Return the node at a place, or at the nearest place around it."""
        while place not in self.nodes:
            place = place[:-1]
        return self.nodes[place]

    def _convert_section(self, node: Node, model: type[Section], place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if not isinstance(node, MappingNode):
            self.add_problem(node, place, _explain_section(model, place))
            return data
        for name, key, value in self._list_pairs(node, model, place):
            here = (*place, name)
            # nothing stands where the next thing stands: the key is what a person looks for
            self.nodes[here] = key if _is_blank(value) else value
            try:
                data[name] = self._convert(value, model.model_fields[name].annotation, here)
            except _Misread as misread:
                self.add_problem(self.nodes[here], here, str(misread))
        return data

    def _list_pairs(self, node: MappingNode, model: type[Section], place: Place) -> Iterator[tuple[str, Node, Node]]:
        """Yield the known keys, their nodes and values, each once; note the unknown and the repeated ones."""
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            if _is_merge(key):
                continue
            name = key.value if isinstance(key, ScalarNode) else ""
            here = (*place, name)
            if not name:
                self.add_problem(key, place, "a key must be a plain word")
            elif name in first_lines:
                problem = f"is given twice, first on line {first_lines[name]}"
                self.add_problem(key, here, problem, "keep one of the two")
            else:
                first_lines[name] = key.start_mark.line + 1
                if name in model.model_fields:
                    yield name, key, value
                else:
                    nearest = find_nearest_key(".".join(map(str, here)))
                    self.add_problem(key, here, "unknown key", f"did you mean {nearest}?" if nearest else None)
        for name, key, value in self._list_merged(node, place):
            if name in model.model_fields and name not in first_lines:
                first_lines[name] = key.start_mark.line + 1
                yield name, key, value

    def _list_merged(self, node: MappingNode, place: Place) -> Iterator[tuple[str, Node, Node]]:
        """Yield what merge keys (`<<: *anchor`) bring, the nearest first; an anchor may hold keys for elsewhere."""
        waiting = [value for key, value in node.value if _is_merge(key)]
        seen: set[int] = {id(node)}
        while waiting:
            source = waiting.pop(0)
            if id(source) in seen:
                continue
            seen.add(id(source))
            if isinstance(source, SequenceNode):
                waiting[:0] = source.value
            elif isinstance(source, MappingNode):
                waiting[:0] = [value for key, value in source.value if _is_merge(key)]
                for key, value in source.value:
                    if isinstance(key, ScalarNode) and not _is_merge(key):
                        yield key.value, key, value
            else:
                self.add_problem(source, place, "<< takes a group of settings, such as *name")

    def _convert(self, node: Node, annotation: Any, place: Place) -> Any:
        kind, optional = split_optional(annotation)
        if node.tag and str(node.tag) not in _KNOWN_TAGS:
            raise _Misread(
                f"the tag {_make_visible(str(node.tag).replace(_YAML_TAG, '!!'))} means nothing here; remove it"
            )
        if section := as_section(kind):
            # a group whose settings are all commented out is a group without settings
            return {} if _is_empty(node) else self._convert_section(node, section, place)
        if get_origin(kind) is tuple:
            return () if _is_empty(node) else self._convert_list(node, get_args(kind)[0], place)
        if not isinstance(node, ScalarNode):
            raise _Misread(
                f"takes {describe_kind(kind)}, not a {'list' if isinstance(node, SequenceNode) else 'group'}"
            )
        in_list = isinstance(place[-1], int)
        if _is_blank(node):
            raise _Misread("is empty" if in_list else "has no value; give one, or delete the line")
        if not in_list and _is_null(node):
            if optional:
                return None
            raise _Misread(f"takes {describe_kind(kind)}, not {node.value}; delete the line to get the default")
        if not node.style and node.end_mark.line > node.start_mark.line:
            # YAML joins the lines: a dash that is indented too far makes one user of two
            raise _Misread(
                f"goes on over more than one line, as {show(node)}; several entries must be indented alike"
            )
        return _read_scalar(node, kind)

    def _convert_list(self, node: Node, annotation: Any, place: Place) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            example = (
                f"- {_make_visible(node.value.split(',')[0].strip())}" if isinstance(node, ScalarNode) else "- name"
            )
            raise _Misread(f"takes a list: write each entry on a line of its own below it, such as {example}")
        items: list[Any] = []
        for index, item in enumerate(node.value):
            try:
                value = self._convert(item, annotation, (*place, index))
            except _Misread as misread:
                self.add_problem(item, (*place, index), f"entry {index + 1} {misread}")
            else:
                # positions in the data, which lacks the entries that could not be read
                self.nodes[*place, len(items)] = item
                items.append(value)
        return tuple(items)


def _read_scalar(node: ScalarNode, kind: Any) -> Any:
    text: str = node.value
    if kind is str or list_choices(kind):
        return text
    shown = show(node)
    if kind is bool:
        if node.style or text not in _TRUTH:
            raise _Misread(f"{shown} is neither true nor false")
        return _TRUTH[text]
    pattern = _INTEGER if kind is int else _NUMBER
    if not pattern.fullmatch(text) or len(text) > _MOST_DIGITS:
        raise _Misread(f"{shown} is not {describe_kind(kind)}")
    if node.style:
        raise _Misread(f"{shown} is text because of its quotes; write {text}")
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def describe_kind(kind: Any) -> str:
    """Return what a setting of this type takes, in a few words."""
    if choices := list_choices(kind):
        return " or ".join(choices)
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "text")


def show(node: Node) -> str:
    """Return a value as it stands in the file, short enough for a message."""
    if not isinstance(node, ScalarNode):
        return ""
    text = _make_visible(node.value)
    return f'"{text}"' if node.style or text.strip() != text or not text else text


def _make_visible(text: str) -> str:
    """Return what someone wrote as one short line without control characters."""
    short = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
    return short if short.isprintable() else short.encode("unicode_escape").decode()


def _explain_section(model: type[Section], place: Place) -> str:
    example = next(iter(model.model_fields))
    if place:
        return f"is a group of settings: write them below it, indented, such as {example}: …"
    return f"the file must hold settings, such as {example}: …"


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == "<<" and not key.style


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style and node.value in _NULL


def _is_blank(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style and not node.value


def _is_empty(node: Node) -> bool:
    return _is_null(node) or _is_blank(node)
