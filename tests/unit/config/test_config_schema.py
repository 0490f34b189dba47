"""The JSON schema accepts the files that the loader accepts, but for a list of differences, each with its reason.

Whole files are generated, in many spellings, as a person could have written them; what an editor makes of one is read
by the rules of YAML 1.2 alone, without the loader.
"""

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend  # type: ignore[import-untyped]
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from littlest.config.reference.catalog import list_kinds, list_metadata, list_settings
from littlest.config.reference.completion import SCHEMA_FILE
from littlest.config.reference.schema import make_schema
from littlest.config.sections import kinds, users
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import render_default_config, render_inline, render_value
from tests.support.bad_files import BAD_FILES, BadFile

SCHEMA = make_schema()
DEFINITIONS: dict[str, Any] = SCHEMA["$defs"]
Strategy = st.SearchStrategy[Any]
LETTERS = st.characters(min_codepoint=32, max_codepoint=126)
SAMPLES: tuple[tuple[Any, list[str]], ...] = (
    (users.Memory, ["128M", "2 GB", "1.5g", "1024T", "1X", "lots", "1,5G"]),
    (users.TotalMemory, ["4G", "80%", "100 %", "1X", "%"]),
    (users.Reserve, ["1G", "10%", "0", "1X", "%"]),
    (kinds.Address, ["", "10.0.0.1", "::1", "[2001:db8::1]", "localhost", "*"]),
    (kinds.Network, ["10.0.0.0/8", "::1", "2001:db8::/32", "localhost"]),
    (kinds.FilePath, ["/etc/x.pem", "/", "/a/../b", "x"]),
    (kinds.HomesPath, ["/mnt/homes", "/home", "mnt", "/a/../b"]),
    (kinds.SharedPath, ["/srv/data", "/data", "/var/lib/dpkg", "//var", "/various", "/lost+found", "x", "/a/.."]),
    (kinds.ProgramFolder, ["/opt/x/bin", "/opt:/x", "x"]),
    (kinds.ServerVariable, ["COURSE", "a_1", "MY-VAR", "1A", ""]),
    (kinds.VariableValue, ["", "x", "a b", "/srv/data"]),
)


def find_pattern(annotation: Any) -> str:
    """The pattern in the schema of an annotated text."""
    return str(list_kinds(list_metadata(annotation))[0].schema["pattern"])


WORDS = {find_pattern(annotation): samples for annotation, samples in SAMPLES}
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


# what the loader refuses and no JSON schema can say: why not, what the loader says of it, and a file that shows it
NOT_IN_SCHEMAS: tuple[tuple[str, str, str], ...] = (
    ("two places of the file", "is also in users.", "users: {admin: [ada], banned: [ADA]}"),
    ("two places of the file", "is also http.port", "https: {enabled: true, port: 80, certificate: /c, key: /k}"),
    ("two places of the file", "is not base_url", "external_url: https://h.example.org/a/"),
    ("two places of the file", "needs external_url", "auth: {type: github, client_id: x, client_secret: y}"),
    ("two places of the file", "is not a group of users.groups", "shared_folders: {data: {groups: [biology]}}"),
    ("two places of the file", "is the place of", "shared_folders: {a: {path: /srv/x}, b: {path: /srv/x}}"),
    ("two places of the file", "inside, or around,", "shared_folders: {a: {path: /srv/x}, b: {path: /srv/x/y}}"),
    (
        "two places of the file",
        "anybody could choose the name",
        "auth: {allow_all: true}\nusers: {unix_name: '{name}'}",
    ),
    (
        "two places of the file",
        "shared_folders has a ",
        "shared_folders: {a: {}}\nusers: {groups: {a: {shared_folder: true}}}",
    ),
    ("names that differ in capitals", "in other letters", "limits: {users: {Ada: {}, ada: {}}}"),
    ("editors underline it as wrong YAML", "is given twice", "base_url: /a\nbase_url: /b"),
    ("blank is null to an editor", "has no value", "limits:\n  memory:"),
    ("blank is null to an editor", "is empty", "metrics:\n  token:"),
    ("the way it is written", "goes on over more than one line", "announcement: one\n  two"),
    ("the way it is written", "means nothing here", "limits: {memory: !size 2G}"),
    ("a number to some readers only", "is not a whole number", "http: {port: 0x51}"),
    ("a number to some readers only", "is not a number", "limits: {cpu: .nan}"),
    ("a number, and no amount", "is not an amount of memory", "limits: {memory: 1e9}"),
    ("a pattern would be too long", "give at least 128M", "limits: {memory: 130000K}"),
    ("a pattern would be too long", "is more than any machine has", "limits: {memory: 1025T}"),
    ("a pattern would be too long", "is not an IP address", "http: {address: '1::2::3'}"),
    (
        "a pattern would be too long",
        "is neither a name nor an address",
        "auth: {type: ldap, server: '1::2::3', search_base: x}",
    ),
    ("a pattern would be too long", "lacks {username}", "auth: {type: ldap, server: l, user_dns: [uid=ada]}"),
    ("a pattern would be too long", "another brace", "auth: {type: ldap, server: l, user_dns: ['{username}{']}"),
    ("the first of a list", "is not a whole path", "services: {managed: {grader: {command: [grader]}}}"),
    ("what can be seen", "cannot be seen", 'users: {allowed: ["a\\u200bb"]}'),
    (
        "two places of the file",
        "is, or is inside, the shared folder",
        "users: {homes: /srv/d}\nshared_folders: {d: {path: /srv/d}}",
    ),
    (
        "any value of a trait",
        "takes a whole path",
        "auth: {type: native, settings: {recaptcha_secret: {file: secret}}}",
    ),
    ("nesting", "nested too deeply", f"jupyterhub: {{A: {{b: {'[' * 30}{']' * 30}}}}}"),
)


