"""A configuration file's text, where in it a setting is or would be, and the guard of every edit. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from ruamel.yaml.error import YAMLError

from littlest.config.editing.layout import MERGE, Entry, Item, find_comments, read_layout
from littlest.config.reference.catalog import list_settings
from littlest.config.reference.keys import UnknownKey, find_normalizer, render_key
from littlest.config.sections.section import KeyPath
from littlest.config.text.render import list_setting_lines
from littlest.errors import UsageError

STEP = 2
"""How much further a group's settings are indented, where the file does not show it."""
Edit = tuple[int, int, str]
"""Where a part of the text begins and ends, and what replaces it."""


class EditRefused(UsageError):
    """An edit that cannot be made without damage."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "Change it by hand: sudo littlest config edit")


class Source:
    """A text that is YAML, read once: its items, anchors and comments. Raises YAMLError for any other text."""

    def __init__(self, text: str) -> None:
        self.content = text
        """The text as it is in the file."""
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.text = text if text.endswith("\n") or not text else text + self.newline
        """The same with a line break at its end: so edits replace whole lines everywhere."""
        self.root = read_layout(text)
        parts = list(self.root.list_parts()) if self.root else []
        self.anchors = {part.anchor: part for part in parts if part.anchor}
        self.aliases = frozenset(part.value for part in parts if part.kind == "alias")
        """Names of the anchors whose values are used a second time."""
        self.comments = find_comments(text, self.root)

    def follow(self, path: KeyPath) -> list[Entry]:
        """Return the entries on the way to a path, as far as the file has them; `ada` finds `Ada`.

        Raises EditRefused where a change there would change other settings as well.
        """
        chain: list[Entry] = []
        group = self.root
        for depth, part in enumerate(path):
            if group is None or group.is_null:
                break
            self.check_own(group, path[:depth])
            if group.kind != "mapping":
                raise EditRefused(f"{render_key(path[:depth])} holds a value in the file, where settings belong.")
            normalize = _find_normalizer(path[:depth])
            named = [entry for entry in group.entries if entry.name is not None]
            found = [entry for entry in named if normalize(entry.name) == normalize(part)]
            if len(found) > 1:
                lines = " and ".join(str(self._find_line(entry.start)) for entry in found)
                raise EditRefused(f"{render_key(path[: depth + 1])} is given twice, on lines {lines}.")
            if not found:
                break
            chain += found
            group = found[0].value
        return chain

    def find_item(self, path: KeyPath) -> Item | None:
        """Return what the file itself gives at a path; None where it gives nothing. Raises EditRefused."""
        chain = self.follow(path)
        return chain[-1].value if chain and len(chain) == len(path) else None

    def list_entries(self, path: KeyPath) -> list[Item] | None:
        """Return the entries of a list in the file, with aliases resolved; None where it gives none."""
        item = self.find_item(path)
        return None if item is None else [self._resolve(entry.value) for entry in self._resolve(item).entries]

    def check_own(self, item: Item, path: KeyPath) -> None:
        """Raises EditRefused for a value that the file uses in a second place."""
        name = item.value if item.kind == "alias" else item.anchor
        if item.kind == "alias" or name in self.aliases:
            raise EditRefused(
                f"{self.render_place(path, item.start)} shares its value with another"
                f" setting, through {'*' if item.kind == 'alias' else '&'}{name}."
            )

    def check_unused(self, item: Item, path: KeyPath) -> None:
        """Raises EditRefused for a value of which the file uses a part in a second place."""
        for part in item.list_parts():
            if part.kind != "alias":
                self.check_own(part, path)

    def check_not_merged(self, path: KeyPath) -> None:
        """Raises EditRefused when the first key of a path that its group lacks comes from elsewhere, by `<<`."""
        chain = self.follow(path)
        group = chain[-1].value if chain else self.root
        found = [group] if group is not None and len(chain) < len(path) else []
        # this list grows: with all that the group gets keys from
        for item in found:
            for entry in item.entries:
                if item is not group and entry.name == path[len(chain)]:
                    key = render_key(path[: len(chain) + 1])
                    raise EditRefused(f"{key} comes from another part of the file, by <<.")
                source = self._resolve(entry.value)
                if (entry.name == MERGE or item.kind == "list") and source not in found:
                    found.append(source)

    def render_place(self, path: KeyPath, position: int) -> str:
        """Return a key with the line of a position, for messages."""
        return f"{render_key(path) or 'The file'} (line {self._find_line(position)})"

    def find_line_start(self, position: int) -> int:
        """Return where a position's line begins."""
        return self.text.rfind("\n", 0, position) + 1

    def find_line_end(self, position: int) -> int:
        """Return where a position's line ends, its line break included."""
        return self.text.index("\n", position) + 1

    def find_column(self, position: int) -> int:
        """Return how many characters are before a position on its line."""
        return position - self.find_line_start(position)

    def find_indent(self, parent: Entry | None) -> int:
        """Return how far the settings in a group are indented; the group may be empty."""
        group = parent.value if parent else self.root
        if group and group.entries:
            return self.find_column((group.entries[0].key or group).start)
        if parent is None:
            return 0
        column = self.find_column(parent.start)
        comment = self._find_comment_below(self.find_line_end(parent.value.end))
        indent = self.find_column(comment[0]) if comment else 0
        return indent if indent > column else column + STEP

    def find_group_end(self, parent: Entry | None) -> int:
        """Return where a further setting of a group would go: after its last one and the comments below that."""
        if parent is None:
            return len(self.text)
        indent, end = self.find_indent(parent), self.find_line_end(parent.value.end)
        while (comment := self._find_comment_below(end)) and self.find_column(comment[0]) >= indent:
            end = self.find_line_end(comment[1])
        return end

    def find_documented(self, path: KeyPath, parent: Entry | None) -> tuple[int, int] | None:
        """Return the line of the comment with a setting's default, below its description, in the group `parent`."""
        start = parent.start if parent else 0
        stop, indent = self.find_group_end(parent), self.find_indent(parent)
        for begin, end in self.comments:
            is_near = start <= begin < stop and self.find_column(begin) == indent
            if is_near and self.text[begin:end].rstrip() == self.find_default(path, begin):
                return self.find_line_start(begin), self.find_line_end(begin)
        return None

    def find_default(self, path: KeyPath, position: int) -> str | None:
        """Return the comment with a setting's default when the lines above a position describe the setting."""
        *about, default = _list_documentation(path) or [""]
        above = [line.strip() for line in self.text[: self.find_line_start(position)].splitlines()]
        # the default file leaves the example out where a value is given
        is_described = bool(about) and (above[-len(about) :] == about or above[-1:] == about[:1])
        return default if is_described else None

    def list_comments(self, start: int = 0, end: int | None = None) -> list[str]:
        """Return the comments that begin in a part of the text."""
        stop = len(self.text) if end is None else end
        return [self.text[first:last] for first, last in self.comments if start <= first < stop]

    def make_line_edit(self, start: int, end: int, lines: Sequence[str]) -> Edit:
        """Return the edit that replaces whole lines."""
        return start, end, "".join(line + self.newline for line in lines)

    def edit(self, path: KeyPath, edits: Sequence[Edit]) -> "Source":
        """Return the text with parts replaced.

        Raises EditRefused when the new text would differ in anything but what is at the path, or lack a comment.
        """
        text = self.text
        for start, end, replacement in sorted(edits, reverse=True):
            text = text[:start] + replacement + text[end:]
        if self.text != self.content:
            # the last line had no line break: nor should the new last line
            text = text.removesuffix(self.newline)
        chain = self.follow(path)
        key = self.render_place(path, chain[-1].start) if chain else render_key(path)
        written = (*(entry.name for entry in chain), *path[len(chain) :])
        try:
            after = Source(text)
        except (YAMLError, ValueError):
            after = None
        if after is None or _take_out(self.root, written) != _take_out(after.root, written):
            raise EditRefused(
                f"{key} is written in a way that cannot be changed without changing the rest of the file."
            )
        lost = Counter(self.list_comments()) - Counter(after.list_comments())
        # the default in a comment became the setting itself
        if any(re.sub(r"^# (\w+):.*", r"\1", comment) not in path for comment in lost):
            raise EditRefused(f"A comment in or next to {key} would be lost.")
        return after

    def _find_comment_below(self, position: int) -> tuple[int, int] | None:
        """Return the comment that follows a position after nothing but blank lines."""
        found = next((comment for comment in self.comments if comment[0] >= position), None)
        return found if found and not self.text[position : found[0]].strip() else None

    def _resolve(self, item: Item) -> Item:
        return self.anchors.get(item.value, item) if item.kind == "alias" else item

    def _find_line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1


def _find_normalizer(path: KeyPath) -> Callable[[Any], Any]:
    try:
        return find_normalizer(path)
    except UnknownKey:
        return str


@cache
def _list_documentation(path: KeyPath) -> list[str]:
    """Return the lines about a setting in the default file, the last with its default; none where it has none."""
    key = ".".join(path)
    found = (setting for setting in list_settings() if setting.key == key and setting.section is None)
    return [line.strip() for setting in found for line in list_setting_lines(setting) if line.strip()]


def _take_out(item: Item | None, path: tuple[str | None, ...]) -> Item | None:
    """Return an item without what is at a path; groups with nothing else in them count as missing."""
    if item is None or (item.is_null and not item.anchor) or (item.kind == "mapping" and not item.entries):
        return None
    if item.kind != "mapping" or not path:
        return item
    entries = []
    for entry in item.entries:
        if entry.name != path[0]:
            entries.append(entry)
        elif len(path) > 1 and (inner := _take_out(entry.value, path[1:])) is not None:
            entries.append(replace(entry, value=inner))
    return replace(item, entries=entries) if entries else None
