"""`littlest config`: show and check the settings."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from littlest import paths
from littlest.config.model import Config
from littlest.config.reference.keys import UnknownKey, find_normalizer, find_target, parse_key, render_key
from littlest.config.reference.unknown_key import explain_unknown_key
from littlest.config.sections.secrecy import MASK
from littlest.config.sections.section import Secret, Section
from littlest.config.sections.users import OwnLimits
from littlest.config.text.load import load_located_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import make_data, render_inline, render_settings, render_value
from littlest.errors import ConfigError, ExitCode, LittlestError, NeedsRoot, UsageError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.settings.active import (
    Source,
    check_writers,
    find_active_settings,
    find_good_settings,
    read_text_of,
)

View = Literal["file", "effective", "defaults"]
_NOT_APPLIED = f"{paths.CONFIG_FILE} has changes that are not applied yet: sudo littlest apply"
_MASKED = f"{MASK} hides a secret. To see it: sudo littlest config get --reveal KEY"
_LAST_GOOD = "These are the last known good settings, which the hub uses."
_SECRETS = "Only root may see secrets."
_MISSING = f"{paths.CONFIG_FILE} is missing."
_NOTES: Mapping[Source, tuple[str, ...]] = {
    "file": (),
    "last good": (
        f"{_MISSING} The last known good settings are used instead; to restore the file: sudo littlest apply",
    ),
    "defaults": (f"{_MISSING} The hub uses the defaults.",),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """Settings, and what a person must know about them."""

    config: Config
    notes: tuple[str, ...] = ()
    error: ConfigError | None = None
    """What is wrong with the file, when these are not the settings in it."""


def run_show(
    machine: Machine, key: str | None, view: View = "file", *, only_changed: bool = False, reveal: bool = False
) -> Report:
    """Return settings, or the one that `key` names, with the defaults of what is not given.

    If the file is not valid, they are the last known good ones, with its problems as notes and exit code 3. Raises
    UsageError for an unknown key, ConfigError for a file that is not valid where there are no others, NeedsRoot when
    anybody but root wants to see secrets.
    """
    found = _find_settings(machine, view, reveal)
    data: Any = make_data(found.config, reveal=reveal)
    if only_changed:
        data = _take_changed(found.config, data)
    value = _pick(data, key, found.config, only_changed) if key else data
    shown = {"settings": value} if key is None else {"key": key, "value": value}
    problems = [asdict(problem) for problem in getattr(found.error, "problems", ())]
    is_failed = found.error is not None and view == "file"
    return Report(
        lines=_render_lines(value),
        data={**shown, "problems": problems, "notes": list(found.notes)} if found.notes else shown,
        exit_code=ExitCode.INVALID_CONFIG if is_failed else ExitCode.DONE,
        notes=found.notes,
    )


def run_get(machine: Machine, key: str, *, reveal: bool = False) -> Report:
    """Return one setting of the file, or its default, for a shell script: a list has one entry per line.

    Raises UsageError for an unknown key, ConfigError for a file that is not valid, else as `run_show` does.
    """
    if reveal:
        check_root(machine, _SECRETS)
    _, found = _read_settings(machine)
    value = _pick(make_data(found.config, reveal=reveal), key, found.config, False)
    lines = tuple(map(_render_bare, value)) if isinstance(value, tuple | list) else _render_lines(value)
    masked = (_MASKED,) if not reveal and MASK in "".join(lines) else ()
    return Report(lines=lines, data={"key": key, "value": value}, notes=(*found.notes, *masked))


def run_validate(machine: Machine, file: str | None) -> Report:
    """Report every problem of a file: of its text, and of what it asks of this machine."""
    # it imports what belongs to all kinds of settings
    from littlest.system.config_checks import find_problems, list_left_out  # noqa: PLC0415

    name = file or str(paths.CONFIG_FILE)
    path = paths.CONFIG_FILE if file is None else PurePosixPath(Path(file).resolve())
    data: dict[str, Any] = {"file": name, "valid": True, "problems": []}
    notes: tuple[str, ...] = ()
    try:
        content = read_text_of(machine, path, name)
        if file is not None and content is None:
            raise UsageError(f"There is no file {file}.")
        if content is None:
            return Report(data=data, notes=_read_settings(machine)[1].notes)
        if file is None:
            check_writers(machine.path(path), name)
        loaded = load_located_config(content, name)
        if locked := list_left_out(machine, loaded.config):
            data["left_out"] = list(locked)
            notes = (f"Skipped (root only): {', '.join(locked)}. With sudo all of it is checked.",)
        if problems := find_problems(machine, loaded):
            raise InvalidConfig(problems)
    except InvalidConfig as error:
        found = [asdict(problem) for problem in error.problems]
        data |= {"valid": False, "problems": found, "error": error.message, "hint": error.hint}
        said = (error.message, *((error.hint,) if error.hint else ()))
        return Report(data=data, exit_code=error.exit_code, notes=(*said, *notes))
    return Report(lines=(f"{name} is valid.",), data=data, notes=notes)


def _find_settings(machine: Machine, view: View, reveal: bool) -> _Found:
    if reveal:
        check_root(machine, _SECRETS)
    if view == "defaults":
        return _Found(Config())
    try:
        text, found = _read_settings(machine)
    except ConfigError as error:
        text, config = _read_last_good(machine)
        if config is None:
            raise
        return _Found(config, (error.message, _LAST_GOOD), error)
    if view == "effective":
        good, config = _read_last_good(machine, must_read=True)
        if config is not None and good != text:
            return replace(found, config=config, notes=(_NOT_APPLIED,) if config != found.config else ())
    return found


def _read_settings(machine: Machine) -> tuple[str, _Found]:
    """Return the text of the settings that count, and what it says. Raises as `find_active_settings` does, and
    ConfigError when they are not valid."""
    settings = find_active_settings(machine, must_be_safe=False)
    return settings.text, _Found(settings.load(), _NOTES[settings.source])


def _read_last_good(machine: Machine, *, must_read: bool = False) -> tuple[str, Config | None]:
    """Return the last known good settings; None where there are none, or you may not read them."""
    try:
        good = find_good_settings(machine)
        return ("", None) if good is None else (good.text, good.load())
    except NeedsRoot:
        if must_read:
            raise
    except ConfigError:
        # of a release that knew other settings
        pass
    return "", None


def _pick(data: Any, key: str, config: Config, only_changed: bool) -> Any:
    """Return the value of a key. Raises UsageError for an unknown key, LittlestError for one that is not given."""
    try:
        path = parse_key(key)
        find_target(path, config.auth.type)
    except UnknownKey as unknown:
        raise explain_unknown_key(unknown, key, "`littlest config show` lists every setting.") from None
    for depth, part in enumerate(path):
        name = find_normalizer(path[:depth], config.auth.type)(part) if depth else part
        if not isinstance(data, Mapping) or name not in data:
            if only_changed:
                return {}
            raise LittlestError(f"{key} is not given; {render_key(path[:depth]) or 'the file'} has no {part}.")
        data = data[name]
    return data


def _take_changed(given: Any, data: Any) -> Any:
    """Return the data of settings without what is as their defaults are.

    A group with a name of your own stays even if all in it is; so does what is given in the place of everybody's.
    """
    match given:
        case Section() if isinstance(data, Mapping) and not isinstance(given, OwnLimits | Secret):
            fields, changed = type(given).model_fields, {}
            for name, value in data.items():
                one, default = getattr(given, name), fields[name].get_default(call_default_factory=True)
                inner = _take_changed(one, value)
                if inner if isinstance(one, Section) else one != default:
                    changed[name] = inner
            return changed
        case dict() if isinstance(data, Mapping):
            return {name: _take_changed(given[name], value) for name, value in data.items()}
    return data


def _render_lines(data: Any) -> tuple[str, ...]:
    match data:
        case Mapping():
            return tuple(render_settings(data).splitlines())
        case tuple() | list():
            return tuple(f"- {render_inline(item)}" for item in data)
        case str():
            # as it is, for the shell
            return (data,)
        case _:
            return (render_value(data),)


def _render_bare(item: Any) -> str:
    return item if isinstance(item, str) else render_inline(item)
