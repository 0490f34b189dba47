"""Edits of a configuration file's text that keep its comments, order and formatting. Pure functions.

Each touches only the characters that it must, and raises EditRefused where that would do damage: `Source.edit`
compares the result with the text before.
"""

import re
from collections.abc import Sequence

from littlest.config.editing.entered import Entered, make_list
from littlest.config.editing.layout import Entry, Item
from littlest.config.editing.source import STEP, Edit, EditRefused, Source
from littlest.config.reference.keys import UnknownKey, find_target, render_key
from littlest.config.sections.section import KeyPath
from littlest.config.text.render import render_value

_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


def set_value(source: Source, path: KeyPath, entered: Entered) -> Source:
    """Return the text with another value at a path, and the groups around it where they are missing.

    Raises EditRefused.
    """
    chain = source.follow(path)
    if len(chain) < len(path):
        return source.edit(path, [_insert(source, chain, path, entered)])
    value = chain[-1].value
    if value.kind != "alias":
        # only the alias is replaced, not the value that it refers to
        source.check_unused(value, path)
    return source.edit(path, _replace(source, chain[-1], path, entered))


def unset(source: Source, path: KeyPath) -> Source:
    """Return the text without what it gives at a path, and without groups that held nothing else.

    In the file of a new server the default returns as its comment. Raises EditRefused.
    """
    chain = source.follow(path)
    if len(chain) < len(path):
        return source
    source.check_unused(chain[-1].value, path)
    group = chain[-2].value if len(chain) > 1 else source.root
    assert group is not None  # noqa: S101 - for the type checker
    default = source.find_default(path, chain[-1].start)
    edits = _cut(source, group, [group.entries.index(chain[-1])], path, kept=[default] if default else [])
    new = source.edit(path, edits)
    return unset(new, path[:-1]) if _is_left_empty(new, path[:-1]) else new


def add_entries(source: Source, path: KeyPath, entries: Sequence[str], default: Sequence[str] = ()) -> Source:
    """Return the text with further entries at the end of a list.

    `default` is what the list has where the file gives none. Raises EditRefused.
    """
    value = source.find_item(path)
    if value is None or value.is_null:
        return set_value(source, path, make_list((*default, *entries)))
    source.check_own(value, path)
    if value.kind != "list":
        raise EditRefused(f"{render_key(path)} is not a list in the file.")
    if value.is_flow:
        return source.edit(path, [_append_inline(source, value, ", ".join(entries))])
    end, indent = source.find_line_end(value.end), source.find_column(value.entries[0].start)
    return source.edit(path, [source.make_line_edit(end, end, _render_lines((), make_list(tuple(entries)), indent))])


def remove_entries(source: Source, path: KeyPath, indexes: Sequence[int], *, default_is_empty: bool) -> Source:
    """Return the text without some entries of a list. An empty list is not written where it is the default.

    Raises EditRefused.
    """
    entry = source.follow(path)[-1]
    value = entry.value
    source.check_own(value, path)
    for index in indexes:
        source.check_unused(value.entries[index].value, path)
    is_emptied = len(set(indexes)) == len(value.entries) and not value.is_flow
    if is_emptied and default_is_empty:
        return unset(source, path)
    edits = _cut(source, value, indexes, path)
    if is_emptied:
        edits.append((entry.behind, entry.behind, " []"))
    return source.edit(path, edits)


def _insert(source: Source, chain: list[Entry], path: KeyPath, entered: Entered) -> Edit:
    """Return the edit that adds a setting which the file does not have yet."""
    parent = chain[-1] if chain else None
    group = parent.value if parent else source.root
    missing = path[len(chain) :]
    if len(missing) > 1:
        source.check_not_merged(path)
    if group is not None and not group.is_blank and (group.is_flow or group.kind == "scalar"):
        written = entered.inline
        for name in reversed(missing):
            written = f"{{{render_value(name)}: {written}}}"
        return _append_inline(source, group, written[1:-1]) if group.is_flow else (group.start, group.end, written)
    end = source.find_group_end(parent)
    start, end = source.find_documented(path[: len(chain) + 1], parent) or (end, end)
    return source.make_line_edit(start, end, _render_lines(missing, entered, source.find_indent(parent)))


