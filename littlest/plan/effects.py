"""Which settings the hub takes up while it runs, and which it, or the proxy, must be started anew for. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath as Path
from typing import Any

from littlest.config.model import Config
from littlest.config.sections.base import Secret, Section
from littlest.config.sections.users import OwnLimits

LIVE_KEYS = ("users", "limits", "user_environment", "shared_folders", "announcement")
"""Groups of settings that the running hub takes up when it is told to read config.yaml again."""


def make_restart_settings(config: Config) -> dict[str, Any]:
    """Return what the hub's process is started with, as plain data; a secret is the SHA-256 of its value.

    What only the proxy or the culler depends on (the certificate, the way from http to https, culling) stands in
    their units and is not here.
    """
    data = make_plain_data(config)
    return {
        "http": data["http"],
        "https": {key: data["https"][key] for key in ("enabled", "port")},
        **{key: data[key] for key in ("base_url", "external_url", "proxy", "auth")},
        "services": data["services"]["managed"],
        **{key: data[key] for key in ("metrics", "jupyterhub")},
    }


def make_restart_digest(config: Config) -> str:
    """Return a SHA-256 of what the hub's process is started with."""
    return hashlib.sha256(json.dumps(make_restart_settings(config), sort_keys=True).encode()).hexdigest()


def make_live_settings(config: Config) -> dict[str, Any]:
    """Return what a running hub can take up, as plain data; a secret is the SHA-256 of its value."""
    data = make_plain_data(config)
    return {key: data[key] for key in LIVE_KEYS}


def make_live_digest(config: Config) -> str:
    """Return a SHA-256 of what a running hub can take up.

    The order in which things stand counts: of a user's groups the first decides which application opens.
    """
    return hashlib.sha256(json.dumps(make_live_settings(config)).encode()).hexdigest()


def list_secret_files(config: Config) -> tuple[Path, ...]:
    """Return the files of the secrets that the hub reads at its start, each once."""
    parts = (config.auth, *config.services.managed.values(), config.metrics, config.jupyterhub)
    return tuple(dict.fromkeys(Path(secret.file) for part in parts for secret in _find_secrets(part) if secret.file))


def make_plain_data(value: Any) -> Any:
    """Return settings as JSON has them; a secret is the SHA-256 of its value, or the file that it stands in."""
    match value:
        case Secret():
            data: Any = (
                {"file": value.file} if value.file else {"sha256": hashlib.sha256(value.value.encode()).hexdigest()}
            )
        case OwnLimits():
            # a limit that is not given is another thing than none
            data = {name: make_plain_data(getattr(value, name)) for name in sorted(value.model_fields_set)}
        case Section():
            data = {name: make_plain_data(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            data = {str(name): make_plain_data(one) for name, one in value.items()}
        case list() | tuple():
            data = [make_plain_data(one) for one in value]
        case _:
            data = value
    return data


def _find_secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Section):
        for name in type(value).model_fields:
            yield from _find_secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _find_secrets(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _find_secrets(one)
