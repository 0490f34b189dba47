"""The JSON schema of config.yaml, with which editors complete and check it. Pure, made from the model by pydantic.

It says what holds for each setting by itself, and which settings of one group need each other. What groups say
against each other, such as a shared folder of a group that there is not, only the loader knows.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from littlest.config.model import Config
from littlest.config.reference.catalog import list_own_settings, list_variants, read_docstring
from littlest.config.sections.kinds import TEXT, Schema
from littlest.config.sections.section import Secret, Section

_GIVEN: Schema = {"not": {"enum": [None, "", []]}}


class _Generator(GenerateJsonSchema):
    """What YAML adds to pydantic's schema: texts without quotes, empty groups, and groups validated when given."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def str_schema(self, schema: core_schema.StringSchema) -> Schema:
        return {**super().str_schema(schema), "type": list(TEXT)}

    def tuple_schema(self, schema: core_schema.TupleSchema) -> Schema:
        made = super().tuple_schema(schema)
        if made["items"].get("type") == list(TEXT):
            # a text as well, where it is an entry of a list
            made["items"]["type"] = [*TEXT, "null"]
        return made if made.get("minItems") else {**made, "type": ["array", "null"]}

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        names = {"minLength": 1, **self.generate_inner(schema["keys_schema"])}
        names.pop("type", None)
        values = self.generate_inner(schema["values_schema"])
        return {"type": ["object", "null"], "propertyNames": names, "additionalProperties": values}

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> Schema:
        # a group that is validated when it is given: see model_schema
        return {}

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        section: type[Section] = schema["cls"]
        made = super().model_schema(schema)
        made.pop("title", None)
        made["description"] = read_docstring(section)
        if not (made.get("required") or section.one_of):
            made["type"] = ["object", "null"]
        for setting in list_own_settings(section):
            if setting.section is not None:
                made["properties"][setting.name] = self._refer(setting.section)
            elif not setting.field.is_required():
                made["properties"][setting.name]["default"] = setting.default
            made["properties"][setting.name]["description"] = setting.description
        if needs := list(_list_needs(section)):
            made["allOf"] = needs
        return {"anyOf": [{"type": list(TEXT), "minLength": 1}, made]} if section is Secret else made

    def _refer(self, section: type[Section]) -> Schema:
        if "variants" in vars(section):
            return {"anyOf": [*(self._refer(model) for _, model in list_variants(section)), {"type": "null"}]}
        section.model_rebuild()
        return self.generate_inner(section.__pydantic_core_schema__)


def make_schema() -> Schema:
    """Return the schema of the whole file, draft 2020-12."""
    made = Config.model_json_schema(schema_generator=_Generator)
    return {"$schema": _Generator.schema_dialect, "title": "The settings of The Littlest JupyterHub", **made}


def render_schema() -> str:
    """Return the schema as the file that a release carries."""
    return json.dumps(make_schema(), indent=1, ensure_ascii=False) + "\n"


def _list_needs(section: type[Section]) -> Iterator[Schema]:
    if section.one_of:
        yield {"oneOf" if section.only_one else "anyOf": [_is_given(section, name) for name in section.one_of]}
    for name, needed in section.needs.items():
        yield {"if": _is_given(section, name), "then": _is_given(section, needed)}


def _is_given(section: type[Section], name: str) -> Schema:
    given = {"const": True} if section.model_fields[name].annotation is bool else _GIVEN
    return {"required": [name], "properties": {name: given}}
