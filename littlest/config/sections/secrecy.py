"""Which values are secrets where the model cannot say so: traits of JupyterHub's classes, and environment variables.

There the name tells. A value in `auth.settings`, in a class of `jupyterhub` or in an `environment` is hidden when a
name on the way to it is one of a password, token, key or the like. So is an address with a password in it, whatever
its name, and the command of a service with such an address or argument. A name that only says how long or where a
secret is, such as `token_url`, hides nothing. Pure functions.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "********"
"""What is shown of a secret."""
_TELLING = re.compile(r"passw|passphrase|secret|token|credential|api_?key|authorization", re.IGNORECASE)
_TELLING_WORDS = frozenset({"auth", "consumers", "key", "keys", "pass", "pwd"})
"""Consumers are the other side's keys with their secrets (LTI 1.1)."""
_HARMLESS_ENDS = frozenset({"days", "file", "in", "length", "path", "seconds", "url"})
"""Last words of names that tell something about a secret, not the secret."""
_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)(?!\[)[^/?#\s:]*:(?![0-9]*[/?#])\S+(?=@)")
"""User and password, up to the last @: many a password has / or @ in it. Digits before / are a port."""
_ARGUMENT = re.compile(r"(?<![^\s\"'\[,])--?(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:=|\s+(?!-))(?P<value>(?!/\S*/)\S+)")
"""But for one with a path, which only says where a secret is."""


def mask_free(value: Any, place: Sequence[str | int]) -> Any:
    """Return plain data at a place of the settings, with a mask for every secret in it."""
    if is_hidden(value, place):
        return MASK
    match value:
        case Mapping():
            return {name: mask_free(inner, (*place, name)) for name, inner in value.items()}
        case tuple() | list():
            return type(value)(mask_free(inner, (*place, index)) for index, inner in enumerate(value))
        case _:
            return value


def is_hidden(value: Any, place: Sequence[str | int]) -> bool:
    """Whether plain data at a place is a secret by its name, or an address with a password in it."""
    if value is None or isinstance(value, bool) or value in ("", (), [], {}):
        return False
    if isinstance(value, str) and list_free_names(place) and _PASSWORD_IN_ADDRESS.search(value):
        return True
    match tuple(place):
        case ("services", "managed", _, "command", *_) if contains_secret_argument(value):
            return True
    return is_secret_place(place)


def contains_secret_argument(words: Any) -> bool:
    """Whether the words of a command give a secret, as `--token=…` or an address with a password in it does.

    It hides the whole command: the secret may be a word of its own.
    """
    text = words if isinstance(words, str) else " ".join(map(str, words)) if isinstance(words, tuple | list) else ""
    return mask_text(text) != text


def mask_text(text: str) -> str:
    """Return text that a person wrote without passwords in addresses, and without values of arguments that tell a
    secret by their names."""
    text = _PASSWORD_IN_ADDRESS.sub(MASK, text)
    return _ARGUMENT.sub(_mask_argument, text)


def cut_at_secret(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return a place without the names below the one that tells a secret: they may be parts of it."""
    return next((place[:end] for end in range(1, len(place)) if is_secret_place(place[:end])), place)


def _mask_argument(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["value"]) + MASK if is_secret_name(found["name"]) else found[0]


def is_secret_place(place: Sequence[str | int]) -> bool:
    """Whether a name on the way to this place tells that there is a secret."""
    return any(is_secret_name(name) for name in list_free_names(place))


def list_free_names(place: Sequence[str | int]) -> tuple[str, ...]:
    """The names on the way to a place that the model does not know: of a trait and what is in it, of a variable."""
    match tuple(place):
        case (
            ("auth", "settings", *names)
            | ("jupyterhub", _, *names)
            | ("user_environment", "environment", *names)
            | ("services", "managed", _, "environment", *names)
        ):
            return tuple(name for name in names if isinstance(name, str))
    return ()


def is_secret_name(name: str) -> bool:
    """Whether what has this name is a secret."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").split("_")
    if words[-1] in _HARMLESS_ENDS:
        return False
    return bool(_TELLING.search(name)) or not _TELLING_WORDS.isdisjoint(words)
