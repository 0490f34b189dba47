"""`jupyterhub.<Class>.<trait>` of config.yaml put together with what we tell JupyterHub ourselves. Pure: a function
that is given reads secrets."""

from collections.abc import Callable, Mapping
from typing import Any

from littlest.config.sections.base import Secret
from littlest.hub.merge import ADDED_TO

Traits = Mapping[str, Any]
_BEFORE_OURS = ("template_paths",)


def add_trait_values(ours: Mapping[str, Traits], theirs: Mapping[str, Traits]) -> dict[str, dict[str, Any]]:
    """Return our settings with those of the admin in them, which win.

    Lists in which something of ours must stay are added to, and groups are put together key by key.
    """
    merged = {section: dict(values) for section, values in ours.items()}
    for name, values in theirs.items():
        # JupyterHub knows classes by their names alone
        section = merged.setdefault(name.rpartition(".")[2], {})
        for trait, value in values.items():
            section[trait] = _add(section[trait], value, trait) if trait in section else value
    return merged


def read_trait_secrets(values: Mapping[str, Any], read_secret: Callable[[Secret], str]) -> dict[str, Any]:
    """Return traits' values with the secrets themselves in the place of their files.

    What `read_secret` raises for a secret that cannot be read goes through.
    """

    def read(value: Any) -> Any:
        if isinstance(value, Secret):
            return read_secret(value)
        return {name: read(inner) for name, inner in value.items()} if isinstance(value, dict) else value

    return {name: read(value) for name, value in values.items()}


def _add(ours: Any, theirs: Any, trait: str) -> Any:
    match ours, theirs:
        case dict(), dict():
            both = {key: _add(ours[key], value, "") if key in ours else value for key, value in theirs.items()}
            return {**ours, **both}
        case list(), list() if trait in ADDED_TO:
            return [*ours, *theirs]
        case list(), list() if trait in _BEFORE_OURS:
            return [*theirs, *ours]
        case _:
            return theirs
