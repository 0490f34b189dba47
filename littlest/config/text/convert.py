"""YAML nodes to plain data, guided by the model: a value is read as the type of the setting it is given to.

That keeps a user called `null`, `yes` or `0123` the text it looks like, and gives every complaint its line. What is
wrong is noted and left out, so that one run finds every problem.
"""

import itertools
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from ruamel.yaml.error import StreamMark

from littlest.config.model import Config, find_variant
from littlest.config.reference.catalog import as_section, find_nearest_word, list_variants, split_optional
from littlest.config.sections.base import Place, Secret, Section
from littlest.config.sections.kinds import UserName
from littlest.config.sections.secrecy import cut_at_secret, is_hidden, is_secret_place
from littlest.config.text.hints import explain_section, make_key_hint
from littlest.config.text.problems import Problem
from littlest.config.text.scalars import (
    BadValueError,
    describe_kind,
    find_line_break,
    find_markup,
    guess_scalar,
    is_blank,
    is_empty,
    is_null,
    make_visible,
    read_scalar,
    show,
)
from littlest.config.text.syntax import MappingNode, Node, ScalarNode, SequenceNode

KEY = "[key]"
"""The end of a place where the name itself is meant; pydantic's word for it."""
_MOST_DEPTH = 20
_MOST_VALUES = 50_000
"""Of those whose shape no setting prescribes: a few lines of anchors within anchors can stand for billions."""


