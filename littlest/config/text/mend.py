"""What is wrong with a text that is not YAML, all of it: each mistake is mended, so that those after it are seen.

What is mended never takes effect, it only lets one run name every problem. A person is told what is certainly theirs,
and nothing that may come from the mending: where that cannot be known, what was found up to there is all.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from littlest.config.text.syntax import (
    LINE,
    Fault,
    Node,
    YamlSyntaxError,
    explain_missing_space,
    is_bare,
    measure_indent,
    parse_yaml,
)

_MOST_REPAIRS = 50
_MOST_READ = 200_000
"""Characters outside of comments, of all readings together: some seconds."""
_KEY = re.compile(r"\s*[A-Za-z_\"'][A-Za-z0-9_.\"'-]*\s*:(?:\s|$)")
_BLOCK = re.compile(r"[^\s#\-\]}]")
_NAME = re.compile(r"[\"']?([A-Za-z0-9_-]+)")
_ALIAS = re.compile(r"(?:^|[\s,\[])\*\S", re.MULTILINE)
_ALWAYS_CERTAIN = frozenset({Fault.TAB, Fault.START, Fault.ESCAPE, Fault.ALIAS, Fault.CHARACTER, Fault.COLON})
"""What is wrong whatever was mended before it in the same group of settings."""
_CLOSED_BY = {"[": "]", "{": "}", '"': '"', "'": "'"}
Lines = list[str]


@dataclass(frozen=True, slots=True)
class Mended:
    """A text's nodes, and what kept it from being YAML."""

    root: Node | None
    errors: tuple[YamlSyntaxError, ...] = ()
    """In the order of their lines."""
    lines: frozenset[int] = frozenset()
    """Those of whose values nothing is known."""
    groups: frozenset[str] | None = frozenset()
    """The keys at the top below which something may be missing; None where that can be any."""


class _Lost(Exception):
    """What follows cannot be understood."""


def mend_yaml(text: str) -> Mended:
    """Return the nodes of a text without what could not be read, and every error in it."""
    try:
        return Mended(parse_yaml(text))
    except YamlSyntaxError as error:
        return _Mender(text).mend(error)


