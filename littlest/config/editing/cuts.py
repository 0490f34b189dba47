"""How something is cut out of a configuration file: lines but for their comments, or parts of a line. Pure."""

from collections.abc import Sequence

from littlest.config.editing.layout import Item
from littlest.config.editing.source import EditRefused, Path, Source
from littlest.config.reference.keys import render_key

Cut = tuple[int, int, str]
"""Where a part of the text begins and ends, and what takes its place."""


def make_line_cut(source: Source, start: int, end: int, first: Item, path: Path, *, kept: Sequence[str] = ()) -> Cut:
    """Return the edit that takes whole lines out, but for their comments, which get lines of their own.

    `kept` are comments to put before those. Raises EditRefused for lines with anything else in them before `first`.
    """
    before = source.text[start : first.start].strip()
    if before not in ("", "-"):
        raise EditRefused(f"{source.render_place(path, first)} shares its line with something else: {before}")
    indent = " " * (len(source.text[start:end]) - len(source.text[start:end].lstrip(" ")))
    lines = "".join(f"{indent}{line}{source.newline}" for line in [*kept, *source.list_comments(start, end)])
    if end == len(source.text) and not source.text.endswith("\n"):
        # the last line had no line break: nor has the one that is the last now
        if not lines and start:
            start -= len(source.newline)
        lines = lines.rstrip("\r\n")
    return start, end, lines


def list_line_cuts(source: Source, items: Sequence[Item], indexes: Sequence[int], path: Path) -> list[Cut]:
    """Return the edits that take entries out of a list that has each on lines of its own. Raises EditRefused."""
    edits = []
    for index in sorted(set(indexes)):
        item = items[index]
        dash = source.text.rfind("-", 0, item.start + 1)
        start = source.find_line_start(dash)
        end = source.find_line_end(max(dash, item.end - 1 if item.style in ("|", ">") else item.end))
        edits.append(make_line_cut(source, start, end, item, path))
    return edits


def list_inline_cuts(source: Source, items: Sequence[Item], indexes: Sequence[int], path: Path) -> list[Cut]:
    """Return the edits that take things out from between brackets, each with the comma that belongs to it.

    Raises EditRefused.
    """
    left = [index for index in range(len(items)) if index not in indexes]
    if not left:
        start, end = items[0].start, items[-1].end
        check_no_comment(source, start, end, path)
        return [(start, end, "")]
    edits = []
    for index in sorted(set(indexes)):
        if index > left[-1]:
            # behind the last that stays: with the comma before it
            start, end = items[index - 1].end, items[index].end
        else:
            start, end = items[index].start, items[index + 1].start
        check_no_comment(source, start, end, path)
        edits.append((start, end, ""))
    return edits


def check_no_comment(source: Source, start: int, end: int, path: Path) -> None:
    """Raises EditRefused where a comment stands in a part of the text that an edit replaces."""
    if source.list_comments(start, end):
        raise EditRefused(
            f"A comment stands within {render_key(path)} (line {source.find_line(start)}) and would be lost."
        )
