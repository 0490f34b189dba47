"""Edits that add lines below a group, or parts of a line, to a configuration file. Pure."""

from collections.abc import Sequence

from littlest.config.editing.entered import Entered
from littlest.config.editing.layout import Item
from littlest.config.editing.source import STEP, EditRefused, Pair, Source, splice
from littlest.config.reference.keys import render_key
from littlest.config.sections.base import KeyPath
from littlest.config.text.render import render_value


def insert_setting(source: Source, chain: list[Pair], path: KeyPath, entered: Entered) -> str:
    """Return the text with a setting that the file does not have yet."""
    pair = chain[-1] if chain else None
    group = pair[1] if pair else source.root
    missing = path[len(chain) :]
    if len(missing) > 1 and source.brings_by_merge(group, missing[0]):
        raise EditRefused(f"{render_key(path[: len(chain) + 1])} is merged in from another part of the file, by <<.")
    if group is not None and not group.is_blank and (group.is_flow or group.kind == "scalar"):
        return _insert_flow(source, group, missing, entered)
    indent = source.find_indent(pair)
    lines = render_lines(missing, entered, indent, source.newline)
    if documented := source.find_documented(path[: len(chain) + 1], pair):
        start, end = documented
        ending = source.text[start:end][len(source.text[start:end].rstrip("\r\n")) :]
        return splice(source.text, [(start, end, lines.rstrip("\r\n") + ending)])
    return splice(source.text, [make_insertion(source, source.find_group_end(pair), lines)])


def make_insertion(source: Source, position: int, lines: str) -> tuple[int, int, str]:
    """Return the edit that inserts whole lines at a position; the last line of a file may have no line break."""
    if position and not source.text[:position].endswith("\n"):
        return position, position, source.newline + lines.rstrip("\r\n")
    return position, position, lines


def _insert_flow(source: Source, group: Item, missing: KeyPath, entered: Entered) -> str:
    inner = entered.inline
    for name in reversed(missing[1:]):
        inner = f"{{{render_value(name)}: {inner}}}"
    written = f"{render_value(missing[0])}: {inner}"
    if group.kind == "scalar":
        return splice(source.text, [(group.start, group.end, f"{{{written}}}")])
    if group.pairs:
        end = source.find_pair_end(group.pairs[-1])
        return splice(source.text, [(end, end, f", {written}")])
    start = source.text.index("{", group.start) + 1
    return splice(source.text, [(start, start, written)])


def render_lines(names: KeyPath, entered: Entered, indent: int, newline: str) -> str:
    """Return a setting as lines, with the groups around it."""
    lines = []
    for depth, name in enumerate(names):
        lines.append(f"{' ' * (indent + STEP * depth)}{render_value(name)}:")
    inner = indent + STEP * len(names) if names else indent + STEP
    if entered.entries:
        lines += [f"{' ' * inner}- {entry}" for entry in entered.entries]
    else:
        lines[-1] += f" {entered.inline}"
    return "".join(line + newline for line in lines)


def append_entries(source: Source, value: Item, entries: Sequence[str]) -> str:
    """Return the text with further entries at the end of a list in the file."""
    if value.is_flow:
        written = ", ".join(entries)
        if value.items:
            end = value.items[-1].end
            return splice(source.text, [(end, end, f", {written}")])
        start = source.text.index("[", value.start) + 1
        return splice(source.text, [(start, start, written)])
    dash = source.text.rfind("-", 0, value.items[0].start + 1)
    indent = dash - source.find_line_start(dash)
    lines = "".join(f"{' ' * indent}- {entry}{source.newline}" for entry in entries)
    return splice(source.text, [make_insertion(source, source.find_line_end(value.end), lines)])
