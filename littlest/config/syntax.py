"""YAML text to nodes, which know their lines and the text that a value was written with.

The nodes are as far as YAML's own rules go here: what a value means is decided by the setting it is given to
(`littlest.config.convert`), so that a user called `null` or `0123` keeps that name.
"""

import re
import warnings
from collections.abc import Callable

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

__all__ = ["MappingNode", "Node", "ScalarNode", "SequenceNode", "YamlSyntaxError", "parse_yaml"]

_MOST_CHARACTERS = 2**20


class YamlSyntaxError(Exception):
    """The text is not YAML; `line` and `column` count from 1."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


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
        raise _explain(error) from None
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


_EXPLANATIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"found character '\\t' that cannot start any token", "a tab stands here; indent with spaces"),
    (
        r"found character '(.+)' that cannot start any token",
        lambda match: f"a value may not begin with {match[1]}; put the value in quotes",
    ),
    (
        r"mapping values are not allowed here",
        "a colon does not fit here: the line above may lack its colon, this line may be indented wrongly, "
        "or the value needs quotes",
    ),
    (r"could not find expected ':'", "this line lacks a colon after its key"),
    (r"sequence entries are not allowed here", "a list begins on a line of its own, below its key"),
    (r"mapping keys are not allowed here", "a question mark does not fit here; put the value in quotes"),
    (r"expected <block end>", "this line does not fit the lines above it; check its indentation and brackets"),
    (r"found unexpected end of stream", "the quotes that open here are never closed"),
    (r"expected ',' or '([\]}])'", lambda match: f"the bracket that opens here is not closed with {match[1]}"),
    (
        # its name is not told: many a password begins with *
        r"found undefined alias",
        "what begins with * refers to an anchor that does not exist; put the value in quotes if it is text",
    ),
    (
        r"found undefined tag handle|while scanning a tag",
        "a value that begins with ! has a meaning in YAML; put the value in quotes",
    ),
    (r"expected '<document start>'", "this line is no setting; write settings as key: value"),
    (r"but found another document", "a second document begins here; a configuration file has only one"),
    (
        r"found unknown escape character",
        "a backslash has a meaning in double quotes; use single quotes instead",
    ),
)
_STANDS_AT_CONTEXT = re.compile(r"found unexpected end of stream|expected ',' or|found unknown escape")
"""Problems that a person corrects where the construct begins, not where the scanner gave up."""


def _explain(error: MarkedYAMLError) -> YamlSyntaxError:
    is_tag = "scanning a tag" in (error.context or "")
    said = (error.context if is_tag else error.problem or error.context) or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and _STANDS_AT_CONTEXT.match(said):
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    for pattern, plain in _EXPLANATIONS:
        if match := re.match(pattern, said):
            return YamlSyntaxError(plain if isinstance(plain, str) else plain(match), line, column)
    return YamlSyntaxError(f"this is not valid YAML: {said}", line, column)