def _append_inline(source: Source, group: Item, written: str) -> Edit:
    """Return the edit that adds something at the end of what is between brackets."""
    if group.entries:
        end = group.entries[-1].value.end
        return end, end, f", {written}"
    inside = source.text.index("[" if group.kind == "list" else "{", group.start) + 1
    return inside, inside, written


def _render_lines(names: KeyPath, entered: Entered, indent: int) -> list[str]:
    """Return a setting as lines, with the groups around it; without names, the entries of a list."""
    lines = [f"{' ' * (indent + STEP * depth)}{render_value(name)}:" for depth, name in enumerate(names)]
    if not entered.entries:
        return [*lines[:-1], f"{lines[-1]} {entered.inline}"]
    return [*lines, *(f"{' ' * (indent + STEP * len(names))}- {entry}" for entry in entered.entries)]


def _replace(source: Source, entry: Entry, path: KeyPath, entered: Entered) -> list[Edit]:
    """Return the edits that give a key of the file another value."""
    value = entry.value
    if value.is_blank and entered.entries:
        end = source.find_line_end(value.end)
        lines = _render_lines((), entered, source.find_column(entry.start) + STEP)
        return [source.make_line_edit(end, end, lines)]
    if value.is_blank:
        return [(value.start, value.end, f" {entered.inline}")]
    if value.is_block_text:
        header, _, _ = source.text[value.start : value.end].partition("\n")
        comment = _BLOCK_HEADER.sub("", header, count=1).rstrip()
        return [(value.start, value.end, entered.inline + comment)]
    if value.kind not in ("list", "mapping") or value.is_flow:
        return [(value.start, value.end, entered.inline)]
    start, end = source.find_line_start(value.start), source.find_line_end(value.end)
    indent = source.text[start : value.start]
    if indent.strip():
        place = source.render_place(path, value.start)
        raise EditRefused(f"{place} is written in a way that cannot be replaced safely.")
    if entered.entries and value.kind == "list":
        return [source.make_line_edit(start, end, _render_lines((), entered, len(indent)))]
    return [(entry.behind, entry.behind, f" {entered.inline}"), source.make_line_edit(start, end, [])]


def _cut(
    source: Source, group: Item, indexes: Sequence[int], path: KeyPath, *, kept: Sequence[str] = ()
) -> list[Edit]:
    """Return the edits that remove entries of a list or a mapping, but not comments on their lines.

    `kept` are comments to write in their place. Raises EditRefused.
    """
    entries = group.entries
    if not group.is_flow:
        return [_cut_lines(source, entries[index], path, kept) for index in sorted(set(indexes))]
    left = [index for index in range(len(entries)) if index not in indexes]
    if not left:
        return [(entries[0].start, group.end - 1, "")]
    return [
        # after the last entry that stays: with the comma before it
        (entries[index - 1].value.end, entries[index].value.end, "")
        if index > left[-1]
        else (entries[index].start, entries[index + 1].start, "")
        for index in sorted(set(indexes))
    ]


def _cut_lines(source: Source, entry: Entry, path: KeyPath, kept: Sequence[str]) -> Edit:
    start, end = source.find_line_start(entry.start), source.find_line_end(entry.value.end)
    indent = source.text[start : entry.start]
    if indent.strip():
        place = source.render_place(path, entry.start)
        raise EditRefused(f"{place} shares its line with something else: {indent.strip()}")
    return source.make_line_edit(start, end, [indent + line for line in (*kept, *source.list_comments(start, end))])


def _is_left_empty(source: Source, path: KeyPath) -> bool:
    """Whether an edit left a group empty, which means nothing and has no comments."""
    chain = source.follow(path)
    if not path or len(chain) < len(path) or _means_something(path):
        return False
    value = chain[-1].value
    if value.is_blank:
        end = source.find_line_end(value.end)
        return source.find_group_end(chain[-1]) == end and not source.list_comments(value.end, end)
    return value.kind == "mapping" and not value.entries and len(chain) > 1 and chain[-2].value.is_flow


def _means_something(path: KeyPath) -> bool:
    """Whether a name means something without any setting below it: an empty group of users does, limits do not."""
    try:
        target = find_target(path)
    except UnknownKey:
        return False
    return target.sort == "named" and target.pattern[:2] != ("limits", "users")
