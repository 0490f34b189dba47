"""YAML nodes to plain data for the model, guided by it: a value is read as the type of its setting.

That keeps a user called `null`, `yes` or `0123` the text it looks like. What is wrong with the shape of a value, or
shows in the text only, such as a key that is given twice, is noted here; everything else the model finds.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from ruamel.yaml.error import StreamMark

from littlest.config.model import Config, find_variant
from littlest.config.reference.catalog import as_section, split_optional
from littlest.config.sections.kinds import UserName
from littlest.config.sections.secrecy import cut_at_secret, is_secret_place
from littlest.config.sections.section import Place, Secret, Section
from littlest.config.text.hints import explain_misfit, is_entry
from littlest.config.text.problems import Problem
from littlest.config.text.scalars import (
    BadValueError,
    check_markup,
    guess_scalar,
    is_blank,
    is_empty,
    is_null,
    make_visible,
    read_scalar,
)
from littlest.config.text.syntax import MappingNode, Node, ScalarNode, SequenceNode

KEY = "[key]"
"""The end of a place where the name itself is meant; pydantic's word for it."""
REFUSED = ...
"""In the place of a value that does not fit: nothing that a setting takes."""
_MOST_DEPTH = 20
_MOST_VALUES = 50_000
"""Of those whose shape no setting prescribes: a few lines of anchors within anchors can stand for billions."""
_START = StreamMark("", 0, 0, 0)
_NOTHING = ScalarNode("tag:yaml.org,2002:null", "", _START, _START)
"""What an empty file holds."""
Pair = tuple[str, Node, Node]
"""A name, its key, or the merge key that brings it, and its value."""


