"""Checking that JupyterHub knows the scopes in the settings."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from jupyterhub.scopes import scope_definitions

from littlest.config.reference.catalog import find_nearest_word
from littlest.errors import LittlestError

_FILTERS = ("user=", "server=", "group=", "service=")
_OWN_FILTERS = ("user", "server", "service")


def find_scope_problem(scope: str, custom: Collection[str]) -> tuple[str, str | None] | None:
    """Return what is wrong with a scope, and a hint; None for a valid one. `custom` are the admin's own scopes."""
    name, mark, limited = scope.partition("!")
    if name not in scope_definitions and name not in custom:
        nearest = find_nearest_word(name, (*scope_definitions, *custom))
        return f"JupyterHub has no scope {name}", f"did you mean {nearest}?" if nearest else None
    if mark and limited not in _OWN_FILTERS and not limited.startswith(_FILTERS):
        return f"{scope} is limited to something that there is not", "write !user=NAME, !group=NAME or !server=NAME"
    return None


def check_scopes(roles: Iterable[Mapping[str, Any]], custom: Collection[str]) -> None:
    """Raise LittlestError for a scope that JupyterHub does not know: the hub would not start with it."""
    for role in roles:
        for scope in role.get("scopes", ()):
            problem = find_scope_problem(scope, custom)
            if problem is not None:
                raise LittlestError(f"the role {role.get('name')}: {problem[0]}", problem[1])
