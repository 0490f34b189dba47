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


def _list_groups(root: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield a group's schema; of a group with types the schema of each."""
    if "$ref" in schema:
        yield root["$defs"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        yield from _list_groups(root, choice)
    yield schema


def _descend(root: Schema, schema: Schema, parts: list[str]) -> Iterator[Schema]:
    for group in _list_groups(root, schema):
        if not parts:
            yield group
        elif isinstance(inner := group.get("properties", {}).get(parts[0], group.get("additionalProperties")), dict):
            yield from _descend(root, inner, parts[1:])


def _list_keys(root: Schema, schema: Schema, above: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield above + name
        for group in _list_groups(root, inner):
            yield from _list_keys(root, group, f"{above}{name}.")
