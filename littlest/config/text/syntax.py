"""YAML text to nodes, which know their lines and the text that a value was written with.

The nodes are as far as YAML's own rules go here: what a value means is decided by the setting it is given to
(`littlest.config.text.convert`), so that a user called `null` or `0123` keeps that name.
"""

import re
import warnings
from collections.abc import Callable
from enum import Enum

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

__all__ = [
    "LINE",
    "Fault",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "YamlSyntaxError",
    "explain_missing_space",
    "is_bare",
    "measure_indent",
    "parse_yaml",
]

_MOST_CHARACTERS = 2**20


class Fault(Enum):
    """What kind of mistake keeps a text from being YAML: `littlest.config.text.mend` knows what to do about each."""

    TAB = "indented with a tab"
    START = "a value begins with a character that means something"
    ESCAPE = "a backslash in double quotes"
    ALIAS = "an anchor that there is not"
    CHARACTER = "a character that no text has"
    OPEN = "quotes or a bracket that nothing closes"
    COLON = "a key without its colon"
    DOCUMENT = "a second document"
    STRUCTURE = "a line that does not fit those above it"
    WHOLE = "the text as a whole"


class YamlSyntaxError(Exception):
    """The text is not YAML; `line` and `column` count from 1."""

    def __init__(self, problem: str, line: int = 1, column: int = 1, fault: Fault = Fault.WHOLE) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column
        self.fault = fault


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
            # one of a text that is none, such as UTF-16 or a program
            Fault.WHOLE if "\0" in text else Fault.CHARACTER,
        ) from None
    except RecursionError:
        raise YamlSyntaxError("brackets or lists are nested far too deeply") from None
    except (YAMLError, ValueError, OverflowError) as error:
        raise YamlSyntaxError(f"this is not valid YAML: {error}") from None
    return node


_NO_COLON = "this line lacks a colon after its key"
_EXPLANATIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str], Fault], ...] = (
    (r"found character '\\t' that cannot start any token", "a tab stands here; indent with spaces", Fault.TAB),
    (
        r"found character '(.+)' that cannot start any token",
        lambda match: f"a value may not begin with {match[1]}; put the value in quotes",
        Fault.START,
    ),
    (
        r"mapping values are not allowed here",
        "a colon does not fit here: the line above may lack its colon, this line may be indented wrongly, "
        "or the value needs quotes",
        Fault.STRUCTURE,
    ),
    (r"could not find expected ':'", _NO_COLON, Fault.COLON),
    (r"sequence entries are not allowed here", "a list begins on a line of its own, below its key", Fault.STRUCTURE),
    (
        r"mapping keys are not allowed here",
        "a question mark does not fit here; put the value in quotes",
        Fault.STRUCTURE,
    ),
    (
        r"expected <block end>",
        "this line does not fit the lines above it; check its indentation and brackets",
        Fault.STRUCTURE,
    ),
    (r"found unexpected end of stream", "the quotes that open here are never closed", Fault.OPEN),
    (
        r"expected ',' or '([\]}])'",
        lambda match: f"the bracket that opens here is not closed with {match[1]}",
        Fault.OPEN,
    ),
    (
        # its name is not told: many a password begins with *
        r"found undefined alias",
        "what begins with * refers to an anchor that does not exist; put the value in quotes if it is text",
        Fault.ALIAS,
    ),
    (
        r"found undefined tag handle|while scanning a tag",
        "a value that begins with ! has a meaning in YAML; put the value in quotes",
        Fault.START,
    ),
    (r"expected '<document start>'", "this line is no setting; write settings as key: value", Fault.WHOLE),
    (
        r"but found another document",
        "a second document begins here; a configuration file has only one",
        Fault.DOCUMENT,
    ),
    (
        r"found unknown escape character",
        "a backslash has a meaning in double quotes; use single quotes instead",
        Fault.ESCAPE,
    ),
)
_STANDS_AT_CONTEXT = re.compile(
    r"found unexpected end of stream|expected ',' or|found unknown escape|could not find expected ':'"
)
"""Problems that a person corrects where the construct begins, not where the scanner gave up."""
LINE = re.compile(r"[^\n\r]*(?:\r\n|\n|\r|$)")
"""A line with its end, as YAML counts them."""
_NO_SPACE = re.compile(r"\s*(?:(-)[^\s\-.0-9]|[A-Za-z_][A-Za-z0-9_.-]*\s*(:(?!//)(?=\S)|\uff1a))")
_WORD = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_-]*\s*(?:#.*)?\s*")
_KEY = re.compile(r"\s*(?:- +)*[^\s:#]+\s*:(?:\s|$)")


def _explain(error: MarkedYAMLError, text: str) -> YamlSyntaxError:
    is_tag = "scanning a tag" in (error.context or "")
    said = (error.context if is_tag else error.problem or error.context) or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and (is_tag or _STANDS_AT_CONTEXT.match(said)):
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    for pattern, plain, fault in _EXPLANATIONS:
        if match := re.match(pattern, said):
            found = YamlSyntaxError(plain if isinstance(plain, str) else plain(match), line, column, fault)
            return _find_missing_colon(found, text)
    return YamlSyntaxError(f"this is not valid YAML: {said}", line, column, Fault.STRUCTURE)


def _find_missing_colon(error: YamlSyntaxError, text: str) -> YamlSyntaxError:
    """Return the error where a person looks for it: a key without its colon is noticed at the next line's colon."""
    lines = LINE.findall(text)
    this = lines[error.line - 1]
    if error.problem.startswith("a colon does not fit here") and _KEY.match(this):
        # what is indented further goes on with the text that the key was taken for
        indent = measure_indent(this)
        above = [line for line in range(error.line - 1, 0, -1) if not is_bare(lines[line - 1])]
        line = next((line for line in above if measure_indent(lines[line - 1]) <= indent), 0)
        before = lines[line - 1] if line else ":"
        is_alike = measure_indent(before) == indent or (line in above[:1] and _WORD.fullmatch(before))
        if line and is_alike and not re.search(r":\s", before):
            error = YamlSyntaxError(_NO_COLON, line, measure_indent(before) + 1, Fault.COLON)
    if error.fault is Fault.COLON and (found := explain_missing_space(lines[error.line - 1])):
        return YamlSyntaxError(found, error.line, error.column, Fault.COLON)
    return error


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


def is_bare(line: str) -> bool:
    """Whether nothing stands in a line but a comment."""
    return not line.strip() or line.lstrip().startswith("#")


def measure_indent(line: str) -> int:
    """Return the number of spaces before a line's text."""
    return len(line) - len(line.lstrip(" "))
