"""A configuration file's text without its secrets. Pure."""

import re
from collections.abc import Iterator

from littlest.config.sections.secrecy import MASK
from littlest.config.text.convert import Conversion
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.syntax import Node, ScalarNode, YamlSyntaxError, list_inner, parse_yaml

_KEY = re.compile(r"[ \t]*(?:- +)*(?:[A-Za-z_][A-Za-z0-9_]*:(?:[ \t]+|$))?")
"""The beginning of a line up to its value: its indentation, the dashes of a list, a key."""


def mask_secrets(text: str, name: str) -> str:
    """Return the text with every secret replaced by a mask; all else stays as it is.

    In a file that is not valid, what is below an unknown key is masked as well, and a value where a group belongs:
    it may be a secret whose key is misspelt or forgotten. `name` is the file's name in messages.
    Raises ConfigError for a text that is not YAML.
    """
    try:
        root = parse_yaml(text)
    except YamlSyntaxError as error:
        raise InvalidConfig((error.make_problem(name),)) from None
    found = {
        (scalar.start_mark.index, scalar.end_mark.index)
        for node in Conversion(root, name).hidden
        for scalar in _list_scalars(node, set())
    }
    for start, end in sorted(found, reverse=True):
        # a block of lines ends with its last line's end
        last = "\n" if text[start:end].endswith("\n") else ""
        text = f"{text[:start]}{MASK}{last}{text[end:]}"
    return text


def mask_values(line: str) -> str:
    """Return a line with a mask for all but its key: in a text that is not YAML anything may be a secret."""
    found = _KEY.match(line)
    begin, rest = (found[0], line[found.end() :]) if found else ("", line)
    return f"{begin}{MASK}" if rest.strip() else line


def _list_scalars(node: Node, seen: set[int]) -> Iterator[Node]:
    if isinstance(node, ScalarNode):
        yield node
    elif id(node) not in seen:
        seen.add(id(node))
        for inner in list_inner(node):
            yield from _list_scalars(inner, seen)
