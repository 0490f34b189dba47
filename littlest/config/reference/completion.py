"""The keys that a shell offers, from the JSON schema that the package carries: the model would be slow to import."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).with_name("config.schema.json")


def complete_keys(prefix: str) -> tuple[str, ...]:
    """Return the keys that begin with what is typed, in the order of the reference: groups as well as settings.

    Below a name that is typed in full, such as that of a group of users, its settings are offered.
    """
    *above, _ = prefix.split(".")
    found: dict[str, None] = {}
    for schema in _descend(_read_schema(), above):
        for key in _list_keys(schema, "".join(f"{part}." for part in above)):
            if key.startswith(prefix):
                found[key] = None
    return tuple(found)


@cache
def _read_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return schema


def _resolve(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the group's schema, or one per variant if it has a `type`."""
    if "$ref" in schema:
        schema = _read_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    choices = [branch["then"] for branch in schema.get("allOf", ()) if "$ref" in branch.get("then", {})]
    if not choices:
        yield schema
    for choice in choices:
        yield from _resolve(choice)


def _descend(schema: dict[str, Any], parts: list[str]) -> Iterator[dict[str, Any]]:
    if not parts:
        yield from _resolve(schema)
        return
    name, *rest = parts
    for group in _resolve(schema):
        inner = group.get("properties", {}).get(name, group.get("additionalProperties"))
        if isinstance(inner, dict):
            yield from _descend(inner, rest)


def _list_keys(schema: dict[str, Any], above: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield above + name
        for group in _resolve(inner):
            yield from _list_keys(group, f"{above}{name}.")
