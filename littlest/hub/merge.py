"""The admin's values for traits put together with ours: those of config.yaml, and those of drop-ins."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from traitlets.config.loader import Config, LazyConfigValue

from littlest.config.sections.section import Secret

Traits = Mapping[str, Any]
_ADDED_TO = ("services", "load_roles")
"""Traits of JupyterHub that hold ours, too: without them neither `littlest` nor the culler could do anything."""
_BEFORE_OURS = ("template_paths",)
_OUR_CLASSES = ("authenticator_class", "spawner_class", "proxy_class")
"""Classes that decide who gets in, and as whom servers run."""
log = logging.getLogger("littlest")


def add_trait_values(ours: dict[str, Any], theirs: Mapping[str, Traits]) -> dict[str, Any]:
    """Put the values of config.yaml (class → trait → value) into our settings, which are returned; theirs win.

    Lists in which something of ours must stay are added to, and groups are put together key by key.
    """
    for name, values in theirs.items():
        # JupyterHub knows classes by their names alone
        section = ours.setdefault(name.rpartition(".")[2], Config())
        for trait, value in values.items():
            section[trait] = _add(section[trait], value, trait) if trait in section else value
    return ours


def read_trait_secrets(values: Traits, read_secret: Callable[[Secret], str]) -> dict[str, Any]:
    """Return traits' values with the secrets themselves in the place of their files.

    What `read_secret` raises for a secret that cannot be read goes through.
    """

    def read(value: Any) -> Any:
        if isinstance(value, Secret):
            return read_secret(value)
        return {name: read(inner) for name, inner in value.items()} if isinstance(value, dict) else value

    return {name: read(value) for name, value in values.items()}


def merge_settings(c: Any, theirs: Mapping[str, Traits]) -> None:
    """Put what a drop-in sets (class → trait → value) into the configuration `c`, in the place of what it had.

    Services and roles are added to those of `c`; one whose name `c` has already is left out, and the log says so.
    Raises TypeError where such a list is no list.
    """
    further = Config({name: Config(values) for name, values in theirs.items()})
    for trait in _ADDED_TO:
        if trait in further.JupyterHub:
            items = _make_list(c.JupyterHub.get(trait, []))
            names = {item["name"] for item in items}
            for item in _make_list(further.JupyterHub[trait]):
                name = item.get("name") if isinstance(item, Mapping) else None
                if name in names:
                    log.error("JupyterHub.%s names %s again; the first one counts", trait, name)
                else:
                    items.append(item)
                    names.add(name)
            further.JupyterHub[trait] = items
    c.merge(further)


def restore_classes(c: Any, ours: Mapping[str, Traits]) -> tuple[str, ...]:
    """Use our classes in `c`, whatever a drop-in set that nobody has applied yet; return a line for each.

    With another authenticator, the first person who comes could be an admin until the next apply refuses it.
    """
    problems = []
    for trait in _OUR_CLASSES:
        meant = ours["JupyterHub"][trait]
        for section in ("JupyterHub", "LittlestHub"):
            if trait in c[section] and c[section][trait] != meant:
                problems.append(f"c.{section}.{trait} is not used: a drop-in cannot set it")
                log.error("%s", problems[-1])
                del c[section][trait]
        c.JupyterHub[trait] = meant
    return tuple(problems)


def _make_list(value: Any) -> list[Any]:
    # what a file makes by c.JupyterHub.services.append(…) is no list yet
    return list(value.get_value([]) if isinstance(value, LazyConfigValue) else value)


def _add(ours: Any, theirs: Any, trait: str) -> Any:
    match ours, theirs:
        case dict(), dict():
            both = {key: _add(ours[key], value, "") if key in ours else value for key, value in theirs.items()}
            return {**ours, **both}
        case list(), list() if trait in _ADDED_TO:
            return [*ours, *theirs]
        case list(), list() if trait in _BEFORE_OURS:
            return [*theirs, *ours]
        case _:
            return theirs
