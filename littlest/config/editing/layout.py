"""A YAML text as nested items with their positions, on which edits of the text are based.

Unlike the nodes of `littlest.config.text.syntax`, an alias (`*name`) is an item of its own here, at its own position.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MERGE = "<<"
_NULLS = ("", "null", "Null", "NULL", "~")
_BLOCK_HEADER = re.compile(r"(?:[&!]\S*\s+)*[|>][-+0-9]*")
_COLON = re.compile(r"\s*:")
_COMMENT = re.compile(r"(?:^|(?<=[\s]))#[^\r\n]*", re.MULTILINE)


@dataclass(slots=True)
class Item:
    """A value, or a key: where it begins and ends, anchor and tag included."""

    kind: Literal["scalar", "mapping", "list", "alias"]
    start: int
    end: int
    """Where its own characters end; of a group or list in block style, those of the last thing in it."""
    column: int
    value: str = ""
    """The text of a scalar, the name of an alias."""
    style: str = ""
    """Empty for a plain scalar; else the character that it begins with."""
    anchor: str = ""
    tag: str = ""
    is_flow: bool = False
    pairs: list[tuple["Item", "Item"]] = field(default_factory=list)
    items: list["Item"] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        """Whether the value is left out."""
        return self.kind == "scalar" and not (self.value or self.style or self.anchor or self.tag)

    @property
    def is_null(self) -> bool:
        """Whether the value is left out, or a written null."""
        return self.kind == "scalar" and not self.style and self.value in _NULLS

    def list_parts(self) -> Iterator["Item"]:
        """Yield this item and all items in it."""
        yield self
        for key, value in self.pairs:
            yield from key.list_parts()
            yield from value.list_parts()
        for item in self.items:
            yield from item.list_parts()

    def make_shape(self) -> Any:
        """Return the content without positions: equal for two texts that say the same in the same way."""
        if self.kind == "mapping":
            inner: Any = [(key.make_shape(), value.make_shape()) for key, value in self.pairs]
        elif self.kind == "list":
            inner = [item.make_shape() for item in self.items]
        else:
            inner = (self.value, self.style)
        return (self.kind, self.anchor, self.tag, inner)


def read_layout(text: str) -> Item | None:
    """Return the item of a text that `parse_yaml` accepts, None for an empty one."""
    events = YAML(typ="safe", pure=True).parse(text)
    for event in events:
        if isinstance(event, NodeEvent):
            return _read_item(event, events, text)
    return None


def list_comments(text: str, root: Item | None) -> list[str]:
    """Return every comment of a text, in its order."""
    return [text[start:end] for start, end in find_comments(text, root)]


def find_comments(text: str, root: Item | None, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return where the comments of a part of the text begin and end."""
    covered = sorted(_list_covered(text, root)) if root else []
    stop = len(text) if end is None else end
    found = []
    position = 0
    for match in _COMMENT.finditer(text):
        begin = match.start()
        while position < len(covered) and covered[position][1] <= begin:
            position += 1
        is_inside = position < len(covered) and covered[position][0] <= begin
        if not is_inside and start <= begin < stop:
            found.append((begin, match.end()))
    return found


def find_content_end(text: str, item: Item) -> int:
    """Return the end of a value without its trailing line breaks."""
    return item.start + len(text[item.start : item.end].rstrip()) if item.style in ("|", ">") else item.end


def _list_covered(text: str, root: Item) -> Iterator[tuple[int, int]]:
    """Yield where scalars are: a # in one begins no comment."""
    for part in root.list_parts():
        if part.kind != "scalar" or part.is_blank:
            continue
        if part.style in ("|", ">"):
            # a comment may follow the | on its line
            yield part.start, part.start + len(_match_header(text, part))
            body = text.find("\n", part.start, part.end)
            if body >= 0:
                yield body, part.end
        else:
            yield part.start, part.end


def _match_header(text: str, part: Item) -> str:
    match = _BLOCK_HEADER.match(text, part.start)
    return match[0] if match else ""


def _place_nothing(item: Item, position: int) -> None:
    """Move a value that is left out to behind its key or dash; the parser puts it where the next thing begins."""
    if item.is_blank:
        item.start = item.end = position


def _read_item(event: Event, events: Iterator[Event], text: str) -> Item:
    start, end, column = event.start_mark.index, event.end_mark.index, event.start_mark.column
    if isinstance(event, AliasEvent):
        return Item("alias", start, end, column, value=str(event.anchor))
    anchor, tag = str(getattr(event, "anchor", None) or ""), str(getattr(event, "tag", None) or "")
    if isinstance(event, ScalarEvent):
        style = event.style or ""
        return Item("scalar", start, end, column, value=event.value, style=style, anchor=anchor, tag=tag)
    assert isinstance(event, CollectionStartEvent)  # noqa: S101 - for the type checker
    is_flow = bool(event.flow_style)
    if isinstance(event, MappingStartEvent):
        item = Item("mapping", start, end, column, anchor=anchor, tag=tag, is_flow=is_flow)
        while not isinstance(following := next(events), MappingEndEvent):
            key = _read_item(following, events, text)
            value = _read_item(next(events), events, text)
            colon = _COLON.match(text, key.end)
            _place_nothing(value, colon.end() if colon else key.end)
            item.pairs.append((key, value))
        inner = [part for pair in item.pairs for part in pair]
    else:
        assert isinstance(event, SequenceStartEvent)  # noqa: S101
        item = Item("list", start, end, column, anchor=anchor, tag=tag, is_flow=is_flow)
        while not isinstance(following := next(events), SequenceEndEvent):
            entry = _read_item(following, events, text)
            _place_nothing(entry, text.rfind("-", 0, entry.start) + 1)
            item.items.append(entry)
        inner = item.items
    item.end = (
        following.end_mark.index if is_flow else max((find_content_end(text, part) for part in inner), default=end)
    )
    return item
