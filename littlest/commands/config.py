"""`littlest config`: show, check and edit the settings."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from littlest import paths
from littlest.config.document import make_data, render_default_config, render_settings, render_value
from littlest.config.load import decode_config, load_config
from littlest.config.model import Config
from littlest.config.settings import find_nearest_key
from littlest.errors import ConfigError, LittlestError, NeedsRoot, UsageError
from littlest.report import Report
from littlest.system.lock import hold_lock
from littlest.system.machine import Machine
from littlest.system.settings import find_real_file, replace_settings

Ask = Callable[[str], str]
"""Puts a question to the person at the terminal and returns the answer."""

_COPY = paths.ETC_DIR / ".config-edit.yaml"
_APPLY = "Run `sudo littlest apply` to put it in force."


def run_show(machine: Machine, key: str | None) -> Report:
    """Return the settings in force, or the one that `key` names.

    Raises UsageError for an unknown key, ConfigError for a file that is not valid.
    """
    data: Any = make_data(_load(machine, paths.CONFIG_FILE))
    for part in key.split(".") if key else ():
        if not isinstance(data, dict) or part not in data:
            nearest = find_nearest_key(key or "")
            hint = f"Did you mean {nearest}?" if nearest else "`littlest config show` lists every setting."
            raise UsageError(f"There is no setting {key}.", hint)
        data = data[part]
    return Report(lines=_render_lines(data), data={"settings": data} if key is None else {"key": key, "value": data})


def _render_lines(data: Any) -> tuple[str, ...]:
    match data:
        case dict():
            return tuple(render_settings(data).splitlines())
        case tuple():
            return tuple(f"- {render_value(item)}" for item in data)
        case str():
            # as it is, for the shell
            return (data,)
        case _:
            return (render_value(data),)


def run_validate(machine: Machine, file: str | None) -> Report:
    """Report that a file is valid. Raises ConfigError with every problem when it is not."""
    name = file or str(paths.CONFIG_FILE)
    path = paths.CONFIG_FILE if file is None else PurePosixPath(Path(file).resolve())
    if file is not None and machine.read_state(path) is None:
        raise UsageError(f"There is no file {file}.")
    load_config(_read(machine, path, name) or "", name)
    return Report(lines=(f"{name} is valid.",), data={"file": name, "valid": True, "problems": []})


def run_edit(machine: Machine, ask: Ask) -> Report:
    """Let the person edit a copy of the settings, and put it in the file's place when it is valid.

    The file keeps its owner and mode, and is never seen half-written. Raises LittlestError when the editor fails or
    somebody else changed the file meanwhile (the edited copy is kept then), NeedsRoot for anybody but root.
    """
    if machine.is_live and not machine.may_own():
        raise NeedsRoot("Only root may change the settings.", "sudo littlest config edit")
    editor = _find_editor(machine)
    with hold_lock(machine):
        path = find_real_file(machine, paths.CONFIG_FILE)
        before = machine.read_bytes(path)
        begun = render_default_config().encode() if before is None else before
        machine.write_file(_COPY, begun, mode=0o600)
        try:
            edited = _edit_until_valid(machine, editor, ask)
        except BaseException:
            machine.remove(_COPY)
            raise
        if edited is not None and edited != begun:
            if machine.read_bytes(path) != before:
                raise LittlestError(f"Somebody else changed {path} meanwhile.", f"What you wrote stands in {_COPY}.")
            replace_settings(machine, edited)
        machine.remove(_COPY)
    if edited is None:
        return Report(lines=("Nothing was saved.",))
    if edited == begun:
        return Report(lines=("Nothing was changed.",))
    return Report(lines=(f"{path} is saved.", _APPLY))


def _edit_until_valid(machine: Machine, editor: list[str], ask: Ask) -> bytes | None:
    """Return the valid content that the person ended with, None when they gave up."""
    name = str(paths.CONFIG_FILE)
    while True:
        status = machine.run_attached([*editor, str(machine.path(_COPY))])
        if status != 0:
            raise LittlestError(f"The editor {shlex.join(editor)} ended with status {status}; nothing was saved.")
        content = machine.read_bytes(_COPY) or b""
        try:
            load_config(decode_config(content, name), name)
        except ConfigError as error:
            if not _wants_to_go_on(error, ask):
                return None
        else:
            return content


def _wants_to_go_on(error: ConfigError, ask: Ask) -> bool:
    question = f"{error.message}\nThese settings are not valid. (e)dit again or e(x)it without saving? "
    while answer := ask(question).strip().lower():
        if answer[0] in "ex":
            return answer[0] == "e"
        question = "Answer e to edit again, or x to exit without saving: "
    # no answer: there is nobody at the terminal
    return False


def _find_editor(machine: Machine) -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        if words := shlex.split(os.environ.get(variable, "")):
            return words
    for editor in ("sensible-editor", "editor", "nano", "vim", "vi"):
        if machine.has_command(editor):
            return [editor]
    raise LittlestError(
        "No editor was found on this machine.", "Name one: sudo EDITOR=/path/of/editor littlest config edit"
    )


def _load(machine: Machine, path: PurePosixPath) -> Config:
    return load_config(_read(machine, path, str(path)) or "", str(path))


def _read(machine: Machine, path: PurePosixPath, name: str) -> str | None:
    """Return a file's text, None when there is none."""
    try:
        content = machine.read_bytes(path)
    except PermissionError:
        raise NeedsRoot(f"Only root may read {name}.", "Put sudo in front of the command.") from None
    except OSError as error:
        raise LittlestError(f"{name} cannot be read: {error.strerror}.") from None
    return None if content is None else decode_config(content, name)
