"""YAML text to nodes, which know their lines and how each value was written.

Nodes have no types yet: what a value means is decided by the setting it is given to
(`littlest.config.text.convert`), so that a user called `null` or `0123` keeps that name.
"""

import contextlib
import re
import warnings

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import ScalarToken

from littlest.config.text.problems import Problem

__all__ = [
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "YamlSyntaxError",
    "explain_missing_space",
    "parse_yaml",
]

_MOST_CHARACTERS = 2**20


class YamlSyntaxError(Exception):
    """The text is not YAML; `line` and `column` count from 1."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column

    def make_problem(self, file: str) -> Problem:
        """Return the error as a problem of a file, whose name this is in messages."""
        return Problem(file, self.line, self.column, "", self.problem)


def parse_yaml(text: str) -> Node | None:
    """Return the only document's node, or None where there is none. Raises YamlSyntaxError."""
    if len(text) > _MOST_CHARACTERS:
        raise YamlSyntaxError("this file is larger than 1 MiB; it cannot be a configuration file")
    try:
        with warnings.catch_warnings():
            # an anchor that is used for a second value is legal
            warnings.simplefilter("ignore")
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _explain(error, text) from None
    except ReaderError as error:
        before = text[: error.position]
        raise YamlSyntaxError(
            f"a character that YAML does not allow (U+{ord(text[error.position]):04X}); delete it",
            before.count("\n") + 1,
            error.position - before.rfind("\n"),
        ) from None
    except RecursionError:
        raise YamlSyntaxError("brackets or lists are nested far too deeply") from None
    except (YAMLError, ValueError, OverflowError) as error:
        raise YamlSyntaxError(f"this is not valid YAML: {error}") from None
    return node


_ODD_COLON = (
    "a colon does not fit here: the line above may lack its colon, this line may be indented wrongly, "
    "or the value needs quotes"
)
_NO_COLON = "this line lacks a colon after its key"
_NO_FIT = "this line does not fit the lines above it; check its indentation and brackets"
_EXPLANATIONS = {
    r"found character '\\t' that cannot start any token": "there is a tab here; indent with spaces",
    r"found character '(.+)' that cannot start": r"a value may not begin with \1; put the value in quotes",
    r"mapping values are not allowed here": _ODD_COLON,
    r"could not find expected ':'": _NO_COLON,
    r"sequence entries are not allowed here": "a list begins on a line of its own, below its key",
    r"mapping keys are not allowed here": "a question mark does not fit here; put the value in quotes",
    r"expected <block end>": _NO_FIT,
    r"found unexpected end of stream": "the quotes that open here are never closed",
    r"expected ',' or '([\]}])'": r"the bracket that opens here is not closed with \1",
    # without its name: many passwords begin with *
    r"found undefined alias": "what begins with * refers to an anchor that does not exist; "
    "put the value in quotes if it is text",
    r"found undefined tag handle|while scanning a tag": "a value that begins with ! has a meaning in YAML; "
    "put the value in quotes",
    r"expected '<document start>'": "this line is no setting; write settings as key: value",
    r"but found another document": "a second document begins here; a configuration file has only one",
    r"found unknown escape character": "a backslash has a meaning in double quotes; use single quotes instead",
}
_REPORTED_AT_START = re.compile(
    r"found unexpected end of stream|expected ',' or|found unknown escape|could not find expected ':'"
)
"""Problems that you correct where the construct begins, not where the scanner gave up."""
_LINE = re.compile(r"[^\n\r]*(?:\r\n|\n|\r|$)")
"""A line with its end, as YAML counts them."""
_NO_SPACE = re.compile(r"\s*(?:(-)[^\s\-.0-9]|[A-Za-z_][A-Za-z0-9_.-]*\s*(:(?!//)(?=\S)|\uff1a))")


def _explain(error: MarkedYAMLError, text: str) -> YamlSyntaxError:
    is_tag = "scanning a tag" in (error.context or "")
    said = (error.context if is_tag else error.problem or error.context) or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and (is_tag or _REPORTED_AT_START.match(said)):
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    found = (match.expand(plain) for pattern, plain in _EXPLANATIONS.items() if (match := re.match(pattern, said)))
    problem = next(found, f"this is not valid YAML: {said}")
    if problem in (_NO_FIT, _ODD_COLON):
        line, column, problem = _find_cause(text, line) or (line, column, problem)
    if problem == _NO_COLON:
        problem = explain_missing_space(_LINE.findall(text)[line - 1]) or problem
    return YamlSyntaxError(problem, line, column)


def _find_cause(text: str, line: int) -> tuple[int, int, str] | None:
    """Return where a text began above the line on which YAML gives up, and what is wrong there.

    Quotes that were meant to be closed on their own line are closed by a later one; a key without its colon is read
    as one text together with the lines below it, up to the next colon.
    """
    with contextlib.suppress(YAMLError):
        for token in YAML(typ="safe", pure=True).scan(text):
            start, end = token.start_mark, token.end_mark
            if not isinstance(token, ScalarToken) or not start.line < end.line == line - 1:
                continue
            if token.style:
                return start.line + 1, start.column + 1, f"the quotes that open here are closed only on line {line}"
            if not text[start.index - start.column : start.index].strip():
                return start.line + 1, start.column + 1, _NO_COLON
    return None


def explain_missing_space(line: str) -> str | None:
    """Return what is wrong with a line such as `port:80`, which is nothing but a text to YAML."""
    found = _NO_SPACE.match(line)
    if found is None:
        return None
    if found[1]:
        return "a space is missing after the dash"
    return (
        "a space is missing after the colon" if found[2] == ":" else "this colon is a wide one; write : and a space"
    )