class Conversion:
    """The conversion of one file's nodes: the `data`, the `problems` found, and the node at every place."""

    def __init__(self, root: Node | None, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.wrong: list[Place] = []
        """Where the problems are."""
        self.nodes: dict[Place, Node] = {}
        self._values = 0
        self.hidden: list[Node] = []
        """Nodes to mask: secrets, values below unknown keys, and values where a group belongs."""
        self.data: dict[str, Any] = {}
        if root is not None and not is_empty(root):
            self.nodes[()] = root
            self.data = self._convert_section(root, Config, ())

    def add_problem(self, node: Node, place: Place, problem: str, hint: str | None = None) -> None:
        """Note what is wrong with the value at a place, once."""
        found = self.make_problem(node, place, problem, hint)
        self.wrong.append(place)
        if found not in self.problems:
            self.problems.append(found)

    def make_problem(self, node: Node, place: Place, problem: str, hint: str | None = None) -> Problem:
        """Return what is wrong with the value at a place."""
        key = ".".join(make_visible(part) for part in cut_at_secret(place) if isinstance(part, str) and part != KEY)
        mark = node.start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, key, problem, hint)

    def find_node(self, place: Place) -> Node:
        """Return the node at a place, or at the nearest place around it."""
        while place and place not in self.nodes:
            place = place[:-1]
        # an empty file has no node at all
        return self.nodes.get(place) or ScalarNode(None, "", StreamMark("", 0, 0, 0), StreamMark("", 0, 0, 0))

    def _convert_section(self, node: Node, model: type[Section], place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if not isinstance(node, MappingNode):
            self.hidden.append(node)
            self.add_problem(node, place, *explain_section(node, model, place))
            return data
        if model.variants:
            variant = self._choose_variant(node, model, place)
            if variant is None:
                return data
            model = variant
        for name, key, value in self._list_pairs(node, tuple(model.model_fields), place):
            here = (*place, name)
            # a value that is left out has the position of the next thing: point at the key instead
            self.nodes[here] = key if is_blank(value) else value
            try:
                data[name] = self._convert(value, model.model_fields[name].annotation, here)
            except BadValueError as error:
                self.add_problem(self.nodes[here], here, str(error))
            if model is Secret and name == "value":
                self.hidden.append(value)
        return data

    def _choose_variant(self, node: MappingNode, model: type[Section], place: Place) -> type[Section] | None:
        """Return the model that the key `type` asks for; None, and a problem, for an unknown type."""
        pairs = ((key.value, value) for key, value in node.value if isinstance(key, ScalarNode))
        merged = ((name, value) for name, _, value in self._list_merged(node, place))
        kind = next((value for name, value in itertools.chain(pairs, merged) if name == "type"), None)
        if not isinstance(kind, ScalarNode) or is_blank(kind):
            # the problem is reported where the key is read
            return find_variant(model, {})
        try:
            return find_variant(model, {"type": kind.value})
        except ValidationError:
            nearest = find_nearest_word(kind.value, tuple(model.variants))
            self.hidden += [value for _, value in node.value if value is not kind]
            problem = f"{show(kind)} is not one of {', '.join(model.variants)}"
            self.add_problem(kind, (*place, "type"), problem, f"did you mean {nearest}?" if nearest else None)
            known = {name for _, variant in list_variants(model) for name in variant.model_fields}
            # for the keys that no type has
            list(self._list_pairs(node, tuple(known), place))
            return None

    def _list_pairs(
        self, node: MappingNode, names: tuple[str, ...] | None, place: Place
    ) -> Iterator[tuple[str, Node, Node]]:
        """Yield the known keys, their nodes and values, each once; note the unknown and the repeated ones.

        `names` are the known keys, None where any key is allowed.
        """
        is_known = names.__contains__ if names is not None else bool
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
                self.hidden.append(value)
                self.add_problem(key, here, problem, "keep one of the two")
            else:
                first_lines[name] = key.start_mark.line + 1
                if is_known(name):
                    yield name, key, value
                else:
                    self.hidden.append(value)
                    self.add_problem(key, here, "unknown key", make_key_hint(name, names or (), place))
        for name, key, value in self._list_merged(node, place):
            if name in first_lines:
                continue
            first_lines[name] = key.start_mark.line + 1
            if is_known(name):
                yield name, key, value
            else:
                # the key may be right where it is written: only merging it into this group is wrong
                self.hidden.append(value)
                merge = next(one for one, _ in node.value if _is_merge(one))
                hint = make_key_hint(name, names or (), place)
                self.add_problem(merge, (*place, name), "unknown key, which << brings here", hint)

    def _list_merged(self, node: MappingNode, place: Place) -> Iterator[tuple[str, Node, Node]]:
        """Yield what merge keys (`<<: *anchor`) bring, the nearest first."""
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
        if kind is Secret and not isinstance(node, MappingNode):
            self.hidden.append(node)
        self._hide_free(node, place)
        is_secret = kind is Secret or is_secret_place(place)
        markup = find_markup(node, is_secret=is_secret) or (
            find_line_break(node, is_secret=True) if kind is Secret else ""
        )
        if markup:
            raise BadValueError(markup)
        if kind is Any:
            try:
                return self._convert_data(node, place)
            except BadValueError:
                # what was not converted may hold secrets
                self.hidden.append(node)
                raise
        if optional and is_null(node):
            return None
        section, origin = as_section(kind), get_origin(kind)
        if kind is Secret and not isinstance(node, ScalarNode):
            self._check_secret_group(node)
        if kind is Secret and isinstance(node, ScalarNode) and not is_empty(node):
            found: Any = {"value": node.value}
        elif section is not None:
            # a group whose settings are all commented out is a group without settings
            found = {} if is_empty(node) else self._convert_section(node, section, place)
        elif origin is dict:
            found = {} if is_empty(node) else self._convert_mapping(node, get_args(kind), place)
        elif origin is tuple:
            found = () if is_empty(node) else self._convert_list(node, get_args(kind)[0], place)
        else:
            found = self._convert_single(node, kind, place, optional=optional)
        return found

    def _check_secret_group(self, node: Node) -> None:
        """Raises BadValueError for neither a secret nor {file: PATH}; the message names nothing of it."""
        if not isinstance(node, MappingNode):
            raise BadValueError(
                "takes a secret, or {file: PATH}, not a list; put a secret that begins with [ in quotes"
            )
        keys = [key for key, _ in node.value if not _is_merge(key)]
        if not all(isinstance(key, ScalarNode) and key.value in Secret.model_fields for key in keys):
            self.hidden += [node, *keys]
            raise BadValueError("takes a secret, or {file: PATH}; put a secret that begins with { in quotes")

    def _convert_single(self, node: Node, kind: Any, place: Place, *, optional: bool) -> Any:
        if not isinstance(node, ScalarNode):
            given = "list" if isinstance(node, SequenceNode) else "group"
            is_flow = isinstance(node, SequenceNode | MappingNode) and node.flow_style
            advice = "; put what begins with { or [ in quotes" if is_flow and kind is str else ""
            raise BadValueError(f"takes {describe_kind(kind)}, not a {given}{advice}")
        in_list = isinstance(place[-1], int)
        if is_blank(node):
            raise BadValueError("is empty" if in_list else "has no value; give one, or delete the line")
        if not in_list and is_null(node):
            raise BadValueError(f"takes {describe_kind(kind)}, not {node.value}; delete the line to get the default")
        if broken := find_line_break(node, is_secret=is_secret_place(place)):
            raise BadValueError(broken)
        return read_scalar(node, kind)

    def _convert_mapping(self, node: Node, annotation: tuple[Any, Any], place: Place) -> dict[str, Any]:
        """Return the values of names that the admin chooses, such as those of groups."""
        data: dict[str, Any] = {}
        if not isinstance(node, MappingNode):
            self.hidden.append(node)
            raise BadValueError("takes names with their settings: write them below it, indented, such as name: …")
        names, kind = annotation
        first_lines: dict[str, int] = {}
        for name, key, value in self._list_pairs(node, None, place):
            here = (*place, name)
            same = name.lower() if names is UserName else name
            if same in first_lines:
                self.hidden.append(value)
                problem = f"is given twice, first on line {first_lines[same]} in other letters"
                self.add_problem(key, here, problem, "keep one of the two")
                continue
            first_lines[same] = key.start_mark.line + 1
            self.nodes[here] = key if is_blank(value) else value
            self.nodes[*here, KEY] = key
            try:
                data[name] = self._convert(value, kind, here)
            except BadValueError as error:
                self.add_problem(self.nodes[here], here, str(error))
        return data

    def _convert_data(self, node: Node, place: Place, depth: int = 0) -> Any:
        """Return a value whose shape no setting prescribes."""
        if depth > _MOST_DEPTH:
            raise BadValueError("is nested too deeply, or holds itself")
        self._values += 1
        self._hide_free(node, place)
        if self._values > _MOST_VALUES:
            raise BadValueError(f"holds more than {_MOST_VALUES} values, each anchor counted where it is used")
        is_secret = is_secret_place(place)
        markup = find_markup(node, is_secret=is_secret) or find_line_break(node, is_secret=is_secret)
        if markup:
            self.hidden.append(node)
            self.add_problem(node, place, markup)
            return None
        if isinstance(node, ScalarNode):
            return guess_scalar(node)
        if isinstance(node, SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self.nodes[*place, index] = item
                items.append(self._convert_data(item, (*place, index), depth + 1))
            return items
        data: dict[str, Any] = {}
        if not isinstance(node, MappingNode):
            return data
        for name, key, value in self._list_pairs(node, None, place):
            self.nodes[*place, name] = key if is_blank(value) else value
            self.nodes[*place, name, KEY] = key
            data[name] = self._convert_data(value, (*place, name), depth + 1)
        return data

    def _hide_free(self, node: Node, place: Place) -> None:
        """Note secrets where the model knows no names, together with the names in them."""
        value: Any = node
        if isinstance(node, ScalarNode):
            value = guess_scalar(node)
        elif isinstance(node, SequenceNode):
            value = [item.value for item in node.value if isinstance(item, ScalarNode)] or node
        if is_hidden(value, place) and not _names_file(node, place):
            self.hidden.append(node)
            if isinstance(node, MappingNode):
                self.hidden += [key for key, _ in node.value]

    def _convert_list(self, node: Node, annotation: Any, place: Place) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            if isinstance(node, ScalarNode) and not node.style and node.value.startswith("-"):
                raise BadValueError("takes a list; a space is missing after the dash")
            example = (
                f"- {make_visible(node.value.split(',')[0].strip())}" if isinstance(node, ScalarNode) else "- name"
            )
            raise BadValueError(f"takes a list: write each entry on a line of its own below it, such as {example}")
        items: list[Any] = []
        for index, item in enumerate(node.value):
            try:
                value = self._convert(item, annotation, (*place, index))
            except BadValueError as error:
                self.add_problem(item, (*place, index), f"entry {index + 1} {error}")
            else:
                # positions in the data, which lacks the entries that could not be read
                self.nodes[*place, len(items)] = item
                items.append(value)
        return tuple(items)


def _names_file(node: Node, place: Place) -> bool:
    """Whether this is the path of a secret's file, or `{file: PATH}` as a whole."""
    if isinstance(node, MappingNode):
        return len(node.value) == 1 and all(
            isinstance(key, ScalarNode) and _names_file(value, (*place, key.value)) for key, value in node.value
        )
    return isinstance(node, ScalarNode) and place[-1] == "file" and node.value.startswith("/")


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == "<<" and not key.style
