"""The keys that a shell offers, from the JSON schema in the package: the model would be slow to import. Pure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).with_name("config.schema.json")
Schema = dict[str, Any]


def complete_keys(prefix: str, root: Schema) -> tuple[str, ...]:
    """Return the keys that begin with a prefix, in the order of the reference: groups as well as settings.

    `root` is the whole JSON schema. After a name that is typed in full, such as that of a group of users, come its
    settings.
    """
    *above, _ = prefix.split(".")
    found: dict[str, None] = {}
    for schema in _descend(root, root, above):
        for key in _list_keys(root, schema, "".join(f"{part}." for part in above)):
            if key.startswith(prefix):
                found[key] = None
    return tuple(found)


def _resolve(root: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield a group's schema; of a group with types the schema of each."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    choices = [branch["then"] for branch in schema.get("allOf", ()) if "$ref" in branch.get("then", {})]
    if not choices:
        yield schema
    for choice in choices:
        yield from _resolve(root, choice)


def _descend(root: Schema, schema: Schema, parts: list[str]) -> Iterator[Schema]:
    if not parts:
        yield from _resolve(root, schema)
        return
    name, *rest = parts
    for group in _resolve(root, schema):
        inner = group.get("properties", {}).get(name, group.get("additionalProperties"))
        if isinstance(inner, dict):
            yield from _descend(root, inner, rest)


def _list_keys(root: Schema, schema: Schema, above: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield above + name
        for group in _resolve(root, inner):
            yield from _list_keys(root, group, f"{above}{name}.")
