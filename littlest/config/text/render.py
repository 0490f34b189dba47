"""Settings as YAML text: the commented default file, and the applied settings. Pure functions."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from littlest.config.reference.catalog import Setting, list_settings
from littlest.config.sections.secrecy import MASK, is_hidden, mask_free
from littlest.config.sections.section import KeyPath, Secret, Section
from littlest.config.sections.users import OwnLimits
from littlest.paths import SCHEMA_FILE

_WIDTH = 118
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# The settings of this JupyterHub.
#
# Every setting is here with its default, commented out. To change one, remove the "# " in front of it and give it
# another value; then run:  sudo littlest apply
# To edit with a check before anything is saved:  sudo littlest config edit
"""
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*|[0-9]+[KMGT]", re.ASCII)
_NOT_PLAIN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that some YAML reader or other takes for something else than text."""


def render_default_config(admins: Sequence[str] = ()) -> str:
    """Return the config.yaml of a new server, in which nothing is set but the admins."""
    given = {"users.admin": tuple(admins)} if admins else {}
    return _HEAD + "".join(f"{line}\n" for setting in list_settings() for line in list_setting_lines(setting, given))


def list_setting_lines(setting: Setting, given: Mapping[str, Any] = MappingProxyType({})) -> Iterator[str]:
    """Yield the lines about a setting in the default file: what it is, and its default or the value in `given`."""
    # not needed to show settings, which should be quick
    from textwrap import wrap  # noqa: PLC0415

    depth = setting.key.count(".")
    indent = "  " * depth
    if depth == 0:
        yield ""
    yield from wrap(setting.description, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
    if setting.section is not None:
        # a group is not commented out, so that removing one "# " is enough; without settings it changes nothing
        yield f"{indent}{setting.name}:"
    elif setting.key in given:
        yield from (indent + line for line in render_settings({setting.name: given[setting.key]}).splitlines())
    else:
        if setting.example is not None:
            yield f"{indent}# For example: {render_inline(setting.example)}"
        yield f"{indent}# {setting.name}: {render_inline(setting.default)}"


def make_data(config: Section, *, reveal: bool = False) -> dict[str, Any]:
    """Return settings as plain data, in the order of the model; secrets are masked unless `reveal` is given."""
    return dict(_make_plain(config, reveal, ()))


def _make_plain(value: Any, reveal: bool, place: KeyPath) -> Any:
    match value:
        case Secret():
            return {"file": value.file} if value.file else value.value if reveal else MASK
        case Section():
            # limits of some users: what is not given is not null, it is what holds for everybody
            given = value.model_fields_set if isinstance(value, OwnLimits) else type(value).model_fields
            inner = {name: getattr(value, name) for name in type(value).model_fields if name in given}
        case dict() if reveal or not is_hidden(value, place):
            inner = value
        case _:
            return value if reveal else mask_free(value, place)
    return {name: _make_plain(one, reveal, (*place, name)) for name, one in inner.items()}


def render_settings(data: Mapping[str, Any], indent: str = "") -> str:
    """Return settings as YAML that the loader reads back to the same values."""
    lines = []
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            lines.append(f"{indent}{render_value(name)}:\n{render_settings(value, indent + '  ')}")
        elif isinstance(value, (tuple, list)) and value:
            lines.append(f"{indent}{render_value(name)}:\n")
            lines += [f"{indent}  - {render_inline(item)}\n" for item in value]
        else:
            lines.append(f"{indent}{render_value(name)}: {render_inline(value)}\n")
    return "".join(lines)


def render_value(value: Any) -> str:
    """Return one value as it is written in YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            short = f"{value:g}"
            return short if isinstance(value, float) and float(short) == value else str(value)
        case _:
            text = str(value)
            if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
                return text
            return render_quoted(text)


def render_quoted(text: str) -> str:
    """Return text in double quotes; what cannot be seen, or what YAML allows in no file, is written as a number."""
    # a JSON string is a YAML string, but for characters beyond U+FFFF, of which JSON makes two
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in quoted)


def render_inline(value: Any) -> str:
    """Return a value of any shape as YAML on one line."""
    match value:
        case tuple() | list():
            return f"[{', '.join(map(render_inline, value))}]"
        case Mapping():
            pairs = (f"{render_value(name)}: {render_inline(inner)}" for name, inner in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return render_value(value)
