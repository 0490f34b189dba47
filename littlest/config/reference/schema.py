"""The JSON schema of config.yaml, with which editors complete and check it. Pure, generated from the model.

It says what holds for each setting by itself, and of settings of one section that need each other; what sections say
against each other, such as a group that is in no list, only the loader knows. The test of the schema lists all of it.
"""

import json
from typing import Any, Literal, get_args, get_origin

from littlest.config.model import Config
from littlest.config.reference.catalog import (
    Setting,
    as_section,
    list_choices,
    list_kinds,
    list_metadata,
    list_own_settings,
    list_variants,
    read_docstring,
    split_optional,
)
from littlest.config.sections.auth import CUSTOM
from littlest.config.sections.base import Secret, Section
from littlest.config.sections.kinds import TEXT, ClassName, FilePath, Schema

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_KEYWORDS = {"ge": "minimum", "le": "maximum", "max_length": "maxLength", "min_length": "minLength"}
_NOT_EMPTY: Schema = {"type": list(TEXT), "minLength": 1}
_FILLED: Schema = {"type": "array", "minItems": 1}
_NOT_NULL: Schema = {"not": {"type": "null"}}
# a section's name, and what its own check wants of its settings together
NEEDS: dict[str, Schema] = {
    "DummyAuth": {
        "required": ["i_know_this_is_insecure"],
        "properties": {"i_know_this_is_insecure": {"const": True}},
    },
    "LdapAuth": {
        "anyOf": [
            {"required": ["user_dns"], "properties": {"user_dns": _FILLED}},
            {"required": ["search_base"], "properties": {"search_base": {"minLength": 1}}},
        ],
    },
    "OidcAuth": {
        "dependentSchemas": {
            name: {
                "if": {"properties": {name: {"type": "array", "minItems": 1}}},
                "then": {"required": ["groups_claim"], "properties": {"groups_claim": {"minLength": 1}}},
            }
            for name in ("allowed_groups", "admin_groups")
        }
    },
    "ManagedService": {
        "anyOf": [
            {"required": ["command"], "properties": {"command": _FILLED}},
            {"required": ["api_token"], "properties": {"api_token": _NOT_NULL}},
        ],
    },
}


def _is_given(name: str, value: Schema) -> Schema:
    return {"type": "object", "required": [name], "properties": {name: value}}


def _need_each_other(one: str, other: str, value: Schema) -> list[Schema]:
    return [
        {"if": _is_given(name, value), "then": _is_given(needed, value)}
        for name, needed in ((one, other), (other, one))
    ]


# what else settings of one section want of each other, where they are given
PAIRS: dict[str, list[Schema]] = {
    "Https": [
        *_need_each_other("certificate", "key", {"type": "string"}),
        {"if": _is_given("enabled", {"const": True}), "then": _is_given("certificate", {"type": "string"})},
    ],
    "LetsEncrypt": [
        {"if": _is_given("email", {"minLength": 1}), "then": _is_given("domains", _FILLED)},
        {"if": _is_given("domains", _FILLED), "then": _is_given("email", {"minLength": 1})},
    ],
    "LdapAuth": [
        {"if": _is_given("search_user", {"minLength": 1}), "then": _is_given("search_password", _NOT_NULL)},
        {"not": {"allOf": [_is_given("user_dns", _FILLED), _is_given("search_base", {"minLength": 1})]}},
    ],
}


def make_schema() -> Schema:
    """Return the schema of the whole file, draft 2020-12."""
    definitions: dict[str, Schema] = {"Secret": _make_secret()}
    body = _make_section(Config, definitions)
    return {
        "$schema": _DRAFT,
        "title": "The settings of The Littlest JupyterHub",
        # an empty file is one
        **body,
        "$defs": dict(sorted(definitions.items())),
    }


def render_schema() -> str:
    """Return the schema as the file that a release carries."""
    return json.dumps(make_schema(), indent=1, ensure_ascii=False) + "\n"


