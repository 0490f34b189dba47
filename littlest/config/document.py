"""Settings as YAML text: the commented default file, and the settings in force. Pure functions."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from littlest.config.model import Config, Section
from littlest.config.settings import Setting, list_settings

_HEAD = """\
# The settings of this JupyterHub.
#
# Every setting stands here with its default, commented out. To change one, remove the "# " before it and give it
# another value; then run:  sudo littlest apply
# To edit with a check before anything is saved:  sudo littlest config edit
"""
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*|[0-9]+[KMGT]", re.ASCII)
_NOT_PLAIN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that some YAML reader or other takes for something else than text."""


def render_default_config(admins: Sequence[str] = ()) -> str:
    """Return the config.yaml of a new server, in which nothing is set but the admins."""
    given = {"users.admin": tuple(admins)} if admins else {}
    return _HEAD + "".join(f"{line}\n" for setting in list_settings() for line in _list_lines(setting, given))


def _list_lines(setting: Setting, given: Mapping[str, Any]) -> Iterator[str]:
    depth = setting.key.count(".")
    indent = "  " * depth
    if depth == 0:
        yield ""
    yield f"{indent}# {setting.description}"
    if setting.section is not None:
        # a group is not commented out, so that removing one "# " is enough; without settings it changes nothing
        yield f"{indent}{setting.name}:"
    elif setting.key in given:
        yield from (indent + line for line in render_settings({setting.name: given[setting.key]}).splitlines())
    else:
        if setting.example is not None:
            yield f"{indent}# For example: {_render_inline(setting.example)}"
        yield f"{indent}# {setting.name}: {_render_inline(setting.default)}"


def make_data(config: Config) -> dict[str, Any]:
    """Return every setting as plain data, in the order of the model."""
    return _make_section_data(config)


def _make_section_data(section: Section) -> dict[str, Any]:
    values = ((name, getattr(section, name)) for name in type(section).model_fields)
    return {name: _make_section_data(value) if isinstance(value, Section) else value for name, value in values}


def render_settings(data: Mapping[str, Any], indent: str = "") -> str:
    """Return settings as YAML that the loader reads back to the same values."""
    lines = []
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            lines.append(f"{indent}{name}:\n{render_settings(value, indent + '  ')}")
        elif isinstance(value, (tuple, list)) and value:
            lines.append(f"{indent}{name}:\n" + "".join(f"{indent}  - {render_value(item)}\n" for item in value))
        else:
            lines.append(f"{indent}{name}: {_render_inline(value)}\n")
    return "".join(lines)


def render_value(value: Any) -> str:
    """Return one value as it is written in YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case _:
            text = str(value)
            if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
                return text
            # a JSON string is a YAML string
            return json.dumps(text, ensure_ascii=not text.isprintable())


def _render_inline(value: Any) -> str:
    match value:
        case tuple() | list():
            return f"[{', '.join(map(render_value, value))}]"
        case Mapping():
            return "{}"
        case _:
            return render_value(value)
