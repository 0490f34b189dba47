"""One YAML file to one Config, or every problem it has as `file:line: key: problem`."""

import codecs
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from littlest.config.convert import Conversion, show
from littlest.config.model import Config
from littlest.config.problems import InvalidConfig, Problem
from littlest.config.settings import find_nearest_word
from littlest.config.syntax import YamlSyntaxError, parse_yaml
from littlest.errors import LittlestError


def read_config(path: Path) -> Config:
    """Return the settings in a file. Raises ConfigError, or LittlestError where the file is not to be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LittlestError(f"{path} cannot be read: {error.strerror}.") from error
    return load_config(decode_config(data, str(path)), str(path))


def decode_config(data: bytes, name: str) -> str:
    """Return the text of a file's bytes. Raises ConfigError for any encoding but UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problem = "this file is saved as UTF-16; save it as UTF-8"
    elif b"\0" in data:
        problem = "this is no text file"
    else:
        problem = f"the byte 0x{data[start]:02x} is not UTF-8; save the file as UTF-8"
    line = data.count(b"\n", 0, start) + 1
    raise InvalidConfig((Problem(name, line, start - data.rfind(b"\n", 0, start), "", problem),))


def load_config(text: str, name: str) -> Config:
    """Return the settings that a YAML text gives; an empty one gives the defaults.

    `name` is the file's name in messages. Raises ConfigError with every problem, ordered by line.
    """
    try:
        root = parse_yaml(text)
    except YamlSyntaxError as error:
        raise InvalidConfig((Problem(name, error.line, error.column, "", error.problem),)) from None
    conversion = Conversion(root, name)
    config = None
    try:
        config = Config.model_validate(conversion.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            node = conversion.find_node(detail["loc"])
            problem, hint = _explain(detail)
            conversion.add_problem(node, detail["loc"], f"{show(node)} {problem}".lstrip(), hint)
    if config is None or conversion.problems:
        problems = sorted(conversion.problems, key=lambda problem: (problem.line, problem.column))
        raise InvalidConfig(tuple(problems))
    return config


def _explain(detail: ErrorDetails) -> tuple[str, str | None]:
    """Return what is wrong in plain words, with the value as the sentence's subject, and a hint."""
    limits: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than_equal":
            return f"is too small; give at least {limits['ge']:g}", None
        case "less_than_equal":
            return f"is too large; give at most {limits['le']:g}", None
        case "literal_error":
            return _explain_choice(str(detail["input"]), limits["expected"])
        case "value_error":
            return str(limits["error"]), None
        case "banned":
            return detail["msg"], "a banned user may stand in no other list"
        case _:
            return f"is not valid: {detail['msg']}", None


def _explain_choice(word: str, expected: str) -> tuple[str, str | None]:
    # pydantic gives them as "'a', 'b' or 'c'"
    choices = tuple(expected.replace("'", "").replace(" or ", ", ").split(", "))
    if len(choices) == 1:
        return f"is not known; write {choices[0]}", None
    nearest = find_nearest_word(word, choices)
    return f"is not one of {', '.join(choices)}", f"did you mean {nearest}?" if nearest else None
