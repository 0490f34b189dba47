"""A YAML text as nested items with their positions, on which edits of the text are based. Pure.

Unlike the nodes of `littlest.config.text.syntax`, an alias (`*name`) is an item of its own here, at its own position.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

MERGE = "<<"
_NULLS = ("", "null", "Null", "NULL", "~")
_COLON = re.compile(r"\s*:")
_COMMENT = re.compile(r"(?:^|(?<=[\s]))#[^\r\n]*", re.MULTILINE)


@dataclass(slots=True)
class Item:
    """A value, or a key. Two are equal when they say the same in the same way, wherever they are."""

    kind: Literal["scalar", "mapping", "list", "alias"]
    start: int = field(compare=False)
    """Where it begins, anchor and tag included."""
    end: int = field(compare=False)
    """Where its own characters end, without line breaks; in block style, where the last thing in it ends."""
    value: str = ""
    """The text of a scalar, the name of an alias."""
    style: str = ""
    """Empty for a plain scalar; else the character that it begins with."""
    anchor: str = ""
    tag: str = ""
    is_flow: bool = field(default=False, compare=False)
    entries: list["Entry"] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        """Whether the value is left out."""
        return self.kind == "scalar" and not (self.value or self.style or self.anchor or self.tag)

    @property
    def is_null(self) -> bool:
        """Whether the value is left out, or a written null."""
        return self.kind == "scalar" and not self.style and self.value in _NULLS

    @property
    def is_block_text(self) -> bool:
        """Whether this is text over several lines, after | or >."""
        return self.style in ("|", ">")

    def list_parts(self) -> Iterator["Item"]:
        """Yield this item and all items in it."""
        yield self
        for entry in self.entries:
            if entry.key is not None:
                yield from entry.key.list_parts()
            yield from entry.value.list_parts()


@dataclass(slots=True)
class Entry:
    """A key and its value in a mapping, or a value in a list."""

    key: Item | None
    value: Item
    start: int = field(compare=False)
    """Where the key is, or the dash of a list in block style."""
    behind: int = field(compare=False)
    """Where the colon or the dash ends."""

    @property
    def name(self) -> str | None:
        """The key as text; None in a list, and for a key that is no text."""
        return self.key.value if self.key is not None and self.key.kind == "scalar" else None


def read_layout(text: str) -> Item | None:
    """Return the item of a text, None for an empty one. Raises YAMLError for all but one YAML document.

    Aliases without an anchor, which only `parse_yaml` finds, are allowed.
    """
    events = YAML(typ="safe", pure=True).parse(text)
    root = next((_read_item(event, events, text) for event in events if isinstance(event, NodeEvent)), None)
    if any(isinstance(event, NodeEvent) for event in events):
        raise YAMLError("a second document begins")
    return root


def find_comments(text: str, root: Item | None) -> list[tuple[int, int]]:
    """Return where the comments of a text begin and end, in its order."""
    for part in root.list_parts() if root else ():
        # a comment may follow the | of a text over several lines
        start = text.find("\n", part.start, part.end) if part.is_block_text else part.start
        if part.kind == "scalar" and start >= 0 and "#" in text[start : part.end]:
            # a # in a scalar begins no comment
            text = text[:start] + text[start : part.end].replace("#", ".") + text[part.end :]
    return [match.span() for match in _COMMENT.finditer(text)]


def _read_item(event: Event, events: Iterator[Event], text: str) -> Item:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, AliasEvent):
        return Item("alias", start, end, str(event.anchor))
    anchor, tag = str(getattr(event, "anchor", None) or ""), str(getattr(event, "tag", None) or "")
    if isinstance(event, ScalarEvent):
        item = Item("scalar", start, end, event.value, event.style or "", anchor, tag)
        if item.is_block_text:
            item.end = start + len(text[start:end].rstrip())
        return item
    assert isinstance(event, CollectionStartEvent)  # noqa: S101 - for the type checker
    is_mapping = isinstance(event, MappingStartEvent)
    item = Item("mapping" if is_mapping else "list", start, end, anchor=anchor, tag=tag)
    item.is_flow = bool(event.flow_style)
    while not isinstance(following := next(events), CollectionEndEvent):
        key = _read_item(following, events, text) if is_mapping else None
        value = _read_item(next(events) if is_mapping else following, events, text)
        if key is not None:
            begin, colon = key.start, _COLON.match(text, key.end)
            behind = colon.end() if colon else key.end
        else:
            begin = value.start if item.is_flow else text.rfind("-", 0, value.start)
            behind = begin + 1
        if value.is_blank:
            # the parser puts a value that is left out where the next thing begins
            value.start = value.end = behind
        item.entries.append(Entry(key, value, begin, behind))
    item.end = following.end_mark.index if item.is_flow else item.entries[-1].value.end
    return item
