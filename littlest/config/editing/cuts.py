"""Edits that remove lines, but not their comments, or parts of a line from a configuration file. Pure."""

from collections.abc import Sequence

from littlest.config.editing.layout import Item
from littlest.config.editing.source import EditRefused, Source
from littlest.config.reference.keys import render_key
from littlest.config.sections.base import KeyPath

Cut = tuple[int, int, str]
"""Where a part of the text begins and ends, and what replaces it."""


def make_line_cut(
    source: Source, start: int, end: int, first: Item, path: KeyPath, *, kept: Sequence[str] = ()
) -> Cut:
    """Return the edit that removes whole lines; their comments move to lines of their own.

    `kept` are comments to put before those. Raises EditRefused for lines with anything else in them before `first`.
    """
    before = source.text[start : first.start].strip()
    if before not in ("", "-"):
        raise EditRefused(f"{source.render_place(path, first)} shares its line with something else: {before}")
    indent = " " * (len(source.text[start:end]) - len(source.text[start:end].lstrip(" ")))
    lines = "".join(f"{indent}{line}{source.newline}" for line in [*kept, *source.list_comments(start, end)])
    if end == len(source.text) and not source.text.endswith("\n"):
        # the last line had no line break: nor should the new last line
        if not lines and start:
            start -= len(source.newline)
        lines = lines.rstrip("\r\n")
    return start, end, lines


def list_line_cuts(source: Source, items: Sequence[Item], indexes: Sequence[int], path: KeyPath) -> list[Cut]:
    """Return the edits that remove entries from a list with one entry per line. Raises EditRefused."""
    edits = []
    for index in sorted(set(indexes)):
        item = items[index]
        dash = source.text.rfind("-", 0, item.start + 1)
        start = source.find_line_start(dash)
        end = source.find_line_end(max(dash, item.end - 1 if item.style in ("|", ">") else item.end))
        edits.append(make_line_cut(source, start, end, item, path))
    return edits


def list_inline_cuts(source: Source, items: Sequence[Item], indexes: Sequence[int], path: KeyPath) -> list[Cut]:
    """Return the edits that remove items from between brackets, each with its comma.

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
            # after the last item that stays: with the comma before it
            start, end = items[index - 1].end, items[index].end
        else:
            start, end = items[index].start, items[index + 1].start
        check_no_comment(source, start, end, path)
        edits.append((start, end, ""))
    return edits


def check_no_comment(source: Source, start: int, end: int, path: KeyPath) -> None:
    """Raises EditRefused where there is a comment in a part of the text that an edit replaces."""
    if source.list_comments(start, end):
        raise EditRefused(
            f"There is a comment in {render_key(path)} (line {source.find_line(start)}), which would be lost."
        )