def _make_section(section: type[Section], definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a group; those of the groups within it are added to the definitions."""
    settings = list(list_own_settings(section))
    schema: Schema = {
        "description": read_docstring(section),
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {setting.name: _make_setting(setting, definitions) for setting in settings},
    }
    if required := [setting.name for setting in settings if setting.field.is_required()]:
        schema["type"] = "object"
        schema["required"] = required
    if needs := NEEDS.get(section.__name__):
        schema["type"] = "object"
        schema["allOf"] = [needs]
    if pairs := PAIRS.get(section.__name__):
        schema["allOf"] = [*schema.get("allOf", []), *pairs]
    return schema


def _make_setting(setting: Setting, definitions: dict[str, Schema]) -> Schema:
    schema: Schema = {"description": setting.description}
    schema |= _make_value(setting.field.annotation, setting.field.metadata, definitions)
    if setting.section is None and not setting.field.is_required():
        schema["default"] = setting.default
    if setting.example is not None:
        schema["examples"] = [setting.example]
    return schema


def _make_value(
    annotation: Any, metadata: list[Any], definitions: dict[str, Schema], *, entry: bool = False
) -> Schema:
    """Return the schema of a value; `entry` where it is in a list, in which null is a text as well."""
    metadata = [*metadata, *list_metadata(annotation)]
    kind, optional = split_optional(annotation)
    origin, section = get_origin(kind), as_section(kind)
    if kind is Secret:
        return {"anyOf": [{"$ref": "#/$defs/Secret"}, {"type": "null"}]} if optional else {"$ref": "#/$defs/Secret"}
    if section is not None:
        return _refer(section, definitions)
    if origin is dict:
        return _make_names(kind, definitions)
    if origin is tuple:
        items = _make_value(get_args(kind)[0], [], definitions, entry=True)
        least = max((part.min_length for part in metadata if hasattr(part, "min_length")), default=0)
        return (
            {"type": "array", "items": items, "minItems": least}
            if least
            else {"type": ["array", "null"], "items": items}
        )
    schema = _make_single(kind, metadata)
    types = schema.get("type")
    if types is not None and (optional or (entry and types == list(TEXT))):
        schema["type"] = [*([types] if isinstance(types, str) else types), "null"]
    if "enum" in schema and optional:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _make_single(kind: Any, metadata: list[Any]) -> Schema:
    if kind is Any:
        return {}
    if kind == Literal[True]:
        return {"const": True}
    if choices := list_choices(kind):
        return {"type": "string", "enum": list(choices)}
    schema: Schema = {"type": {bool: "boolean", int: "integer", float: "number"}.get(kind, list(TEXT))}
    for part in metadata:
        schema |= {
            word: getattr(part, name) for name, word in _KEYWORDS.items() if getattr(part, name, None) is not None
        }
    for found in list_kinds(metadata):
        schema |= found.schema
    return schema


def _schema_of(annotation: Any) -> Schema:
    """Return the schema of an annotated text."""
    (kind,) = list_kinds(list_metadata(annotation))
    return kind.schema


def _make_names(kind: Any, definitions: dict[str, Schema]) -> Schema:
    name, value = get_args(kind)
    kinds = list_kinds(list_metadata(name))
    names = kinds[0].schema if kinds else {"minLength": 1}
    names.pop("type", None)
    return {
        "type": ["object", "null"],
        "propertyNames": names,
        "additionalProperties": _make_value(value, [], definitions),
    }


def _refer(section: type[Section], definitions: dict[str, Schema]) -> Schema:
    name = section.__name__
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = (
            _make_choice(section, definitions) if "variants" in vars(section) else _make_section(section, definitions)
        )
    return {"$ref": f"#/$defs/{name}"}


def _make_choice(section: type[Section], definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a group whose settings depend on its type."""
    kinds = dict(list_variants(section))
    default = next(iter(kinds))
    own = kinds.pop(CUSTOM)
    branches: list[Schema] = [
        {
            "if": {
                # null has every property that is asked for, and no branch is about it
                "type": "object",
                "properties": {"type": {"const": kind}},
                **({} if kind == default else {"required": ["type"]}),
            },
            "then": _refer(model, definitions),
        }
        for kind, model in kinds.items()
    ]
    is_class: Schema = {"type": "object", "properties": {"type": {"pattern": r"\."}}, "required": ["type"]}
    return {
        "type": ["object", "null"],
        "properties": {
            "type": {
                "description": "The way to log in; `littlest config help auth` says what each needs.",
                "anyOf": [{"enum": list(kinds)}, _schema_of(ClassName)],
                "default": default,
            }
        },
        "allOf": [*branches, {"if": is_class, "then": _refer(own, definitions)}],
    }


def _make_secret() -> Schema:
    value, file = list_own_settings(Secret)
    return {
        "description": read_docstring(Secret),
        "anyOf": [
            _NOT_EMPTY,
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {"file": {"description": file.description, **_schema_of(FilePath)}},
            },
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["value"],
                "properties": {"value": {"description": value.description, **_NOT_EMPTY}},
            },
        ],
    }
