"""Avoids imports that a process does not use: together they cost a user's server 2.5 s of CPU and 50 MB."""

import contextlib
import sys
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

HUB_ONLY = (
    "jupyterhub.handlers",
    "jupyterhub.handlers.pages",
    "jupyterhub.orm",
    "jupyterhub.roles",
    "sqlalchemy",
    "sqlalchemy.exc",
    "sqlalchemy.orm",
)
"""The modules of the hub's database and pages that jupyterhub-singleuser imports and never calls."""


def leave_out_rfc3987() -> None:
    """Make `import rfc3987_syntax` fail, so that jsonschema does without it. Call this before jsonschema is imported.

    It costs 2 s of CPU, and only checks the format "iri", which no schema of Jupyter uses. A release without it would
    not pass `pip check`, because jupyter_events depends on it (through jsonschema[format-nongpl]).
    """
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def leave_out_pydantic_plugins() -> None:
    """Give pydantic no plugins. Call this before the first model is built.

    Pydantic would look for them in the metadata of every installed package; only to import what that takes costs a
    command 9 ms.
    """
    loader = ModuleType("pydantic.plugin._loader")
    vars(loader)["get_plugins"] = tuple
    sys.modules[loader.__name__] = loader


class _PlainDict(dict[str, Any]):
    """What a TypedDict is when it runs, but for its annotations."""

    def __init_subclass__(cls, **_options: Any) -> None:
        pass


def import_core_schema() -> None:
    """Import what pydantic describes schemas with, without the types of its dictionaries.

    Only type checkers read them, and to make a hundred takes a tenth of the time of `littlest config show`.
    """
    import typing_extensions  # noqa: PLC0415  # only the command needs it

    kept = [(module, module.TypedDict) for module in (typing, typing_extensions)]
    for module, _ in kept:
        vars(module)["TypedDict"] = _PlainDict
    try:
        import pydantic_core.core_schema  # noqa: F401, PLC0415
    finally:
        for module, usual in kept:
            vars(module)["TypedDict"] = usual


class _Placeholder(ModuleType):
    """A module in which every name is an exception class of its own."""

    __path__: list[str] = []  # noqa: RUF012  # what makes a module a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


@contextlib.contextmanager
def leave_out_hub_modules() -> Iterator[None]:
    """Give imports within the context placeholders instead of the hub's modules; later ones get the real modules."""
    placeholders = {name: _Placeholder(name) for name in HUB_ONLY if name not in sys.modules}
    sys.modules.update(placeholders)
    try:
        yield
    finally:
        for name in placeholders:
            sys.modules.pop(name, None)
