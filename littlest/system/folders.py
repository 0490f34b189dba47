"""Folders that several users share: the folder with its rights, and those of what was put into it in other ways.

Rights are those of a POSIX access control list: whatever the umask or the program, a file made in the folder has the
list that its folder hands down. A file that was moved in, or copied with its old rights, lacks it until it is mended.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from littlest.errors import LittlestError
from littlest.plan.steps import EnsureSharedFolder
from littlest.system.acl import (
    ACCESS,
    DEFAULT,
    EXECUTE,
    READ,
    WRITE,
    Acl,
    is_without_acls,
    read_acl,
    write_acl,
)
from littlest.system.homes import find_folder_problem, find_missing_disk
from littlest.system.machine import Machine, PathKind
from littlest.system.walk import walk_within

MODE = 0o2770
"""New files and folders are the group's as well (setgid); others may nothing."""
ALL = READ | WRITE | EXECUTE


def is_shared_folder_made(machine: Machine, step: EnsureSharedFolder) -> bool:
    """Whether the folder is root's and has its rights. What is in it is not looked at."""
    state = machine.read_state(step.path)
    if state is None or state.kind is not PathKind.DIRECTORY or state.mode != MODE:
        return False
    try:
        acl = _make_acl(machine, step)
        owner = (0, machine.get_ids("root", step.writers[0])[1])
        with _open_folder(machine, step.path) as folder:
            kept = read_acl(folder, ACCESS) == acl == read_acl(folder, DEFAULT)
    except (LittlestError, OSError, ValueError):
        return False
    return kept and (not machine.may_own() or (state.uid, state.gid) == owner)


def ensure_shared_folder(machine: Machine, step: EnsureSharedFolder) -> None:
    """Make the folder, or give it its owner and rights; what is in it stays as it is.

    Raises LittlestError where it cannot be, as on a file system without access control lists.
    """
    problem = find_shared_folder_problem(machine, step.path)
    if problem is not None:
        raise LittlestError(f"the shared folder {step.path} {problem}", "Choose another path for it in the settings.")
    for parent in reversed(step.path.parents[:-1]):
        if machine.read_state(parent) is None:
            machine.make_directory(parent)
    machine.make_directory(step.path, mode=MODE, group=step.writers[0])
    try:
        with _open_folder(machine, step.path) as folder:
            write_acl(folder, _make_acl(machine, step), (ACCESS, DEFAULT))
    except OSError as error:
        raise LittlestError(f"the shared folder {step.path} cannot have its rights: {error.strerror}") from error


def find_shared_folder_problem(machine: Machine, path: PurePosixPath) -> str | None:
    """Why this cannot be a shared folder, as the end of a sentence; None when it can."""
    state = machine.read_state(path)
    if state is not None and state.kind is not PathKind.DIRECTORY:
        return f"is a {state.kind}, no folder"
    problem = find_missing_disk(machine, path)
    if problem is not None:
        return problem
    problem = find_folder_problem(machine, path.parent)
    if problem is not None:
        return f"cannot be: {path.parent} {problem}"
    people = (account for account in machine.read_accounts() if account.uid >= 1000 or account.uid == 0)
    owner = next((account for account in people if account.home.is_relative_to(path)), None)
    if owner is not None:
        return f"cannot be: the home of {owner.name} is there"
    there = (parent for parent in (path, *path.parents[:-1]) if machine.read_state(parent) is not None)
    try:
        os.getxattr(machine.path(next(there, path.parent)), DEFAULT)
    except OSError as error:
        if is_without_acls(error):
            return "is on a file system without access control lists (ACLs), which sharing needs"
    return None


def mend_shared_folder(machine: Machine, step: EnsureSharedFolder, since: float = 0.0) -> int:
    """Give what was changed in the folder since then (seconds of the epoch) the rights it lacks; return how many.

    Everybody who may use the folder may do with a file what its owner may. No link is followed, no other file system
    entered, and a file with several names is left as it is: one of them may be in a private place.

    Raises LittlestError for the last of those that could not be mended.
    """
    wanted = _make_acl(machine, step)
    mended = 0
    failures: list[str] = []
    with _open_folder(machine, step.path) as top:
        for place, name, folder in walk_within(top, failures.append):
            try:
                mended += _mend(name, folder, wanted, since)
            except FileNotFoundError:
                continue  # its user was quicker
            except (OSError, ValueError) as error:
                failures[:] = [f"{place / name}: {error}"]
    if failures:
        raise LittlestError(f"{step.path}: {failures[-1]}")
    return mended


def _mend(name: str, folder: int, wanted: Acl, since: float) -> bool:
    looked = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if looked.st_ctime < since or not (stat.S_ISDIR(looked.st_mode) or stat.S_ISREG(looked.st_mode)):
        return False
    # the descriptor is what was looked at, whatever has this name by now
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        acl = read_acl(descriptor, ACCESS)
        if stat.S_ISDIR(found.st_mode):
            if acl is not None and _gives(acl, wanted) and read_acl(descriptor, DEFAULT) == wanted:
                return False
            write_acl(descriptor, wanted, (ACCESS, DEFAULT))
            return True
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return False
        owner = stat.S_IMODE(found.st_mode) >> 6 & ALL
        file = Acl(owner, wanted.group & owner, tuple((gid, right & owner) for gid, right in wanted.groups))
        if acl is not None and _gives(acl, file):
            return False
        write_acl(descriptor, file, (ACCESS,))
        return True
    finally:
        os.close(descriptor)


def _gives(acl: Acl, wanted: Acl) -> bool:
    return all(right & ~acl.get_right(gid) == 0 for gid, right in wanted.groups)


def _make_acl(machine: Machine, step: EnsureSharedFolder) -> Acl:
    rights = dict.fromkeys(step.readers, READ | EXECUTE) | dict.fromkeys(step.writers, ALL)
    groups = tuple(sorted((machine.get_ids("root", group)[1], right) for group, right in rights.items()))
    return Acl(ALL, ALL, groups)


@contextmanager
def _open_folder(machine: Machine, path: PurePosixPath) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(machine.path(path), flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
