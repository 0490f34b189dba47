"""Edits of a configuration file's text that keep its comments, order and formatting. Pure functions.

Each returns the new text, or raises EditRefused where it cannot be made without damage. An edit touches only the
characters that it must; the result is read again, and refused when any other setting differs from before, or when
a comment is missing.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from littlest.config.editing.cuts import check_no_comment, list_inline_cuts, list_line_cuts, make_line_cut
from littlest.config.editing.entered import Entered, make_list
from littlest.config.editing.insertions import append_entries, insert_setting, make_insertion, render_lines
from littlest.config.editing.layout import Item
from littlest.config.editing.source import EditRefused, Pair, Source, splice
from littlest.config.reference.keys import UnknownKey, find_normalizer, find_target, render_key
from littlest.config.sections.base import KeyPath
from littlest.config.text.syntax import YamlSyntaxError, parse_yaml

_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


def find_spelling(text: str, path: KeyPath) -> KeyPath:
    """Return the path with the names in it as the file writes them, such as `Ada` for `ada`."""
    group = Source(text).root
    written: KeyPath = ()
    for depth, part in enumerate(path):
        try:
            normalize: Callable[[Any], Any] = find_normalizer(path[:depth])
        except UnknownKey:
            normalize = str
        pairs = group.pairs if group else []
        found = [pair for pair in pairs if pair[0].kind == "scalar" and normalize(pair[0].value) == normalize(part)]
        group = found[0][1] if found else None
        written = (*written, found[0][0].value if found else part)
    return written


def find_item(text: str, path: KeyPath) -> Item | None:
    """Return what the file itself gives at a path; None where it gives nothing."""
    chain = Source(text).follow(path)
    return chain[-1][1] if len(chain) == len(path) and chain else None


def list_entries(text: str, path: KeyPath) -> list[Item] | None:
    """Return the entries of a list that the file gives, aliases as what they stand for; None where it gives none."""
    source = Source(text)
    anchors = {part.anchor: part for part in source.root.list_parts() if part.anchor} if source.root else {}
    chain = source.follow(path)
    if len(chain) < len(path):
        return None
    value = anchors.get(chain[-1][1].value) if chain[-1][1].kind == "alias" else chain[-1][1]
    items = value.items if value else []
    return [anchors.get(item.value, item) if item.kind == "alias" else item for item in items]


def is_brought_by_merge(text: str, path: KeyPath) -> bool:
    """Whether a key that is not written at a path comes from elsewhere in the file, by `<<`."""
    source = Source(text)
    chain = source.follow(path)
    group = chain[-1][1] if chain else source.root
    return len(chain) < len(path) and source.brings_by_merge(group, path[len(chain)])


def set_value(text: str, path: KeyPath, entered: Entered) -> str:
    """Return the text with another value at a path, and the groups around it where they are missing.

    Raises EditRefused.
    """
    source = Source(text)
    chain = source.follow(path)
    if len(chain) == len(path):
        new = _replace(source, chain[-1], path, entered)
    else:
        new = insert_setting(source, chain, path, entered)
    _check(source, new, path)
    return new


def unset(text: str, path: KeyPath) -> str:
    """Return the text without what it gives at a path, and without groups that held nothing else.

    In the file of a new server the default returns as its comment. Raises EditRefused.
    """
    source = Source(text)
    chain = source.follow(path)
    if len(chain) < len(path):
        return text
    new = _remove(source, chain, path)
    _check(source, new, path)
    return _prune(new, path[:-1])


def add_entries(text: str, path: KeyPath, entries: Sequence[str], default: Sequence[str] = ()) -> str:
    """Return the text with further entries at the end of a list.

    `default` is what the list has where the file gives none. Raises EditRefused.
    """
    source = Source(text)
    chain = source.follow(path)
    value = chain[-1][1] if len(chain) == len(path) else None
    if value is None and is_brought_by_merge(text, path):
        raise EditRefused(f"{render_key(path)} is merged in from another part of the file, by <<.")
    if value is None or value.is_null:
        return set_value(text, path, make_list((*default, *entries)))
    source.check_own(value, path)
    if value.kind != "list":
        raise EditRefused(f"{render_key(path)} is not a list in the file.")
    new = append_entries(source, value, entries)
    _check(source, new, path)
    return new


def remove_entries(text: str, path: KeyPath, indexes: Sequence[int], *, default_is_empty: bool) -> str:
    """Return the text without some entries of a list. An empty list is not written where it is the default.

    Raises EditRefused.
    """
    source = Source(text)
    chain = source.follow(path)
    value = chain[-1][1]
    source.check_own(value, path)
    for index in indexes:
        _check_unused(source, value.items[index], path)
    if len(set(indexes)) < len(value.items):
        spans = list_inline_cuts if value.is_flow else list_line_cuts
        new = splice(source.text, spans(source, value.items, indexes, path))
        _check(source, new, path)
        return new
    if default_is_empty and not value.is_flow:
        return unset(text, path)
    new = splice(source.text, _empty_list(source, value, path))
    _check(source, new, path)
    return new


def _replace(source: Source, pair: Pair, path: KeyPath, entered: Entered) -> str:
    """Return the text with a value of the file replaced."""
    key, value = pair
    text = source.text
    if value.kind != "alias":
        # only the alias is replaced, not the value that it refers to
        _check_unused(source, value, path)
    if value.is_blank:
        if entered.entries:
            position = source.find_line_end(value.start)
            lines = render_lines((), entered, key.column, source.newline)
            return splice(text, [make_insertion(source, position, lines)])
        return splice(text, [(value.start, value.start, f" {entered.inline}")])
    if value.style in ("|", ">"):
        return splice(text, [_make_block_scalar_edit(source, value, entered)])
    if value.kind not in ("list", "mapping") or value.is_flow:
        check_no_comment(source, value.start, value.end, path)
        return splice(text, [(value.start, value.end, entered.inline)])
    return splice(text, _make_block_edits(source, pair, path, entered))


def _make_block_scalar_edit(source: Source, value: Item, entered: Entered) -> tuple[int, int, str]:
    written = source.text[value.start : value.end]
    header, _, _ = written.partition("\n")
    comment = _BLOCK_HEADER.sub("", header, count=1).rstrip()
    breaks = written[len(written.rstrip()) :]
    return value.start, value.end, entered.inline + comment + breaks


def _make_block_edits(source: Source, pair: Pair, path: KeyPath, entered: Entered) -> list[tuple[int, int, str]]:
    """Return the edits that replace the lines below a key with a value."""
    value = pair[1]
    begin = source.find_line_start(value.start)
    if source.text[begin : value.start].strip():
        raise EditRefused(f"{source.render_place(path, value)} is written in a way that cannot be replaced safely.")
    check_no_comment(source, begin, value.end, path)
    end = source.find_line_end(value.end)
    if source.list_comments(value.end, end):
        check_no_comment(source, value.end, end, path)
    if entered.entries and value.kind == "list":
        lines = [f"{' ' * value.column}- {entry}" for entry in entered.entries]
        return [(begin, value.end, source.newline.join(lines))]
    colon = source.text.index(":", pair[0].end) + 1
    return [(colon, colon, f" {entered.inline}"), (begin, end, "")]


def _empty_list(source: Source, value: Item, path: KeyPath) -> list[tuple[int, int, str]]:
    """Return the edits that leave an empty list, and all its comments."""
    if value.is_flow:
        check_no_comment(source, value.start, value.end, path)
        return [(value.start, value.end, "[]")]
    colon = source.text.rindex(":", 0, value.start) + 1
    edits = list_line_cuts(source, value.items, range(len(value.items)), path)
    return [(colon, colon, " []"), *edits]


def _remove(source: Source, chain: list[Pair], path: KeyPath) -> str:
    """Return the text without a key and its value; comments stay."""
    key, value = chain[-1]
    _check_unused(source, value, path)
    group = chain[-2][1] if len(chain) > 1 else source.root
    assert group is not None  # noqa: S101 - for the type checker
    if group.is_flow:
        index = group.pairs.index((key, value))
        spans = [Item("scalar", left.start, max(left.end, right.end), 0) for left, right in group.pairs]
        return splice(source.text, list_inline_cuts(source, spans, (index,), path))
    start, end = source.find_line_start(key.start), source.find_line_end(source.find_pair_end((key, value)))
    default = source.find_default_to_restore(path, start)
    kept = [default] if default else []
    return splice(source.text, [make_line_cut(source, start, end, key, path, kept=kept)])


def _prune(text: str, path: KeyPath) -> str:
    """Return the text without groups that an edit left empty, unless an empty one means something."""
    if not path:
        return text
    source = Source(text)
    chain = source.follow(path)
    if len(chain) < len(path) or _means_something(path):
        return text
    key, value = chain[-1]
    if value.is_blank:
        line_end = source.find_line_end(key.end)
        is_empty = source.find_group_end((key, value)) == line_end and not source.list_comments(key.end, line_end)
    else:
        is_empty = value.kind == "mapping" and not value.pairs and len(chain) > 1 and chain[-2][1].is_flow
    if not is_empty:
        return text
    new = _remove(source, chain, path)
    _check(source, new, path)
    return _prune(new, path[:-1])


def _means_something(path: KeyPath) -> bool:
    """Whether a name means something without any setting below it: an empty group of users does, limits do not."""
    try:
        target = find_target(path)
    except UnknownKey:
        return False
    return target.sort == "named" and target.pattern[:2] != ("limits", "users")


def _check_unused(source: Source, item: Item, path: KeyPath) -> None:
    for part in item.list_parts():
        if part.kind != "alias":
            source.check_own(part, path)


def _check(before: Source, text: str, path: KeyPath) -> None:
    """Raises EditRefused when a text differs from the one before outside a path, or lacks a comment."""
    chain = before.follow(path)
    key = before.render_place(path, chain[-1][0]) if chain else render_key(path)
    harmful = EditRefused(f"{key} is written in a way that cannot be changed without changing the rest of the file.")
    try:
        parse_yaml(text)
        after = Source(text)
    except YamlSyntaxError:
        raise harmful from None
    if _shape_without(before.root, path) != _shape_without(after.root, path):
        raise harmful
    lost = Counter(before.list_comments()) - Counter(after.list_comments())
    # the default in a comment became the setting itself
    if any(re.sub(r"^# (\w+):.*", r"\1", comment) not in path for comment in lost):
        raise EditRefused(f"A comment next to {key} would be lost.")


def _shape_without(item: Item | None, path: KeyPath) -> Any:
    """Return what an item says but for what stands at a path; groups with nothing else in them count as missing."""
    if item is None or (item.is_null and not item.anchor) or (item.kind == "mapping" and not item.pairs):
        return None
    if item.kind != "mapping" or not path:
        return item.make_shape()
    inner: list[Any] = []
    for key, value in item.pairs:
        if key.value != path[0]:
            inner.append((key.make_shape(), value.make_shape()))
        elif len(path) > 1 and (shape := _shape_without(value, path[1:])) is not None:
            inner.append((key.make_shape(), shape))
    return (item.anchor, item.tag, inner) if inner else None
