"""Secrets in the admin's own files: reading them, and finding those that are not secret."""

import stat
from pathlib import Path, PurePosixPath

from littlest.config.sections.section import Secret, list_secrets
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.machine.named_files import read_named_file


def read_secret_value(machine: Machine, secret: Secret) -> str:
    """Return the secret itself: its value, or the first line of its file.

    Raises LittlestError, which names the file and never its content, where there is none.
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
    """Return a problem for each file from which the hub cannot read its secret, or everybody can.

    A person who is not root can check settings without such files.
    """
    problems = []
    for place, secret in list_secrets(loaded.config):
        if not secret.file:
            continue
        try:
            if found := _find_opening(machine, secret.file):
                problems.append(loaded.make_problem((*place, "file"), *found))
            read_secret_value(machine, secret)
        except PermissionError:
            continue
        except LittlestError as error:
            if machine.can_chown() or machine.read_state(PurePosixPath(secret.file)) is None:
                problems.append(loaded.make_problem((*place, "file"), error.message, error.hint))
    return tuple(problems)


def _find_opening(machine: Machine, file: str) -> tuple[str, str] | None:
    """Return how others than root can read or replace a secret, and the command against it; None if they cannot."""
    path = machine.path(PurePosixPath(file))
    try:
        mode = path.stat().st_mode
        ways = _list_ways(machine, path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(mode):
        # reading it reports that
        return None
    if mode & 0o006:
        return f"{file} can be read or changed by every user of this machine", f"sudo chmod 600 {file}"
    root = machine.root.stat().st_uid
    for way in ways:
        found = way.stat()
        is_folder = stat.S_ISDIR(found.st_mode)
        name = PurePosixPath("/") / way.relative_to(machine.root)
        danger = ", who can put another file in the place of the secret" if is_folder else ""
        if found.st_uid != root:
            return f"{name} belongs to a user other than root{danger}", f"sudo chown root {name}"
        is_open = found.st_mode & 0o002 or (found.st_mode & 0o020 and found.st_gid != 0)
        # in a folder such as /tmp, nobody can remove what is root's
        if is_open and not (is_folder and found.st_mode & stat.S_ISVTX):
            return f"{name} can be changed by users other than root{danger}", f"sudo chmod go-w {name}"
    return None


def _list_ways(machine: Machine, path: Path) -> list[Path]:
    """Return the file of a path and every folder on the way to it, through links as well."""
    ways = {path}
    while path.is_symlink():
        path = path.parent / path.readlink()
        ways.add(path)
    ways |= {parent for way in (*ways, path.resolve()) for parent in way.parents}
    ways = {way.resolve() for way in ways}
    return sorted(way for way in ways if way.is_relative_to(machine.root))
