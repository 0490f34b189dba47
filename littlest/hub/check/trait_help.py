"""What a trait of JupyterHub's is, for `littlest config help`: a process of its own, started by
`littlest.system.hub.dry_run`.

Reads `{"text", "class", "trait"}` as JSON from its input, and writes `{"about", "takes", "default"}` or
`{"problem", "hint"}`.
"""

import json
import os
import secrets
from typing import Any

from traitlets.config import Configurable

from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.config.text.render import render_inline
from littlest.errors import LittlestError
from littlest.hub.check.dry_load import begin_answer
from littlest.hub.check.dry_start import make_known_classes
from littlest.hub.check.trait_values import describe_trait, find_name_problem
from littlest.hub.login.people import make_authenticator_class
from littlest.hub.login.trait_names import explain_login_traits
from littlest.hub.start import TEMPLATES_DIR
from littlest.hub.traits import Settings, make_hub_settings


def main() -> None:
    """Answer one request."""
    answer, request = begin_answer()
    answer.write(json.dumps(explain_trait(request["text"], request["class"], request["trait"])))
    answer.flush()


def explain_trait(text: str, class_name: str, trait: str) -> dict[str, str | None]:
    """Return what a trait is for, takes and is by default, in a hub with these settings; or why there is none."""
    try:
        config = load_config(text, "config.yaml")
        settings = _make_settings(config)
    except LittlestError:
        config = Config()
        settings = _make_settings(config)
    known = make_known_classes(settings, explain_login_traits(config.auth))
    owner = known.find_class(class_name)
    problem = (
        next(known.find_problems(class_name, {}), None)
        if owner is None
        else find_name_problem(owner, trait, known.login)
    )
    if owner is None or problem is not None:
        assert problem is not None  # noqa: S101 - for the type checker
        return {"problem": problem.problem, "hint": problem.hint}
    found = owner.class_traits(config=True)[trait]
    return {
        "about": str(found.help),
        "takes": describe_trait(found) + (", or null" if found.allow_none else ""),
        "default": _render(_find_default(settings, owner, trait)),
    }


def _make_settings(config: Config) -> Settings:
    def read_nothing(_secret: object) -> str:
        return secrets.token_hex(32)

    settings = make_hub_settings(config, os.environ, 1, str(TEMPLATES_DIR), read_secret=read_nothing)
    hub = settings["JupyterHub"]
    hub["authenticator_class"] = make_authenticator_class(hub["authenticator_class"])
    return settings


def _find_default(settings: Settings, owner: type[Configurable], trait: str) -> Any:
    """Return what holds where nobody says anything: what littlest sets, else what the class has."""
    for one in owner.__mro__:
        if trait in settings.get(one.__name__, {}):
            return settings[one.__name__][trait]
    # an object with its defaults, that was not set up
    return owner.class_traits(config=True)[trait].default(owner.__new__(owner))


def _render(value: Any) -> str:
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, str | bool | int | float | list | tuple | dict | None):
        return render_inline(value)
    return getattr(value, "__name__", type(value).__name__)