def list_refusals(text: str) -> list[str]:
    try:
        load_config(text, "config.yaml")
    except InvalidConfig as error:
        return [f"{found.problem}; {found.hint}" for found in error.problems]
    return []


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
    if choices := [branch["then"] for branch in schema.get("allOf", ()) if "$ref" in branch.get("then", {})]:
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
        is_folded = names.get("pattern") == find_pattern(kinds.UserName)
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
    """Replace or delete what stands at a place, or put something unknown next to it."""
    around: Any = data
    for part in place[:-1]:
        around = around[part]
    if change == "replace":
        around[place[-1]] = value
    elif change == "delete":
        del around[place[-1]]
    elif isinstance(around, dict):
        around["misspelt"] = value


CORE: tuple[tuple[str, Callable[[str], Any]], ...] = (
    (r"null|Null|NULL|~|", lambda _text: None),
    (r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda text: int(text[2:], 8)),
    (r"0x[0-9a-fA-F]+", lambda text: int(text, 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?\.(inf|Inf|INF)", lambda text: float(text.replace(".", ""))),
    (r"\.(nan|NaN|NAN)", lambda _text: math.nan),
)
"""YAML 1.2's core schema, which editors go by (chapter 10.3 of its specification)."""


def read_as_editor(text: str) -> Any:
    """What YAML itself says of a file."""
    return make_plain(YAML(typ="safe", pure=True).compose(text))


def make_plain(node: Any) -> Any:
    if node is None:
        return None
    if isinstance(node.value, str):
        if node.style:
            return node.value
        return next((make(node.value) for form, make in CORE if re.fullmatch(form, node.value, re.ASCII)), node.value)
    if node.id == "sequence":
        return [make_plain(item) for item in node.value]
    pairs = [(str(key.value), value) for key, value in node.value]
    own = {name: make_plain(value) for name, value in pairs}
    merged = own.get("<<", {})
    merged = merged if isinstance(merged, list) else [merged]
    if not all(isinstance(one, dict) for one in merged):
        return own
    own.pop("<<", None)
    return {**{name: value for one in reversed(merged) for name, value in one.items()}, **own}


def list_complaints(text: str) -> list[str]:
    """What an editor underlines in a file: it knows YAML and the schema, and nothing of settings."""
    return [f"{error.json_path}: {error.message}"[:200] for error in VALIDATOR.iter_errors(read_as_editor(text))]


def check_agreement(text: str) -> None:
    """What editors underline is refused; what is refused they underline, or no schema can say it."""
    refusals, complaints = list_refusals(text), list_complaints(text)
    assert refusals or not complaints, f"{text}\n{complaints}"
    if not complaints:
        unexplained = [found for found in refusals if not any(words in found for _, words, _ in NOT_IN_SCHEMAS)]
        assert not unexplained, f"{text}\n{unexplained}"


@pytest.mark.parametrize(("words", "text"), [entry[1:] for entry in NOT_IN_SCHEMAS], ids=lambda text: text[:40])
def test_the_differences_are_there(words: str, text: str) -> None:
    assert any(words in refusal for refusal in list_refusals(text)), list_refusals(text)
    assert list_complaints(text) == []


SPELLINGS: dict[str, Callable[[Any], str]] = {
    "as it is": render_inline,
    "in single quotes": lambda value: "'" + str(value).replace("'", "''") + "'",
    "with a fraction": lambda value: f"{value}.0",
    "with a zero before it": lambda value: f"0{value}",
    "with an exponent": lambda value: f"{value}e0",
    "in capitals": lambda value: str(value).upper(),
    "without quotes": str,
    "left out": lambda _value: "",
}


@st.composite
def write_files(draw: st.DrawFn, data: dict[str, Any]) -> str:
    """A file with these settings: in blocks and in braces, with another spelling here and there, and comments."""
    return "".join(write_group(draw, data, ""))


def write_group(draw: st.DrawFn, data: dict[str, Any], indent: str) -> Iterator[str]:
    for name, value in data.items():
        key = f"{indent}{render_value(name)}:"
        if draw(st.integers(0, 9)) == 0:
            yield f"{indent}# {render_value(name)} is a setting\n"
        if isinstance(value, dict) and value and draw(st.integers(0, 3)):
            yield f"{key}\n"
            yield from write_group(draw, value, f"{indent}  ")
        elif isinstance(value, list) and value and draw(st.booleans()):
            yield f"{key}\n"
            yield from (f"{indent}- {write_value(draw, item)}\n" for item in value)
        else:
            yield f"{key} {write_value(draw, value)}\n"


def write_value(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, (dict, list)) or draw(st.integers(0, 5)):
        return render_inline(value)
    written = SPELLINGS[draw(st.sampled_from(list(SPELLINGS)))](value)
    try:
        YAML(typ="safe", pure=True).compose(f"a: {written}\n")
    except YAMLError:
        return render_inline(value)
    return written if "\n" not in written else render_inline(value)


# as many as fit into a few seconds; LITTLEST_MANY_EXAMPLES makes it ten times as many
EXAMPLES = 100 * (10 if os.environ.get("LITTLEST_MANY_EXAMPLES") else 1)
AT_RANDOM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # other ones in each run, also where hypothesis would choose the same
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.mark.slow
@AT_RANDOM
@given(FILES.flatmap(write_files))
def test_the_schema_and_the_loader_agree_on_what_the_schema_describes(text: str) -> None:
    check_agreement(text)


@pytest.mark.slow
@AT_RANDOM
@given(FILES, st.data())
def test_the_schema_and_the_loader_agree_on_what_is_wrong(data: dict[str, Any], draw: st.DataObject) -> None:
    data = json.loads(json.dumps(data))
    places = list_places(data)
    assume(places)
    changes = st.sampled_from(["replace", "replace", "delete", "add"])
    mutate(data, draw.draw(st.sampled_from(places)), draw.draw(st.sampled_from(JUNK)), draw.draw(changes))
    check_agreement(draw.draw(write_files(data)))


def is_yaml(content: bytes) -> bool:
    try:
        read_as_editor(content.decode())
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError, OverflowError):
        return False
    return len(content) < 10_000


YAML_FILES = [case for case in BAD_FILES if case.name != "anchors_without_end" and is_yaml(case.data)]


@pytest.mark.parametrize("case", YAML_FILES, ids=[case.name for case in YAML_FILES])
def test_what_editors_do_not_underline_of_the_bad_files_no_schema_can_say(case: BadFile) -> None:
    check_agreement(case.data.decode())


@pytest.mark.parametrize(
    "text",
    [
        "http: {port: 80.0}", "http: {port: 8e1}", "services: {cull: {timeout: 3600.0}}",
        "users: {admin: [2020-01-01, 0123, 1_000, yes, ~]}", "auth:\nusers:\n",
        "proxy: {trusted: [10.0.0.0/8, '::1']}",
        "http: {address: 127.0.0.1}", "https: {certificate: null}",
        "limits: &l {memory: 2G}\nusers: {groups: {bio: {limits: {<<: *l}}}}",
    ],
)  # fmt: skip
def test_what_is_right_nobody_underlines(text: str) -> None:
    assert (list_refusals(text), list_complaints(text)) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "https: {certificate: /c.pem}", "https: {key: /k.pem}", "https: {enabled: true}",
        "https: {letsencrypt: {email: a@b.org}}", "limits: {memory: 64M}", "limits: {memory: 0.1G}",
        "limits: {memory: '1000'}", "limits: {total_memory: 120%}", "limits: {total_memory: 0%}",
        "limits: {reserve: 95%}",
        "http: {address: 10.0.0.256}", "proxy: {trusted: [10.0.0.0/40]}", "http: &h {port: 81}\nlimits: {<<: *h}",
        "auth: {type: ldap, server: l, search_base: x, search_user: y}",
        "auth: {type: ldap, server: l, search_base: x, user_dns: ['{username}']}",
    ],
)  # fmt: skip
def test_what_is_wrong_with_single_settings_editors_underline_too(text: str) -> None:
    assert list_refusals(text)
    assert list_complaints(text)


def test_it_is_a_schema_and_holds_every_setting() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for setting in list_settings():
        schema = SCHEMA
        for part in setting.key.split("."):
            schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            if choices := [branch["then"] for branch in schema.get("allOf", ()) if "$ref" in branch.get("then", {})]:
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


@pytest.mark.parametrize("word", ["$schema", "title", "$defs"])
def test_the_file_that_a_release_carries_is_the_schema(word: str) -> None:
    assert json.loads(Path(SCHEMA_FILE).read_text())[word] == json.loads(json.dumps(SCHEMA))[word]
