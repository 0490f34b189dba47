"""`littlest config edit`: the settings in the admin's own editor, saved only when they are valid."""

import os
import shlex
from collections.abc import Callable
from pathlib import PurePosixPath

from littlest import paths
from littlest.config.text.load import decode_config
from littlest.config.text.render import render_default_config
from littlest.errors import CommandFailed, ConfigError, LittlestError, find_failure
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine, PathKind
from littlest.machine.root import check_root
from littlest.machine.signals import leave_ctrl_c_to_child
from littlest.report import Report
from littlest.system.config_checks import load_checked_config
from littlest.system.settings.settings_file import find_free_name, find_real_file, replace_settings

Ask = Callable[[str], str | None]
"""Puts a question to the person at the terminal and returns the answer, None where nobody answers."""

_COPY = paths.ETC_DIR / ".config-edit.yaml"
_INVALID = "These settings are not valid."
_ANSWERS = {"e": True, "edit": True, "edit again": True, "x": False, "exit": False, "q": False, "quit": False}
_OTHER_EDITOR = "Name another one: sudo EDITOR=nano littlest config edit"
_EMPTY = "To have the defaults of everything, leave one line in it, such as a comment."
_APPLY = "To apply it: sudo littlest apply"


def run_edit(machine: Machine, ask: Ask) -> Report:
    """Let the person edit a copy of the settings, and put it in the file's place when it is valid.

    The file keeps its owner and mode, and is never seen half-written. Raises LittlestError when the editor fails,
    Ctrl-C ends the questions, or somebody else changed the file meanwhile: what was written is kept then, and the
    error says where. Raises NeedsRoot for anybody but root.
    """
    check_root(machine, "Only root may change the settings.", "sudo littlest config edit")
    editor = _find_editor(machine)
    with hold_lock(machine):
        path = find_real_file(machine, paths.CONFIG_FILE)
        before = machine.read_bytes(path)
        begun = render_default_config().encode() if before is None else before
        notes = _rescue_copy(machine, begun)
        machine.write_file(_COPY, begun, mode=0o600)
        try:
            edited = _edit_until_valid(machine, editor, begun, ask)
            if edited not in (None, begun) and machine.read_bytes(path) != before:
                raise LittlestError(f"Somebody else changed {path} meanwhile.")
            if edited not in (None, begun):
                replace_settings(machine, edited)
        except (LittlestError, KeyboardInterrupt, OSError) as error:
            raise _explain_end(machine, error, begun) from error
        machine.remove(_COPY)
    if edited is None:
        return Report(lines=("Nothing was saved.",), notes=notes)
    if edited == begun:
        return Report(lines=("Nothing was changed.",), notes=notes)
    return Report(lines=(f"{path} is saved.", _APPLY), notes=notes)


def _edit_until_valid(machine: Machine, editor: list[str], begun: bytes, ask: Ask) -> bytes | None:
    """Return the valid content that the person ended with, None when they gave up."""
    name = str(paths.CONFIG_FILE)
    while True:
        content = _read_edited(machine, editor)
        if not content.strip() and begun.strip():
            if not _wants_to_go_on("The edited copy is empty, or gone.", _EMPTY, ask):
                return None
            if not content:
                machine.write_file(_COPY, begun, mode=0o600)
            continue
        try:
            load_checked_config(machine, decode_config(content, name), name)
        except ConfigError as error:
            if not _wants_to_go_on(error.message, _INVALID, ask):
                return None
        else:
            return content


def _read_edited(machine: Machine, editor: list[str]) -> bytes:
    """Let the person edit the copy, and return what it holds then; nothing where it is gone."""
    try:
        with leave_ctrl_c_to_child():
            status = machine.run_attached([*editor, str(machine.path(_COPY))])
    except CommandFailed as error:
        raise LittlestError(f"The editor cannot be started: {error.message}.", _OTHER_EDITOR) from None
    if status != 0:
        raise LittlestError(
            f"The editor {shlex.join(editor)} ended with status {status}; nothing was saved.", _OTHER_EDITOR
        )
    state = machine.read_state(_COPY)
    if state is not None and state.kind is not PathKind.FILE:
        raise LittlestError(f"The editor {shlex.join(editor)} left no file; nothing was saved.", _OTHER_EDITOR)
    return machine.read_bytes(_COPY) or b""


def _wants_to_go_on(message: str, reason: str, ask: Ask) -> bool:
    question = f"{message}\n{reason} (e)dit again or e(x)it without saving? "
    while (answer := ask(question)) is not None:
        if (word := answer.strip().lower()) in _ANSWERS:
            return _ANSWERS[word]
        question = "Answer e to edit again, or x to exit without saving: "
    raise LittlestError("There is nobody to ask whether to edit again; nothing was saved.")


def _explain_end(machine: Machine, error: BaseException, begun: bytes) -> LittlestError:
    """Return the error that says why editing ended, and where what was written is."""
    message = "Interrupted; nothing was saved."
    if isinstance(error, LittlestError):
        message = error.message
    elif isinstance(error, OSError):
        message = f"Operating system error: {error}; nothing was saved."
    kept = _keep_copy(machine, begun)
    hint = f"What you wrote is in {kept}." if kept else getattr(error, "hint", None)
    return find_failure(error)(message, hint)


def _rescue_copy(machine: Machine, begun: bytes) -> tuple[str, ...]:
    """Keep what an edit left that was killed, and return a note about it."""
    kept = _keep_copy(machine, begun)
    return (f"An earlier edit did not finish; what was written then is in {kept}.",) if kept else ()


def _keep_copy(machine: Machine, begun: bytes) -> PurePosixPath | None:
    """Give the edited copy a name under which it stays, and return that; None where nothing was written in it."""
    state = machine.read_state(_COPY)
    if state is None or (state.kind is PathKind.FILE and machine.read_bytes(_COPY) in (begun, b"")):
        machine.remove(_COPY)
        return None
    kept = find_free_name(machine, "edited")
    machine.rename(_COPY, kept)
    return kept


def _find_editor(machine: Machine) -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        given = os.environ.get(variable, "")
        try:
            if words := shlex.split(given):
                return words
        except ValueError as error:
            raise LittlestError(f"{variable} is no command: {given} ({error}).", _OTHER_EDITOR) from None
    for editor in ("sensible-editor", "editor", "nano", "vim", "vi"):
        if machine.has_command(editor):
            return [editor]
    raise LittlestError(
        "No editor was found on this machine.", "Name one: sudo EDITOR=/path/of/editor littlest config edit"
    )
