"""Keys as people write them, such as limits.users.ada.memory, and what each stands for in the model. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from littlest.config.model import Config
from littlest.config.reference.catalog import NAME, as_section, list_variants, split_optional
from littlest.config.sections.base import KeyPath, Secret, Section

_PART = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|[^."'][^.]*)(\.|\Z)""")
_PLAIN_PART = re.compile(r"[^\s.\"'][^\s.]*")


class UnknownKey(Exception):
    """There is no such setting; the text says why where that is known, `types` which `auth.type` has it."""

    def __init__(self, key: str, reason: str = "", types: tuple[str, ...] = ()) -> None:
        super().__init__(reason or f"There is no setting {key}.")
        self.key = key
        self.types = types


@dataclass(frozen=True, slots=True)
class Target:
    """What a key stands for."""

    path: KeyPath
    annotation: Any
    default: Any
    """What holds where the file says nothing; None for what stands below a name."""
    sort: Literal["setting", "group", "names", "named", "secret_file"]
    """A single setting, a group of settings, names that the admin chooses, what belongs to such a name, or the file
    of a secret."""
    pattern: KeyPath
    """The path with NAME in the place of each name."""
    optional: bool = False
    """Whether it may be null."""

    @property
    def kind(self) -> Any:
        """The bare type."""
        return split_optional(self.annotation)[0]

    @property
    def is_list(self) -> bool:
        """Whether it takes a list of one kind of value."""
        return get_origin(self.kind) is tuple

    @property
    def item(self) -> Any:
        """The annotation of one entry of a list."""
        return get_args(self.kind)[0]


def parse_key(key: str) -> KeyPath:
    """Return the parts of a key; one in quotes may hold dots. Raises UnknownKey where that cannot be read."""
    parts, position = [], 0
    while match := _PART.match(key, position):
        part = match[1]
        if part[0] in "\"'":
            part = part[1:-1].replace(part[0] * 2, part[0])
        parts.append(part)
        position = match.end()
        if not match[2]:
            break
    if position != len(key) or not all(parts) or key.endswith("."):
        reason = (
            f"{key} is no key; separate its parts with dots, as in limits.memory, and put a name with dots in quotes."
        )
        raise UnknownKey(key, reason)
    return tuple(parts)


def render_key(path: tuple[str | int, ...]) -> str:
    """Return a key as `parse_key` reads it."""
    return ".".join(
        text if _PLAIN_PART.fullmatch(text) else '"' + text.replace('"', '""') + '"' for text in map(str, path)
    )


def find_target(path: KeyPath, auth_type: str = "firstuse") -> Target:
    """Return what a path stands for. Raises UnknownKey."""
    annotation: Any = Config
    default: Any = None
    pattern: KeyPath = ()
    for index, part in enumerate(path):
        here = path[: index + 1]
        kind, _ = split_optional(annotation)
        if kind is Secret and part == "file" and here == path:
            return Target(path, str, None, "secret_file", (*pattern, part))
        section = None if kind is Secret else as_section(kind)
        if section is not None:
            found = _find_field(section, part, here, auth_type)
            annotation, default = found.annotation, _find_default(found)
            pattern = (*pattern, part)
        elif get_origin(kind) is dict:
            annotation, default = get_args(kind)[1], None
            pattern = (*pattern, NAME)
        else:
            raise UnknownKey(render_key(path))
    _, optional = split_optional(annotation)
    return Target(path, annotation, default, _find_sort(annotation, pattern), pattern, optional)


def find_normalizer(path: KeyPath, auth_type: str = "firstuse") -> Callable[[str], str]:
    """Return how a name below a path is written in its usual spelling; the name itself where it cannot be."""
    annotation = find_target(path, auth_type).kind if path else Config
    return make_normalizer(get_args(annotation)[0]) if get_origin(annotation) is dict else str


def make_normalizer(annotation: Any) -> Callable[[Any], Any]:
    """Return the function that gives a value of this type its usual spelling: a user's name in small letters."""
    checks = [part.func for part in getattr(annotation, "__metadata__", ()) if isinstance(part, AfterValidator)]

    def normalize(value: Any) -> Any:
        for check in checks:
            try:
                value = check(value)  # type: ignore[call-arg]
            except (ValueError, TypeError):
                return value
        return value

    return normalize


def _find_field(section: type[Section], part: str, path: KeyPath, auth_type: str) -> FieldInfo:
    if not section.variants:
        if part not in section.model_fields:
            raise UnknownKey(render_key(path))
        return section.model_fields[part]
    holders = [(name, model) for name, model in list_variants(section) if part in model.model_fields]
    if not holders:
        raise UnknownKey(render_key(path))
    chosen = "package.module.Class" if "." in auth_type else auth_type
    for name, model in holders:
        if name == chosen:
            return model.model_fields[part]
    types = tuple(name for name, _ in holders)
    key = render_key(path)
    raise UnknownKey(key, f"{key} belongs to auth.type {' or '.join(types)}; the type here is {auth_type}.", types)


def _find_default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})


def _find_sort(annotation: Any, pattern: KeyPath) -> Literal["setting", "group", "names", "named"]:
    kind, _ = split_optional(annotation)
    if get_origin(kind) is dict:
        return "names"
    if as_section(kind) and kind is not Secret:
        return "named" if pattern[-1:] == (NAME,) else "group"
    return "setting"