class _Mender:
    def __init__(self, text: str) -> None:
        self._text = text
        self._written: Lines = LINE.findall(text)
        self._lines = self._written
        self._errors: list[YamlSyntaxError] = []
        self._root: Node | None = None
        self._left = _MOST_READ

    def mend(self, first: YamlSyntaxError) -> Mended:
        """Return what is left of the text, and all errors."""
        error: YamlSyntaxError | None = first
        try:
            for _ in range(_MOST_REPAIRS):
                if error is None:
                    return self._finish()
                if self._is_certain(error):
                    self._errors.append(error)
                error = self._repair(error)
        except _Lost:
            pass
        return Mended(None, self._sort_errors(), groups=None)

    def _finish(self) -> Mended:
        changed = self._list_changed()
        silent = {*changed}
        names = [_NAME.match(self._written[self._find_block(line) - 1]) for line in changed]
        # what was left out may have had an anchor that is used elsewhere
        is_any = not all(names) or bool(_ALIAS.search(self._text))
        for line in changed:
            if is_bare(self._lines[line - 1]):
                silent.add(self._find_line_above(line, below=True))
                if _opens(self._written[line - 1]):
                    # what belongs to it may stand where it seems to belong to another group
                    is_any = True
                    silent.update(range(line, self._find_next_block(line)))
        groups = None if is_any else frozenset(name[1] for name in names if name)
        return Mended(self._root, self._sort_errors(), frozenset(silent), groups)

    def _sort_errors(self) -> tuple[YamlSyntaxError, ...]:
        return tuple(sorted(self._errors, key=lambda error: (error.line, error.column)))

    def _list_changed(self) -> list[int]:
        pairs = zip(self._written, self._lines, strict=True)
        return [line for line, (written, now) in enumerate(pairs, 1) if written != now]

    def _is_certain(self, error: YamlSyntaxError) -> bool:
        """Whether an error is the person's, and does not come from what was mended."""
        if not self._errors:
            return True
        if error.fault is Fault.WHOLE:
            return False
        if error.fault is Fault.ALIAS:
            # its anchor may be in what was left out
            name = re.split(r"[\s,\[\]{}]", self._lines[error.line - 1][error.column :], maxsplit=1)[0]
            return f"&{name}" not in self._text
        if error.fault in _ALWAYS_CERTAIN:
            return True
        block, changed = self._find_block(error.line), self._list_changed()
        cut = {self._find_block(line) for line in changed if is_bare(self._lines[line - 1])}
        if error.fault is Fault.OPEN:
            return block not in cut
        # what stood below a line that was cut may seem to be a group of its own
        return cut.isdisjoint(changed) and block not in map(self._find_block, changed)

    def _find_block(self, line: int) -> int:
        """Return the line at which the group of settings at the top begins to which a line belongs."""
        return next((at for at in range(line, 0, -1) if _BLOCK.match(self._written[at - 1])), 1)

    def _find_next_block(self, line: int) -> int:
        end = len(self._written) + 1
        return next((at for at in range(line + 1, end) if _BLOCK.match(self._written[at - 1])), end)

    def _find_line_above(self, line: int, *, below: bool = False) -> int:
        """Return the nearest line above in which something stands; with `below`, one to which this line belongs."""
        indent = measure_indent(self._written[line - 1])
        for at in range(line - 1, 0, -1):
            found = self._lines[at - 1]
            if not is_bare(found) and (not below or measure_indent(found) < indent):
                return at
        return 0

    def _repair(self, error: YamlSyntaxError) -> YamlSyntaxError | None:
        """Mend a line, and return the next error. Raises _Lost."""
        if error.fault is Fault.WHOLE:
            raise _Lost
        readings = [(lines, *self._read(lines)) for lines in self._list_repairs(error)]
        good = [reading for reading in readings if reading[2] is None or _is_elsewhere(reading[2], error)]
        # of several indentations the one with which most is understood
        lines, root, following = max(good, key=lambda reading: _rate(reading[2]), default=None) or self._cut(error)
        if following is not None and _is_cause(following, error):
            return self._repair_cause(following, error)
        self._lines, self._root = lines, root
        return following

    def _repair_cause(self, cause: YamlSyntaxError, error: YamlSyntaxError) -> YamlSyntaxError | None:
        """Mend quotes that were never closed, in the place of later lines which they made look wrong."""
        self._lines = [*self._lines[: cause.line], *self._written[cause.line :]]
        self._errors = [*(one for one in self._errors if one.line < cause.line), cause]
        for lines in self._list_repairs(cause):
            root, following = self._read(lines)
            if following is None or following.line > error.line:
                self._lines, self._root = lines, root
                return following
        self._errors[-1] = error
        raise _Lost

    def _read(self, lines: Lines) -> tuple[Node | None, YamlSyntaxError | None]:
        self._left -= sum(len(line) for line in lines if not is_bare(line))
        if self._left < 0:
            raise _Lost
        try:
            return parse_yaml("".join(lines)), None
        except YamlSyntaxError as error:
            return None, error

    def _list_repairs(self, error: YamlSyntaxError) -> Iterator[Lines]:
        """Yield the lines with the wrong one as it may have been meant."""
        before, end = _split_end(self._lines[error.line - 1])
        for line in self._list_line_repairs(error, before):
            yield [*self._lines[: error.line - 1], line + end, *self._lines[error.line :]]

    def _list_line_repairs(self, error: YamlSyntaxError, line: str) -> Iterator[str]:
        at = error.column - 1
        match error.fault:
            case Fault.TAB if not line[:at].strip():
                for indent in self._list_indents(error.line):
                    yield " " * indent + line.lstrip()
            case Fault.TAB:
                yield line.replace("\t", " ")
            case Fault.START | Fault.ALIAS:
                yield f"{line[:at]}x{line[at + 1 :]}"
            case Fault.ESCAPE:
                yield re.sub(r"\\.", "xx", line)
            case Fault.CHARACTER:
                yield "".join(letter if letter.isprintable() or letter == "\t" else " " for letter in line)
            case Fault.COLON if explain_missing_space(line):
                dash, colon = (r"^(\s*)-", r"\1- "), (r"[:\uff1a]", ": ")
                yield re.sub(*(dash if line.lstrip().startswith("-") else colon), line, count=1)
            case Fault.COLON:
                yield re.sub(r"^(\s*(?:- +)*[^\s:#]+)", r"\1:", line)
            case Fault.DOCUMENT:
                yield ""
            case Fault.STRUCTURE if line[at : at + 1] in ("]", "}"):
                yield line[:at] + line[at + 1 :]
            case Fault.OPEN if self._ends_there(error.line):
                yield re.sub(r"\s+#.*", "", line) + _CLOSED_BY.get(line[at : at + 1], "")

    def _ends_there(self, line: int) -> bool:
        """Whether what follows a line is another setting, or nothing."""
        following = next((found for found in self._lines[line:] if not is_bare(found)), "")
        return not following or bool(_KEY.match(following))

    def _list_indents(self, line: int) -> list[int]:
        """Return by how many spaces a line may have been meant to be indented whose indentation has tabs in it."""
        written = self._written[line - 1]
        blank = written[: len(written) - len(written.lstrip())]
        above = self._find_line_above(line)
        indent = measure_indent(self._lines[above - 1]) if above else 0
        by_tabs = [len(blank.expandtabs(width)) for width in (2, 4, 8)]
        near = [indent, indent + 2] if above and not _opens(self._lines[above - 1]) else [indent + 2]
        return list(dict.fromkeys([*by_tabs[:1], *near, *by_tabs[1:]]))

    def _cut(self, error: YamlSyntaxError) -> tuple[Lines, Node | None, YamlSyntaxError | None]:
        """Return the lines without the wrong one and what belongs to it, and how they read. Raises _Lost."""
        lines = list(self._lines)
        wrong = lines[error.line - 1]
        cut = [error.line]
        for at in range(error.line + 1, len(lines) + 1):
            line = lines[at - 1]
            deeper = measure_indent(line) - measure_indent(wrong)
            is_entry = line.lstrip().startswith("- ") and not wrong.lstrip().startswith("-")
            if not is_bare(line) and not (deeper > 0 or (deeper == 0 and is_entry)):
                break
            if not is_bare(line):
                cut.append(at)
        is_whole = _is_balanced("".join(lines[at - 1] for at in cut))
        for at in cut:
            lines[at - 1] = _split_end(lines[at - 1])[1]
        root, following = self._read(lines)
        if following is not None and not (is_whole and _is_elsewhere(following, error)):
            raise _Lost
        return lines, root, following


def _split_end(line: str) -> tuple[str, str]:
    body = line.rstrip("\r\n")
    return body, line[len(body) :]


def _opens(line: str) -> bool:
    return bool(re.search(r":\s*(?:#.*)?$", line.rstrip()))


def _is_balanced(text: str) -> bool:
    """Whether no bracket and no quotes in a text seem to be closed outside of it, or opened."""
    pairs: Sequence[tuple[str, str]] = (("[", "]"), ("{", "}"))
    return all(text.count(one) == text.count(other) for one, other in pairs) and not (
        text.count('"') % 2 or text.count("'") % 2
    )


def _rate(following: YamlSyntaxError | None) -> float:
    return inf if following is None else following.line


def _is_elsewhere(following: YamlSyntaxError, error: YamlSyntaxError) -> bool:
    if error.fault is Fault.TAB:
        return following.line != error.line
    return (following.line, following.column, following.fault) != (error.line, error.column, error.fault)


def _is_cause(found: YamlSyntaxError, error: YamlSyntaxError) -> bool:
    return found.fault is Fault.OPEN and error.fault is Fault.STRUCTURE and found.line < error.line
