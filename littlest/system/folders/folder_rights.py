"""Folders that several users share: the folder with its rights, and those of what was put into it in other ways.

Rights are those of a POSIX access control list: whatever the umask or the program, a file made in the folder has the
list that its folder hands down. A file that was moved in, or copied with its old rights, lacks it until it is mended.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.acl import (
    ACCESS,
    DEFAULT,
    EXECUTE,
    READ,
    WRITE,
    Acl,
    is_without_acls,
    read_acl,
    remove_acl,
    write_acl,
)
from littlest.machine.machine import Machine, PathKind
from littlest.machine.walk import walk_within
from littlest.plan.steps import CloseSharedFolder, EnsureSharedFolder
from littlest.system.accounts.accounts import FIRST_UID
from littlest.system.accounts.groups import find_our_groups
from littlest.system.accounts.homes import find_folder_problem, find_missing_disk

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
    return kept and (not machine.can_chown() or (state.uid, state.gid) == owner)


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


def is_shared_folder_closed(machine: Machine, step: CloseSharedFolder) -> bool:
    """Whether nobody but root gets into the folder; so it is when there is none."""
    state = machine.read_state(step.path)
    return state is None or state.kind is not PathKind.DIRECTORY or (state.mode & 0o077 == 0 and state.uid == 0)


def close_shared_folder(machine: Machine, step: CloseSharedFolder) -> None:
    """Make the folder root's alone; what is in it stays as it is. Raises LittlestError when it cannot be."""
    try:
        with _open_folder(machine, step.path) as folder:
            remove_acl(folder, (ACCESS, DEFAULT))
        machine.make_directory(step.path, mode=0o700)
    except OSError as error:
        raise LittlestError(f"the folder {step.path} cannot be closed: {error.strerror}") from error


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
    people = (account for account in machine.read_accounts() if account.uid >= FIRST_UID or account.uid == 0)
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


def mend_shared_folder(
    machine: Machine, step: EnsureSharedFolder, since: float = 0.0, rest: Callable[[], object] = lambda: None
) -> int:
    """Give what was changed in the folder since then (seconds of the epoch) its rights, no fewer and no more; return
    how much was mended.

    Everybody who may change what is in the folder may do with a file what its owner may, and nobody else owns one. No
    link is followed, no other file system entered, and a file with several names is left as it is: one of them may be
    in a private place. So is what only root may use. `rest` is called before each, and may end it all by raising.

    Raises LittlestError for the last of those that could not be mended.
    """
    rights = _make_rights(machine, step)
    mended = 0
    failures: list[str] = []
    # what a folder brought along when it was moved in, or got while it was elsewhere, may have changed long ago
    changed: PurePosixPath | None = None
    with _open_folder(machine, step.path) as top:
        for place, name, folder in walk_within(top, failures.append):
            rest()
            if changed is not None and not place.is_relative_to(changed):
                changed = None
            try:
                looked = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if changed is None and looked.st_ctime < since:
                    continue
                changed = changed or place / name
                if stat.S_ISDIR(looked.st_mode) or stat.S_ISREG(looked.st_mode):
                    mended += _mend(name, folder, rights)
            except FileNotFoundError:
                continue  # its user was quicker
            except (OSError, ValueError) as error:
                failures[:] = [f"{place / name}: {error}"]
    if failures:
        raise LittlestError(f"{step.path}: {failures[-1]}")
    return mended


@dataclass(frozen=True, slots=True)
class _Rights:
    """What everything in a shared folder should have."""

    acl: Acl
    """Of a folder in it."""
    group: int
    owners: frozenset[int] | None
    """Who may own something there, beside root; None for whoever made it."""
    ours: frozenset[int]
    """All groups of ours: they have the rights of the list and no others."""

    def are_given_by(self, acl: Acl | None, wanted: Acl) -> bool:
        return acl is not None and all(acl.get_right(gid) == wanted.get_right(gid) for gid in self.ours)


def _make_rights(machine: Machine, step: EnsureSharedFolder) -> _Rights:
    groups = machine.read_local_groups()
    ours = frozenset(groups[name][0] for name in find_our_groups(machine))
    owners: frozenset[int] | None = None
    if step.readers:
        # who made something while the folder was writable could else go on, and let others do so
        members = {name for group in step.writers if group in groups for name in groups[group][1]}
        owners = frozenset(account.uid for name in members if (account := machine.read_account(name)))
    return _Rights(_make_acl(machine, step), machine.get_ids("root", step.writers[0])[1], owners, ours)


def _mend(name: str, folder: int, rights: _Rights) -> bool:
    # the descriptor is what was looked at, whatever has this name by now
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        if found.st_uid == 0 and found.st_mode & 0o077 == 0:
            return False
        if stat.S_ISDIR(found.st_mode):
            given = _give_to_owners(descriptor, found, rights)
            is_right = rights.are_given_by(read_acl(descriptor, ACCESS), rights.acl)
            if is_right and read_acl(descriptor, DEFAULT) == rights.acl and found.st_mode & stat.S_ISGID:
                return given
            write_acl(descriptor, rights.acl, (ACCESS, DEFAULT))
            os.fchmod(descriptor, MODE)
            return True
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return False
        given = _give_to_owners(descriptor, found, rights)
        owner = stat.S_IMODE(found.st_mode) >> 6 & ALL
        groups = tuple((gid, right & owner) for gid, right in rights.acl.groups)
        wanted = Acl(owner, rights.acl.group & owner, groups)
        if rights.are_given_by(read_acl(descriptor, ACCESS), wanted):
            return given
        write_acl(descriptor, wanted, (ACCESS,))
        return True
    finally:
        os.close(descriptor)


def _give_to_owners(descriptor: int, found: os.stat_result, rights: _Rights) -> bool:
    """Let it belong to the folder's group, and to nobody who may not change it; whether it did not."""
    keeps = rights.owners is None or found.st_uid == 0 or found.st_uid in rights.owners
    if os.geteuid() != 0 or (keeps and found.st_gid == rights.group):
        return False
    # a program that runs as its owner, or its group, does so no longer
    os.fchown(descriptor, -1 if keeps else 0, rights.group)
    return True


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
