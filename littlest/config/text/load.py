"""One YAML text to one Config, or its problems as `file:line: key: problem`.

Of a text that is not YAML only the first error is named; else every problem is.
"""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from littlest.config.model import Config
from littlest.config.reference.catalog import find_nearest_word
from littlest.config.reference.peer_keys import APPS
from littlest.config.sections.section import CONFLICT, Place
from littlest.config.text.convert import KEY, Conversion, is_merge
from littlest.config.text.hints import explain_key
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.config.text.scalars import show
from littlest.config.text.syntax import YamlSyntaxError, parse_yaml


def decode_config(data: bytes, name: str) -> str:
    """Return the text of a file's bytes. Raises ConfigError for any encoding but UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problem = "this file is saved as UTF-16; save it as UTF-8"
    elif b"\0" in data:
        problem = "this is not a text file"
    else:
        problem = f"the byte 0x{data[start]:02x} is not UTF-8; save the file as UTF-8"
    line = data.count(b"\n", 0, start) + 1
    column = start - data.rfind(b"\n", 0, start)
    raise InvalidConfig((Problem(name, line, column, "", problem),))


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings of a file, and where each of them is in it."""

    config: Config
    text: str
    """The YAML itself."""
    _conversion: Conversion

    def make_problem(self, place: Place, problem: str, hint: str | None = None) -> Problem:
        """Return what is wrong with the value at a place, with its line in the file: the nearest one around it where
        the file gives no value."""
        return self._conversion.make_problem(self._conversion.find_node(place), place, problem, hint)


def load_config(text: str, name: str) -> Config:
    """Return the settings that a YAML text gives; an empty one gives the defaults.

    `name` is the file's name in messages. Raises InvalidConfig with every problem, ordered by line; with only
    the first error if the text is not YAML.
    """
    return load_located_config(text, name).config


def load_located_config(text: str, name: str) -> LoadedConfig:
    """Return the settings of a YAML text with their places, for checks that need more than the text.

    Raises ConfigError as `load_config` does.
    """
    try:
        root = parse_yaml(text)
    except YamlSyntaxError as error:
        raise InvalidConfig((error.make_problem(name),)) from None
    conversion = Conversion(root, name)
    config = _validate(conversion)
    if config is None or conversion.problems:
        raise InvalidConfig(sort_problems(conversion.problems))
    return LoadedConfig(config, text, conversion)


def _validate(conversion: Conversion) -> Config | None:
    """Return the settings; where something is wrong with them, add the problems to the conversion.

    A second round checks the sections against each other without those that have problems of their own: so one run
    names everything, and nothing that is only missing because it was left out.
    """
    noted = frozenset(conversion.noted)
    wrong = {str(place[0]) for place in noted if place}
    data = conversion.data
    for _ in range(2):
        try:
            return Config.model_validate(data, context=wrong)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            place = detail["loc"]
            is_unsure = detail["type"] == CONFLICT and not wrong.isdisjoint(place[:1])
            # pydantic counts only the entries that are right
            is_miscounted = detail["type"] == "too_short" and detail["input"]
            if not (is_unsure or is_miscounted or place in noted):
                _add_problem(conversion, detail)
        wrong |= {str(detail["loc"][0]) for detail in details if detail["loc"]}
        data = {name: data[name] for name in data if name not in wrong} if isinstance(data, dict) else {}
    return None


def _add_problem(conversion: Conversion, detail: ErrorDetails) -> None:
    place = detail["loc"]
    node = conversion.find_node(place)
    hint: str | None
    if detail["type"] == "extra_forbidden":
        node = conversion.nodes[*place, KEY]
        problem = "unknown key, which << brings here" if is_merge(node) else "unknown key"
        hint = explain_key(str(place[-1]), conversion.kinds[place[:-1]], place[:-1])
    else:
        problem, hint = _explain(detail)
        # a conflict names its subject; in every other problem the value is the subject
        is_hidden = conversion.is_secret(place) or detail["type"] in (CONFLICT, "missing")
        problem = (problem if is_hidden else f"{show(node)} {problem}").lstrip()
    conversion.add_problem(node, place, problem, hint)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in the order of the file's lines."""
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


_SENTENCES = {
    CONFLICT: "{problem}",
    "greater_than_equal": "is too small; give at least {ge:g}",
    "less_than_equal": "is too large; give at most {le:g}",
    "value_error": "{error}",
    "string_too_long": "is too long; give at most {max_length} characters",
    "string_too_short": "is empty",
    "too_short": "is empty; give at least one",
}


def _explain(detail: ErrorDetails) -> tuple[str, str | None]:
    """Return what is wrong in plain words, with the value as the sentence's subject, and a hint."""
    limits: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "literal_error":
            return _explain_choice(str(detail["input"]), limits["expected"])
        case "missing":
            hint = f"`littlest config help {detail['loc'][0]}` shows what is needed"
            return "is missing", hint
        case "banned":
            return detail["msg"], "a banned user may be in no other list"
        case kind:
            problem = _SENTENCES.get(kind, "is not valid: {message}")
            return problem.format_map({**limits, "message": detail["msg"]}), limits.get("hint")


def _explain_choice(word: str, expected: str) -> tuple[str, str | None]:
    # pydantic gives them as "'a', 'b' or 'c'"
    choices = tuple(expected.replace("'", "").replace(" or ", ", ").split(", "))
    if len(choices) == 1:
        return f"is not possible here; write {choices[0].replace('True', 'true')}", None
    nearest = APPS.get(word) if APPS.get(word) in choices else find_nearest_word(word, choices)
    return f"is not one of {', '.join(choices)}", f"did you mean {nearest}?" if nearest else None
