"""Which settings the hub reloads while it runs, and which restart the hub, the proxy or the culler. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath as Path
from typing import Any

from littlest.config.model import Config
from littlest.config.sections.section import Secret, Section, list_secrets
from littlest.config.sections.users import OwnLimits


class Effect(StrEnum):
    """When and how a changed setting takes effect."""

    PROXY_AND_HUB = "the proxy and the hub restart"
    PROXY = "the proxy restarts"
    HUB = "the hub restarts"
    CULLER = "the culler restarts"
    RUNNING = "at once, for running servers too"
    SERVERS = "for servers started from now on"
    FOLDERS = "at once; links in homes from the next start on"
    LIVE = "at once"


EFFECTS: Mapping[str, Effect] = {
    "http": Effect.PROXY_AND_HUB,
    "https.enabled": Effect.PROXY_AND_HUB,
    "https.port": Effect.PROXY_AND_HUB,
    "https.hsts": Effect.HUB,
    "https": Effect.PROXY,
    "base_url": Effect.HUB,
    "external_url": Effect.HUB,
    "proxy": Effect.HUB,
    "auth": Effect.HUB,
    "services.managed": Effect.HUB,
    "services.cull": Effect.CULLER,
    "metrics": Effect.HUB,
    "jupyterhub": Effect.HUB,
    "users.unix_name": Effect.SERVERS,
    "users.homes": Effect.SERVERS,
    "users.groups.*.default_app": Effect.SERVERS,
    "users.groups.*.limits": Effect.RUNNING,
    "users.groups.*.shared_folder": Effect.FOLDERS,
    "users": Effect.LIVE,
    "limits.open_servers": Effect.LIVE,
    "limits": Effect.RUNNING,
    "user_environment": Effect.SERVERS,
    "shared_folders.*.link": Effect.SERVERS,
    "shared_folders": Effect.FOLDERS,
    "announcement": Effect.LIVE,
    "frame_ancestors": Effect.PROXY,
    "branding": Effect.LIVE,
}
"""What each setting restarts, or when it takes effect without a restart. The first row that fits a setting counts; a
row fits its own key and all below it, and `*` is any one name. The digests below are made from this table, and so are
the words of `littlest plan`. The order of the live rows is the order in the live digest: append, do not sort.
"""
_RESTARTS_HUB = (Effect.PROXY_AND_HUB, Effect.HUB)
_IS_LIVE = (Effect.RUNNING, Effect.SERVERS, Effect.FOLDERS, Effect.LIVE)


def find_row(place: Sequence[str]) -> str:
    """Return the row of EFFECTS that decides about a setting, given by the keys on the way to it."""
    return next(row for row in EFFECTS if _fits(row.split("."), place))


def find_effect(place: Sequence[str]) -> Effect:
    """Return when and how a setting takes effect, given by the keys on the way to it."""
    return EFFECTS[find_row(place)]


def make_restart_settings(config: Config) -> dict[str, Any]:
    """Return what the hub's process is started with, as plain data; a secret is the SHA-256 of its value.

    What only the proxy or the culler depends on is in their units.
    """
    data = make_plain_data(config)
    settings: dict[str, Any] = {}
    for group, _, name in (row.partition(".") for row, effect in EFFECTS.items() if effect in _RESTARTS_HUB):
        if name:
            settings.setdefault(group, {})[name] = data[group][name]
        else:
            settings[group] = data[group]
    # without its one key, as 0.1.0 has it: another digest would restart every hub at the first apply after an update
    settings["services"] = settings["services"]["managed"]
    return settings


def make_restart_digest(config: Config) -> str:
    """Return a SHA-256 of what the hub's process is started with."""
    return hashlib.sha256(json.dumps(make_restart_settings(config), sort_keys=True).encode()).hexdigest()


def make_live_settings(config: Config) -> dict[str, Any]:
    """Return what a running hub can reload, as plain data; a secret is the SHA-256 of its value."""
    data = make_plain_data(config)
    groups = (row.partition(".")[0] for row, effect in EFFECTS.items() if effect in _IS_LIVE)
    return {group: data[group] for group in dict.fromkeys(groups)}


def make_live_digest(config: Config) -> str:
    """Return a SHA-256 of what a running hub can reload; the order of users' groups and the like counts."""
    return hashlib.sha256(json.dumps(make_live_settings(config)).encode()).hexdigest()


def list_secret_files(config: Config) -> tuple[Path, ...]:
    """Return the files of the secrets that the hub reads at its start, each once."""
    parts = (config.auth, *config.services.managed.values(), config.metrics, config.jupyterhub)
    return tuple(dict.fromkeys(Path(secret.file) for _, secret in list_secrets(parts) if secret.file))


def make_plain_data(value: Any) -> Any:
    """Return settings as JSON has them; a secret is the SHA-256 of its value, or the file that it is in."""
    match value:
        case Secret(file=""):
            return {"sha256": hashlib.sha256(value.value.encode()).hexdigest()}
        case Secret():
            return {"file": value.file}
        case Section():
            # a limit that is not given is not the same as none
            names = sorted(value.model_fields_set) if isinstance(value, OwnLimits) else type(value).model_fields
            return {name: make_plain_data(getattr(value, name)) for name in names}
        case Mapping():
            return {str(name): make_plain_data(one) for name, one in value.items()}
        case list() | tuple():
            return [make_plain_data(one) for one in value]
    return value


def _fits(row: Sequence[str], place: Sequence[str]) -> bool:
    return len(row) <= len(place) and all(one in ("*", key) for one, key in zip(row, place, strict=False))
