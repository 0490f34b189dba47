"""The JSON schema accepts what the loader accepts, and the loader is never surprised.

Left out of the generated cases, because a JSON schema cannot say them: what settings say against each other (a group
that is not there, https.certificate without https.key, external_url and base_url), whether an amount written with its
unit is enough, the numbers within an IP address, which folders and variables belong to the system, and characters
that cannot be seen.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend  # type: ignore[import-untyped]
from pydantic import ValidationError
from ruamel.yaml import YAML

from littlest.config.completion import SCHEMA_FILE
from littlest.config.convert import Conversion
from littlest.config.document import render_default_config, render_settings
from littlest.config.model import Config
from littlest.config.schema import make_schema, render_schema
from littlest.config.section import CONFLICT
from littlest.config.settings import list_settings
from littlest.config.shapes import SHAPES
from littlest.config.syntax import parse_yaml

SCHEMA = make_schema()
DEFINITIONS: dict[str, Any] = SCHEMA["$defs"]
Strategy = st.SearchStrategy[Any]
LETTERS = st.characters(min_codepoint=32, max_codepoint=126)
SAMPLES: dict[str, list[str]] = {
    "_check_memory": ["128M", "2 GB", "1.5g", "1024T", "1X", "lots", "1,5G"],
    "_check_total": ["4G", "80%", "100 %", "1X", "%"],
    "_check_reserve": ["1G", "10%", "0", "1X", "%"],
    "parse_address": ["", "10.0.0.1", "::1", "[2001:db8::1]", "localhost", "*"],
    "parse_network": ["10.0.0.0/8", "::1", "2001:db8::/32", "localhost"],
    "parse_file_path": ["/etc/x.pem", "/", "/a/../b", "x"],
    "parse_homes": ["/mnt/homes", "/home", "mnt", "/a/../b"],
    "parse_shared_path": ["/srv/data", "/data", "/var/lib/dpkg", "//var", "/various", "/lost+found", "x", "/a/.."],
    "parse_program_folder": ["/opt/x/bin", "/opt:/x", "x"],
    "parse_server_variable": ["COURSE", "a_1", "MY-VAR", "1A", ""],
    "parse_variable_value": ["", "x", "a b", "/srv/data"],
}
WORDS = {SHAPES[name].schema.get("pattern", ""): samples for name, samples in SAMPLES.items()}
JUNK: list[Any] = [
    *("", "x y", "/x", "-", "yes", "../x", "a/b", "A", "é", "x" * 501),
    *(0, -1, 7, 10**20, 1.5, True, False, None),
    *([], ["x"], [1], {}, {"x": 1}, {"file": "/x"}, {"type": "github"}),
]


def make_validator() -> Any:
    """A validator whose $ is the end of the text, as it is in editors; Python's may stand before a last newline."""

    def check_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and not re.search(re.sub(r"\$(?=[)|]|$)", r"\\Z", pattern), value):
            yield jsonschema.ValidationError(f"{value!r} does not match")

    return extend(Draft202012Validator, {"pattern": check_pattern})(SCHEMA)


VALIDATOR = make_validator()


def is_accepted(data: dict[str, Any]) -> bool | None:
    """Whether the loader takes these settings; None where only settings together are against it."""
    conversion = Conversion(parse_yaml(render_settings(data)), "config.yaml")
    if conversion.problems:
        return False
    try:
        Config.model_validate(conversion.data)
    except ValidationError as error:
        kinds = {detail["type"] for detail in error.errors(include_url=False)}
        told = {"i_know_this_is_insecure", "user_dns or search_base"}
        said = [str(detail["msg"]) for detail in error.errors(include_url=False)]
        is_together = kinds <= {CONFLICT, "banned"} and not any(
            words in text for words in (*told, "dummy lets") for text in said
        )
        return None if is_together else False
    return True


def remember(make: Callable[..., Strategy]) -> Callable[..., Strategy]:
    """Make each strategy once: to build them costs more than to draw from them."""
    made: dict[tuple[Any, ...], Strategy] = {}

    def find(*given: Any) -> Strategy:
        key = tuple(part if isinstance(part, str) else id(part) for part in given)
        if key not in made:
            made[key] = make(*given)
        return made[key]

    return find