class Conversion:
    """The conversion of one file's nodes to `data`, with the `problems` that only the nodes show."""

    def __init__(self, root: Node | None, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.noted: set[Place] = set()
        """Where the problems are."""
        self.nodes: dict[Place, Node] = {}
        """The value at each place; below KEY its key, or the merge key that brings it."""
        self.kinds: dict[Place, Any] = {}
        """The type of each place; None where the model knows nothing of it."""
        self._values = 0
        self.data: Any = self._read(root or _NOTHING, Config, ())

    def add_problem(self, node: Node, place: Place, problem: str, hint: str | None = None) -> None:
        """Note what is wrong with the value at a place, once."""
        found = self.make_problem(node, place, problem, hint)
        self.noted.add(place)
        if found not in self.problems:
            self.problems.append(found)

    def make_problem(self, node: Node, place: Place, problem: str, hint: str | None = None) -> Problem:
        """Return what is wrong with the value at a place."""
        key = ".".join(make_visible(part) for part in cut_at_secret(place) if isinstance(part, str) and part != KEY)
        mark = node.start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, key, problem, hint)

    def find_node(self, place: Place) -> Node:
        """Return the node at a place, or at the nearest place around it; the key of a value that is left out."""
        while place not in self.nodes:
            place = place[:-1]
        node = self.nodes[place]
        # such a value has the position of the next thing
        return self.nodes.get((*place, KEY), node) if is_blank(node) else node

    def is_secret(self, place: Place) -> bool:
        """Whether the value at a place is a secret, or a part of one."""
        return is_secret_place(place) or Secret in (self.kinds.get(place), self.kinds.get(place[:-1]))

    def _read(self, node: Node, annotation: Any, place: Place) -> Any:
        """Return what the model takes for a value of that type; note what is wrong with one that does not fit."""
        kind, optional = split_optional(annotation)
        self.kinds[place], self.nodes[place] = kind, node
        try:
            # the model itself refuses unknown keys
            return REFUSED if kind is None else self._read_as(node, kind, place, optional=optional)
        except BadValueError as error:
            entry = f"entry {int(place[-1]) + 1} " if kind is not Any and is_entry(place) else ""
            self.add_problem(self.find_node(place), place, f"{entry}{error}", error.hint)
            return REFUSED

    def _read_as(self, node: Node, kind: Any, place: Place, *, optional: bool) -> Any:
        if kind is Any and self.kinds[place[:-1]] is not Any:
            self._measure(node)
        is_list, is_group = get_origin(kind) is tuple, get_origin(kind) is dict or as_section(kind) is not None
        is_single = kind is Secret or not (is_list or is_group)
        check_markup(node, is_secret=self.is_secret(place), is_single=is_single)
        if isinstance(node, MappingNode) and (is_group or kind is Any):
            return self._read_mapping(node, kind, place)
        if isinstance(node, SequenceNode) and (is_list or kind is Any):
            inner = get_args(kind)[0] if is_list else Any
            items = [self._read(item, inner, (*place, index)) for index, item in enumerate(node.value)]
            return tuple(items) if is_list else items
        if optional and is_null(node):
            return None
        if is_empty(node) and (is_list or is_group):
            # a group whose settings are all commented out is a group without settings
            return () if is_list else {}
        if not isinstance(node, ScalarNode) or not is_single:
            raise explain_misfit(node, kind, place)
        return _read_single(node, kind, place)

    def _measure(self, node: Node, depth: int = 0) -> None:
        """Count the values in a value. Raises BadValueError where they are too many, or too deep."""
        self._values += 1
        if depth > _MOST_DEPTH:
            raise BadValueError("is nested too deeply, or holds itself")
        if self._values > _MOST_VALUES:
            raise BadValueError(f"holds more than {_MOST_VALUES} values, each anchor counted where it is used")
        pairs = node.value if isinstance(node, MappingNode) else ()
        for inner in node.value if isinstance(node, SequenceNode) else [value for _, value in pairs]:
            self._measure(inner, depth + 1)

    def _read_mapping(self, node: MappingNode, kind: Any, place: Place) -> Any:
        section = as_section(kind)
        names, inner = (str, None) if section else get_args(kind) or (str, Any)
        if section is Secret and not all(is_merge(key) or key.value in ("value", "file") for key, _ in node.value):
            # the braces, and all that is in them, may be the secret itself
            raise explain_misfit(node, kind, place)
        pairs = list(self._list_pairs(node, place, ignore_case=names is UserName))
        if section is not None:
            self.kinds[place] = section = _choose_variant(section, pairs)
        data = {}
        for name, key, value in pairs:
            here = (*place, name)
            self.nodes[*here, KEY] = key
            field = section.model_fields.get(name) if section else None
            data[name] = self._read(value, field.annotation if field else inner, here)
        return data

    def _list_pairs(self, node: MappingNode, place: Place, *, ignore_case: bool) -> Iterator[Pair]:
        """Yield the keys and values of a mapping, each once, and note the repeated ones."""
        first: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            same = name.lower() if ignore_case else name
            if not name:
                self.add_problem(key, place, "a key must be a plain word")
            elif same in first and not is_merge(key):
                letters = "" if first[same].value == name else " with different capital letters"
                problem = f"is given twice, first on line {first[same].start_mark.line + 1}{letters}"
                self.add_problem(key, (*place, name, KEY), problem, "keep one of the two")
            elif not is_merge(key):
                first[same] = key
                yield name, key, value
        for name, merge, value in self._list_merged(node, place, {id(node)}):
            if name not in first:
                first[name] = merge
                yield name, merge, value

    def _list_merged(self, node: MappingNode, place: Place, seen: set[int]) -> Iterator[Pair]:
        """Yield what merge keys (`<<: *anchor`) bring, the nearest first."""
        for merge, given in node.value:
            sources = given.value if isinstance(given, SequenceNode) else [given]
            for source in sources if is_merge(merge) else ():
                if not isinstance(source, MappingNode):
                    self.add_problem(source, place, "<< takes a group of settings, such as *name")
                elif id(source) not in seen:
                    seen.add(id(source))
                    pairs = [(key, value) for key, value in source.value if isinstance(key, ScalarNode)]
                    yield from ((key.value, merge, value) for key, value in pairs if not is_merge(key))
                    yield from ((name, merge, value) for name, _, value in self._list_merged(source, place, seen))


def _read_single(node: ScalarNode, kind: Any, place: Place) -> Any:
    if kind is Any:
        return guess_scalar(node)
    if kind is Secret:
        return {"value": node.value}
    if is_blank(node) or (is_null(node) and not is_entry(place)):
        raise explain_misfit(node, kind, place)
    return read_scalar(node, kind)


def _choose_variant(section: type[Section], pairs: list[Pair]) -> type[Section]:
    """Return the model that the key `type` asks for; the section itself, for an unknown type, which it refuses."""
    singles = ((name, value) for name, _, value in pairs if isinstance(value, ScalarNode) and not is_blank(value))
    try:
        return find_variant(section, {name: value.value for name, value in singles}) if section.variants else section
    except ValidationError:
        return section


def is_merge(key: Node) -> bool:
    """Whether a key is <<."""
    return isinstance(key, ScalarNode) and key.value == "<<" and not key.style
