"""Keys as people write them, such as limits.users.ada.memory, and what each stands for in the model. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from littlest.config.model import Config
from littlest.config.reference.catalog import (
    NAME,
    Setting,
    as_group,
    list_kinds,
    list_metadata,
    list_own_settings,
    list_variants,
    split_optional,
)
from littlest.config.sections.auth import CUSTOM
from littlest.config.sections.section import KeyPath, Secret, Section

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
    """The value when the file says nothing; None for what is below a name."""
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
    for end, part in enumerate(path, 1):
        kind, _ = split_optional(annotation)
        if kind is Secret and path[end - 1 :] == ("file",):
            return Target(path, str, None, "secret_file", (*pattern, part))
        if (section := as_group(kind)) is not None:
            setting = _find_setting(section, part, path[:end], auth_type)
            annotation, default, pattern = setting.field.annotation, setting.default, (*pattern, part)
        elif get_origin(kind) is dict:
            annotation, default, pattern = get_args(kind)[1], None, (*pattern, NAME)
        else:
            raise UnknownKey(render_key(path))
    kind, optional = split_optional(annotation)
    group: Literal["group", "named"] = "named" if pattern[-1:] == (NAME,) else "group"
    sort = "names" if get_origin(kind) is dict else group if as_group(kind) else "setting"
    return Target(path, annotation, default, sort, pattern, optional)


def find_normalizer(path: KeyPath, auth_type: str = "firstuse") -> Callable[[str], str]:
    """Return how a name below a path is written in its usual spelling; the name itself where it cannot be."""
    annotation = find_target(path, auth_type).kind if path else Config
    return make_normalizer(get_args(annotation)[0]) if get_origin(annotation) is dict else str


def make_normalizer(annotation: Any) -> Callable[[Any], Any]:
    """Return the function that gives a value of this type its usual spelling: a user's name in small letters."""
    kinds = list_kinds(list_metadata(annotation))

    def normalize(value: Any) -> Any:
        try:
            return kinds[0].func(value) if kinds else value  # type: ignore[call-arg]
        except (ValueError, TypeError):
            return value

    return normalize


def _find_setting(section: type[Section], part: str, path: KeyPath, auth_type: str) -> Setting:
    """Return a setting of a group; where its settings depend on its type, the one of this type of `auth`."""
    models = dict(list_variants(section)) if section.variants else {"": section}
    holders = {
        kind: setting
        for kind, model in models.items()
        for setting in list_own_settings(model)
        if setting.name == part
    }
    chosen = CUSTOM if "." in auth_type else auth_type
    if found := holders.get(chosen if section.variants else ""):
        return found
    key, types = render_key(path), tuple(holders)
    if not types:
        raise UnknownKey(key)
    raise UnknownKey(key, f"{key} belongs to auth.type {' or '.join(types)}; the type here is {auth_type}.", types)
