"""Secrets that stand in files of the admin's own: reading them, and what keeps them from being one."""

import stat
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from littlest.config.convert import Place
from littlest.config.load import LoadedConfig
from littlest.config.problems import Problem
from littlest.config.section import Secret, Section
from littlest.errors import LittlestError
from littlest.system.machine import Machine
from littlest.system.named_files import read_named_file


def read_secret_value(machine: Machine, secret: Secret) -> str:
    """The secret itself: its value, or the first line of its file.

    Raises LittlestError, which names the file and never what is in it, where there is none.
    """
    if not secret.file:
        return secret.value
    try:
        content = read_named_file(machine, secret.file)
    except PermissionError as error:
        raise LittlestError(f"{secret.file} cannot be read: {error.strerror}") from None
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise LittlestError(f"{secret.file} is no text: a secret is its first line") from None
    value = lines[0].strip() if lines else ""
    if not value:
        raise LittlestError(f"{secret.file} has an empty first line, where the secret should be")
    return value


def find_secret_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """What keeps a file from giving its secret to the hub, or gives it to everybody.

    A person who is not root may check settings without being able to look into such files.
    """
    problems = []
    for place, secret in list_secrets(loaded.config):
        if not secret.file:
            continue
        try:
            if _is_open_to_all(machine, secret.file):
                problem = f"{secret.file} can be read or changed by every user of this machine"
                problems.append(loaded.make_problem((*place, "file"), problem, f"sudo chmod 600 {secret.file}"))
            read_secret_value(machine, secret)
        except PermissionError:
            continue
        except LittlestError as error:
            if machine.may_own() or machine.read_state(PurePosixPath(secret.file)) is None:
                problems.append(loaded.make_problem((*place, "file"), error.message, error.hint))
    return tuple(problems)


def list_secrets(value: Any, place: Place = ()) -> Iterator[tuple[Place, Secret]]:
    """Yield every secret of a configuration, or of a part of one, with its place."""
    match value:
        case Secret():
            yield place, value
        case Section():
            for name in type(value).model_fields:
                yield from list_secrets(getattr(value, name), (*place, name))
        case dict():
            for name, inner in value.items():
                yield from list_secrets(inner, (*place, name))
        case tuple() | list():
            for index, inner in enumerate(value):
                yield from list_secrets(inner, (*place, index))


def _is_open_to_all(machine: Machine, file: str) -> bool:
    try:
        mode = machine.path(PurePosixPath(file)).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o006)