@remember
def find_strategy(schema: Any) -> Strategy:
    """Values that a part of the schema accepts, most of the time."""
    if "$ref" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    if choices := [branch["then"] for branch in schema.get("allOf", ()) if "then" in branch]:
        return st.one_of([st.deferred(lambda choice=choice: find_strategy(choice)) for choice in choices])  # type: ignore[misc]
    if "anyOf" in schema and "type" not in schema:
        return st.one_of([find_strategy(choice) for choice in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "type" not in schema:
        return st.sampled_from([1, "x", None, True, 0.5, [1, "x"], {"x": {"y": 1}}])
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return st.sampled_from(types).flatmap(lambda kind: find_typed(kind, schema))


@remember
def find_typed(kind: str, schema: dict[str, Any]) -> Strategy:
    """Values of one type."""
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            least = math.ceil(schema.get("minimum", -3))
            return st.integers(least, min(schema.get("maximum", least + 2000), least + 10**9))
        case "string":
            return find_text(schema)
        case "array":
            return st.lists(find_strategy(schema["items"]), min_size=schema.get("minItems", 0), max_size=2)
        case _:
            return find_object(schema)


@remember
def find_text(schema: dict[str, Any]) -> Strategy:
    """Texts that match a pattern, where that is all that counts."""
    pattern = schema.get("pattern")
    if pattern in WORDS:
        return st.sampled_from(WORDS[pattern])
    if pattern is None:
        return st.text(LETTERS, min_size=schema.get("minLength", 0), max_size=20)
    return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True, alphabet=LETTERS)


@remember
def find_object(schema: dict[str, Any]) -> Strategy:
    """A few of a group's settings with those that it needs, or a few names."""
    if "propertyNames" in schema:
        names = schema["propertyNames"]
        is_folded = names.get("pattern") == SHAPES["parse_user_name"].schema["pattern"]
        found = find_text(names).map(str.lower) if is_folded else find_text(names)
        return st.dictionaries(found, find_strategy(schema["additionalProperties"]), max_size=2)
    required = schema.get("required", [])
    properties = schema["properties"]
    needed = [name for part in schema.get("allOf", ()) for name in part.get("required", ())]
    needed += [name for part in schema.get("allOf", ()) for one in part.get("anyOf", ()) for name in one["required"]]
    others = st.lists(st.sampled_from(list(properties)), unique=True, max_size=3)
    return others.flatmap(
        lambda names: st.fixed_dictionaries(
            {name: find_strategy(properties[name]) for name in dict.fromkeys([*required, *needed, *names])}
        )
    )


FILES = find_object(SCHEMA)


def list_places(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and position in the settings."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in pairs for found in ((*place, key), *list_places(value, (*place, key)))]


def mutate(data: dict[str, Any], place: tuple[Any, ...], value: Any, change: str) -> None:
    """Replace or delete what stands at a place, or put something unknown beside it."""
    around: Any = data
    for part in place[:-1]:
        around = around[part]
    if change == "replace":
        around[place[-1]] = value
    elif change == "delete":
        del around[place[-1]]
    elif isinstance(around, dict):
        around["misspelt"] = value


def check_agreement(data: dict[str, Any]) -> None:
    verdict = is_accepted(data)
    assume(verdict is not None)
    errors = [f"{error.json_path}: {error.message}"[:200] for error in VALIDATOR.iter_errors(data)]
    assert verdict is (not errors), f"{render_settings(data)}\n{errors}"


def list_complaints(text: str) -> list[str]:
    """What an editor underlines in a file: it knows YAML and the schema, and nothing of settings."""
    data = YAML(typ="safe", pure=True).load(text)
    return [f"{error.json_path}: {error.message}"[:200] for error in VALIDATOR.iter_errors(data)]


CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=CALM)
@given(FILES)
def test_the_schema_and_the_loader_agree_on_what_the_schema_describes(data: dict[str, Any]) -> None:
    check_agreement(data)


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=CALM)
@given(FILES, st.data())
def test_the_schema_and_the_loader_agree_on_what_is_wrong(data: dict[str, Any], draw: st.DataObject) -> None:
    data = json.loads(json.dumps(data))
    places = list_places(data)
    assume(places)
    changes = st.sampled_from(["replace", "replace", "delete", "add"])
    mutate(data, draw.draw(st.sampled_from(places)), draw.draw(st.sampled_from(JUNK)), draw.draw(changes))
    check_agreement(data)


def test_it_is_a_schema_and_holds_every_setting() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for setting in list_settings():
        schema = SCHEMA
        for part in setting.key.split("."):
            schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            if choices := [branch["then"] for branch in schema.get("allOf", ()) if "then" in branch]:
                schema = DEFINITIONS[choices[0]["$ref"].rpartition("/")[2]]
            schema = schema["properties"][part]
        assert schema["description"] == setting.description
        if setting.section is None:
            assert json.dumps(schema["default"]) == json.dumps(setting.default)
        if setting.example is not None:
            assert schema["examples"] == [setting.example]


def test_the_schema_knows_what_is_wrong_with_each_setting() -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"limits": {"memry": "1G"}},
        {"http": {"port": 0}},
        {"http": {"port": "80"}},
        {"auth": {"type": "github", "client_id": "x"}},
        {"auth": {"type": "githib"}},
        {"auth": {"type": "dummy"}},
        {"users": {"groups": {"Biology": {}}}},
        {"user_environment": {"default_app": "lab"}},
    )
    for data in wrong:
        assert not VALIDATOR.is_valid(data), data
    assert VALIDATOR.is_valid(None), "an empty file"
    assert VALIDATOR.is_valid({"users": {"admin": [9, True, None, 0.5, "ada"]}}), "texts without quotes"


def test_the_default_file_is_valid_by_the_schema() -> None:
    assert list_complaints(render_default_config(("ada",))) == []
    assert list_complaints(render_default_config()) == []


def test_the_file_that_a_release_carries_is_the_schema() -> None:
    assert Path(SCHEMA_FILE).read_text() == render_schema()
