"""Putting settings after those that are there already: the last word counts, and lists of services are added to."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from traitlets.config.loader import Config, LazyConfigValue

ADDED_TO = ("services", "load_roles")
"""Traits of JupyterHub that hold ours, too: without them neither `littlest` nor the culler could do anything."""
log = logging.getLogger("littlest")


def merge_settings(c: Any, settings: Mapping[str, Any]) -> None:
    """Put settings (class → trait → value) into the configuration `c`, in the place of what it says of these traits.

    Services and roles are added to those that are there; one of a name that is there already is left out, and the log
    says so. Raises TypeError where such a list is none.
    """
    further = Config(settings)
    hub = further.get("JupyterHub", {})
    lists = {trait: _make_list(hub.pop(trait)) for trait in ADDED_TO if trait in hub}
    c.merge(further)
    for trait, items in lists.items():
        c.JupyterHub[trait] = _add(trait, _make_list(c.JupyterHub.get(trait, [])), items)


def _make_list(value: Any) -> list[Any]:
    # what a file makes by c.JupyterHub.services.append(…) is no list yet
    return list(value.get_value([]) if isinstance(value, LazyConfigValue) else value)


def _add(trait: str, items: list[Any], further: Iterable[Any]) -> list[Any]:
    names = {item["name"] for item in items}
    for item in further:
        name = item.get("name") if isinstance(item, Mapping) else None
        if name in names:
            log.error("JupyterHub.%s names %s again; the first one counts", trait, name)
        else:
            items.append(item)
            names.add(name)
    return items
