"""The JSON schema accepts the files that the loader accepts, but for a list of differences, each with its reason.

What an editor makes of a file is read by the rules of YAML 1.2 alone, without the loader.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, get_origin

import jsonschema  # type: ignore[import-untyped]
import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import extend  # type: ignore[import-untyped]
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from littlest.config.reference.catalog import Setting, list_own_settings, list_settings, list_variants, split_optional
from littlest.config.reference.completion import SCHEMA_FILE
from littlest.config.reference.schema import make_schema
from littlest.config.sections.auth import Auth, DummyAuth
from littlest.config.sections.section import Sets
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import render_default_config, render_inline
from tests.support.bad_files import BAD_FILES, BadFile

SCHEMA = make_schema()
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
ANYWHERE = """''|x y|é|'null'|'80'|0|-1|70|1024|100000|1e20|0.5|80.0|true|~|[]|[x]|[1, ~]|['']|{}|{x: 1}|{x: {}}|\
{file: /x}|{file: x}|{value: x}|{file: /x, value: x}|{file: /x, value: ''}|{file: '', value: x}"""
TEXTS = """/x|'-'|'yes'|../x|a/b|a.b|A|'a\\nb'|/|/a/../b|/home|/mnt/homes|/var/lib/x|//var|/lost+found|/opt:/x|\
//etc/x|/srv/littlest|/opt/littlest/x|/srv/x|128M|64M|2 GB|1.5g|0.1G|1024T|1X|'1000'|80%|0%|100 %|95%|120%|'%'|\
10.0.0.1|10.0.0.256|'::1'|'[2001:db8::1]'|localhost|10.0.0.0/8|10.0.0.0/40|2001:db8::/32|https://h.example.org/a|\
https://h/?x|h.example.org|a@b.org|a.b.C"""
NAMES = (
    "biology",
    "Biology",
    "a_1",
    "MY-VAR",
    "1A",
    "9b",
    "-b",
    "HOME",
    "metrics",
    "x",
    "ada lovelace",
    "'..'",
    "''",
)
"""Values of every setting, further ones of what takes a text, and names where the admin chooses them."""


def check_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """Take $ for the end of the text, as editors do; Python's may be before a last newline."""
    if isinstance(value, str) and not re.search(re.sub(r"\$(?=[)|]|$)", r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match")


VALIDATOR = extend(Draft202012Validator, {"pattern": check_pattern})(SCHEMA)

# what the loader refuses and no JSON schema can say: why not, what the loader says of it, and a file that shows it
NOT_IN_SCHEMAS: tuple[tuple[str, str, str], ...] = (
    ("two places of the file", "is also in users.", "users: {admin: [ada], banned: [ADA]}"),
    ("two places of the file", "is also http.port", "https: {enabled: true, port: 80, certificate: /c, key: /k}"),
    ("two places of the file", "is not base_url", "external_url: https://h.example.org/a/"),
    ("two places of the file", "needs https", "frame_ancestors: [https://moodle.example.org]"),
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
    ("names that differ in capitals", "different capital letters", "limits: {users: {Ada: {}, ada: {}}}"),
    ("editors underline it as wrong YAML", "is given twice", "base_url: /a\nbase_url: /b"),
    ("blank is null to an editor", "has no value", "limits:\n  memory:"),
    ("blank is null to an editor", "is empty", "metrics:\n  token:"),
    ("the way it is written", "is on more than one line", "announcement: one\n  two"),
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
    ("the first of a list", "is not an absolute path", "services: {managed: {grader: {command: [grader]}}}"),
    ("what can be seen", "invisible", 'users: {allowed: ["a\\u200bb"]}'),
    ("what looks the same", "look like others; write admin", "users: {allowed: [\uff41\uff44\uff4d\uff49\uff4e]}"),
    ("what looks the same", "mixes Cyrillic and Latin letters", "users: {allowed: [\u0430dmin]}"),
    (
        "two places of the file",
        "is, or is inside, the shared folder",
        "users: {homes: /srv/d}\nshared_folders: {d: {path: /srv/d}}",
    ),
    (
        "any value of a trait",
        "takes an absolute path",
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


def list_frames() -> Iterator[tuple[str, str, Setting]]:
    """Yield what is before and after the value of each setting in a file, with what else its group must have."""
    for setting in list_settings(inner=True):
        if not setting.key.startswith("auth."):
            is_service = setting.key.startswith("services.managed.NAME.") and setting.name != "command"
            yield *frame(setting.key.replace("NAME", "biology"), {"command": ["/x"]} if is_service else {}), setting
    for kind, model in list_variants(Auth):
        needed = {one.name: one.example for one in list_own_settings(model) if one.field.is_required()}
        needed |= {"type": kind} | dict.fromkeys(model.one_of[-1:], True if model is DummyAuth else "x")
        for setting in list_own_settings(model):
            given = {name: value for name, value in needed.items() if name != setting.name}
            yield *frame(f"auth.{setting.name}", given), setting


def frame(key: str, given: dict[str, Any]) -> tuple[str, str]:
    *above, name = key.split(".")
    others = "".join(f"{other}: {render_inline(value)}, " for other, value in given.items())
    return f"{''.join(f'{part}: {{' for part in above)}{others}{name}: ", "}" * len(above)


def list_values(setting: Setting) -> Iterator[str]:
    yield from ("x" * 501, *ANYWHERE.split("|"))
    bare, _ = split_optional(setting.field.annotation)
    if bare is str:
        yield from TEXTS.split("|")
    elif get_origin(bare) is tuple:
        yield from (f"[{text}]" for text in TEXTS.split("|"))
    elif get_origin(bare) is dict:
        yield from (f"{{{name}: {value}}}" for name in NAMES for value in ("{}", "x"))


def find_kind(setting: Setting) -> str:
    """What makes settings alike: one of a kind is enough; but every way to log in is a kind."""
    checks = [part for part in setting.field.metadata if not isinstance(part, Sets)]
    return f"{setting.field.annotation} {checks} {setting.owner.__name__ if setting.name == 'type' else ''}"


FRAMES = {find_kind(setting): (before, after, setting) for before, after, setting in list_frames()}.values()


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after", "setting"), FRAMES, ids=lambda part: getattr(part, "key", ""))
def test_the_schema_and_the_loader_agree_on_every_setting(before: str, after: str, setting: Setting) -> None:
    for value in list_values(setting):
        check_agreement(f"{before}{value}{after}")


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
            schema = schema["anyOf"][0] if "anyOf" in schema else schema
            schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            schema = schema["properties"][part]
        assert schema["description"] == setting.description
        if setting.section is None:
            assert json.dumps(schema["default"]) == json.dumps(setting.default)
        if setting.example is not None:
            assert schema["examples"] == [setting.example]


def test_the_default_file_is_valid_by_the_schema() -> None:
    assert list_complaints(render_default_config(("ada",))) == []
    assert list_complaints(render_default_config()) == []


@pytest.mark.parametrize("word", ["$schema", "title", "$defs"])
def test_the_file_that_a_release_carries_is_the_schema(word: str) -> None:
    assert json.loads(SCHEMA_FILE.read_text())[word] == json.loads(json.dumps(SCHEMA))[word]
