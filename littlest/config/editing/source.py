"""A configuration file's text, and where in it a setting is or would be. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from littlest.config.editing.layout import MERGE, Item, find_comments, find_content_end, read_layout
from littlest.config.reference.catalog import list_settings
from littlest.config.reference.keys import render_key
from littlest.config.sections.base import KeyPath
from littlest.config.text.render import list_setting_lines

Pair = tuple[Item, Item]
STEP = 2
"""How much further a group's settings are indented, where the file does not show it."""


class EditRefused(Exception):
    """An edit that cannot be made without damage; `hint` is what to do instead."""

    def __init__(self, problem: str, hint: str | None = None) -> None:
        super().__init__(problem)
        self.hint = hint or "Change it by hand: sudo littlest config edit"


@dataclass
class Source:
    """A text that is YAML, and its items."""

    text: str
    root: Item | None = field(init=False)
    aliases: frozenset[str] = field(init=False)
    """Names of the anchors whose values are used a second time."""
    newline: str = field(init=False)

    def __post_init__(self) -> None:
        self.root = read_layout(self.text)
        parts = list(self.root.list_parts()) if self.root else []
        self.aliases = frozenset(part.value for part in parts if part.kind == "alias")
        self.newline = "\r\n" if "\r\n" in self.text else "\n"

    def follow(self, path: KeyPath) -> list[Pair]:
        """Return the keys and values on the way to a path, as far as the file has them.

        Raises EditRefused where a change there would change other settings as well.
        """
        chain: list[Pair] = []
        group = self.root
        for depth, part in enumerate(path):
            if group is None or group.is_null:
                break
            self.check_own(group, path[:depth])
            if group.kind != "mapping":
                raise EditRefused(f"{render_key(path[:depth])} holds a value in the file, where settings belong.")
            found = [pair for pair in group.pairs if pair[0].kind == "scalar" and pair[0].value == part]
            if len(found) > 1:
                lines = " and ".join(str(self.find_line(key.start)) for key, _ in found)
                raise EditRefused(f"{render_key(path[: depth + 1])} is given twice, on lines {lines}.")
            if not found:
                break
            chain += found
            group = found[0][1]
        return chain

    def check_own(self, item: Item, path: KeyPath) -> None:
        """Raises EditRefused for a value that the file uses in a second place."""
        name = item.value if item.kind == "alias" else item.anchor
        if item.kind == "alias" or name in self.aliases:
            raise EditRefused(
                f"{self.render_place(path, item)} shares its value with another"
                f" setting, through {'*' if item.kind == 'alias' else '&'}{name}."
            )

    def brings_by_merge(self, group: Item | None, name: str) -> bool:
        """Whether a group gets this key from elsewhere, by `<<`."""
        if group is None or self.root is None:
            return False
        anchors = {part.anchor: part for part in self.root.list_parts() if part.anchor}
        waiting = [value for key, value in group.pairs if key.value == MERGE]
        seen: set[str] = set()
        while waiting:
            source = waiting.pop()
            if source.kind == "alias":
                if source.value in seen:
                    continue
                seen.add(source.value)
                source = anchors.get(source.value, source)
            waiting += source.items
            for key, value in source.pairs:
                if key.value == name:
                    return True
                if key.value == MERGE:
                    waiting.append(value)
        return False

    def render_place(self, path: KeyPath, item: Item) -> str:
        """Return a key with the line of an item, for messages."""
        return f"{render_key(path) or 'The file'} (line {self.find_line(item.start)})"

    def find_line(self, position: int) -> int:
        """Return the number of a position's line, from 1."""
        return self.text.count("\n", 0, position) + 1

    def find_line_start(self, position: int) -> int:
        """Return where a position's line begins."""
        return self.text.rfind("\n", 0, position) + 1

    def find_line_end(self, position: int) -> int:
        """Return where a position's line ends, its line break included."""
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end + 1

    def find_pair_end(self, pair: Pair) -> int:
        """Return where the last thing that belongs to a key ends."""
        return max(pair[0].end, find_content_end(self.text, pair[1]))

    def find_indent(self, pair: Pair | None) -> int:
        """Return how far the settings in a group are indented; the group may be empty."""
        if pair is None:
            return self.root.pairs[0][0].column if self.root and self.root.pairs else 0
        key, value = pair
        if value.pairs:
            return value.pairs[0][0].column
        for line in self.text[self.find_line_end(self.find_pair_end(pair)) :].splitlines():
            if line.strip():
                indent = len(line) - len(line.lstrip())
                return indent if line.lstrip().startswith("#") and indent > key.column else key.column + STEP
        return key.column + STEP

    def find_group_end(self, pair: Pair | None) -> int:
        """Return where a further setting of a group would go: after its last one and the comments below that."""
        if pair is None:
            return len(self.text)
        indent = self.find_indent(pair)
        end = position = self.find_line_end(self.find_pair_end(pair))
        while position < len(self.text):
            after = self.find_line_end(position)
            line = self.text[position:after]
            if line.strip():
                if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) < indent:
                    break
                end = after
            position = after
        return end

    def find_documented(self, path: KeyPath, pair: Pair | None) -> tuple[int, int] | None:
        """Return where the comment with a setting's default is, below its description, in the group `pair`."""
        if f"# {path[-1]}:" not in self.text:
            return None
        *documentation, default = list_documentation(path) or [""]
        if not default:
            return None
        indent = self.find_indent(pair)
        position = self.find_line_end(pair[0].end) if pair else 0
        stop = self.find_group_end(pair)
        above: list[str] = []
        while position < stop:
            after = self.find_line_end(position)
            line = self.text[position:after]
            if line.strip() == default and _is_documentation(above, documentation):
                return (position, after) if len(line) - len(line.lstrip()) == indent else None
            above.append(line.strip())
            position = after
        return None

    def find_default_to_restore(self, path: KeyPath, position: int) -> str | None:
        """Return the comment with a setting's default when the lines above the position describe the setting."""
        above = [line.strip() for line in self.text[:position].splitlines()]
        if not above or not above[-1].startswith("#"):
            return None
        *documentation, default = list_documentation(path) or [""]
        return default if default and _is_documentation(above, documentation) else None

    def list_comments(self, start: int = 0, end: int | None = None) -> list[str]:
        """Return the comments in a part of the text."""
        found = find_comments(self.text, self.root, start, end)
        return [self.text[begin:stop] for begin, stop in found]


def splice(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """Return the text with parts replaced; each edit is a start, an end and a replacement."""
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def list_documentation(path: KeyPath) -> list[str] | None:
    """Return the lines about a setting in the default file, the last with its default; None where it has none."""
    key = ".".join(path)
    for setting in list_settings():
        if setting.key == key and setting.section is None:
            return [line.strip() for line in list_setting_lines(setting) if line.strip()]
    return None


def _is_documentation(above: list[str], documentation: list[str]) -> bool:
    # the default file leaves the example out where a value is given
    return above[-len(documentation) :] == documentation or above[-1:] == documentation[:1]
