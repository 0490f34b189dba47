"""Folders that several users share: their own rights, and the rights of what is in them.

The rights are a POSIX access control list. A file made in the folder inherits the list from it, whatever the umask or
the program. A file that was moved in, or copied with its old rights, lacks it until it is repaired.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from littlest import paths
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
from littlest.machine.trees import walk_within
from littlest.plan.steps import CloseSharedFolder, EnsureSharedFolder
from littlest.system.accounts.groups import find_our_groups
from littlest.system.accounts.homes import find_folder_problem, find_missing_disk
from littlest.system.accounts.user_accounts import FIRST_UID
from littlest.system.folders.links import remove_link_that_leads_out

MODE = 0o2770
"""New files and folders get the folder's group (setgid); others have no rights."""
OPEN_MODE = 0o1777
"""Of a folder that gives no rights to what is in it. As in /tmp, nobody renames or removes what is another's."""
ALL = READ | WRITE | EXECUTE


def is_shared_folder_made(machine: Machine, step: EnsureSharedFolder) -> bool:
    """Whether the folder is root's and has its rights; its contents do not matter."""
    state = machine.read_state(step.path)
    if state is None or state.kind is not PathKind.DIRECTORY:
        return False
    if state.mode != (OPEN_MODE if step.keeps_rights else MODE):
        return False
    try:
        acl = None if step.keeps_rights else _make_acl(machine, step)
        owner = (0, 0 if step.keeps_rights else machine.get_ids("root", step.writers[0])[1])
        with _open_folder(machine, step.path) as folder:
            kept = read_acl(folder, ACCESS) == acl == read_acl(folder, DEFAULT)
    except (LittlestError, OSError, ValueError):
        return False
    return kept and (not machine.can_chown() or (state.uid, state.gid) == owner)


def ensure_shared_folder(machine: Machine, step: EnsureSharedFolder) -> None:
    """Make the folder, or give it its owner and rights; its contents stay as they are.

    Raises LittlestError when that is not possible, as on a file system without access control lists.
    """
    problem = find_shared_folder_problem(machine, step.path)
    if problem is not None:
        raise LittlestError(f"the shared folder {step.path} {problem}", "Choose another path for it in the settings.")
    for parent in reversed(step.path.parents[:-1]):
        if machine.read_state(parent) is None:
            machine.make_directory(parent)
    try:
        if step.keeps_rights:
            # a list would count instead of the mode
            machine.make_directory(step.path, mode=0o700)
            with _open_folder(machine, step.path) as folder:
                remove_acl(folder, (ACCESS, DEFAULT))
            machine.make_directory(step.path, mode=OPEN_MODE)
            return
        machine.make_directory(step.path, mode=MODE, group=step.writers[0])
        with _open_folder(machine, step.path) as folder:
            write_acl(folder, _make_acl(machine, step), (ACCESS, DEFAULT))
    except OSError as error:
        raise LittlestError(f"the shared folder {step.path} cannot have its rights: {error.strerror}") from error


def is_shared_folder_closed(machine: Machine, step: CloseSharedFolder) -> bool:
    """Whether only root can enter the folder, or there is none."""
    state = machine.read_state(step.path)
    return state is None or state.kind is not PathKind.DIRECTORY or (state.mode & 0o077 == 0 and state.uid == 0)


def close_shared_folder(machine: Machine, step: CloseSharedFolder) -> None:
    """Let only root enter the folder; its contents stay as they are. Raises LittlestError when that fails."""
    try:
        with _open_folder(machine, step.path) as folder:
            remove_acl(folder, (ACCESS, DEFAULT))
        machine.make_directory(step.path, mode=0o700)
    except OSError as error:
        raise LittlestError(f"the folder {step.path} cannot be closed: {error.strerror}") from error


def find_shared_folder_problem(machine: Machine, path: PurePosixPath) -> str | None:
    """Return why this cannot be a shared folder, as the end of a sentence; None when it can."""
    state = machine.read_state(path)
    if state is not None and state.kind is not PathKind.DIRECTORY:
        return f"is a {state.kind}, not a folder"
    problem = find_missing_disk(machine, path)
    if problem is not None:
        return problem
    problem = find_folder_problem(machine, path.parent)
    if problem is not None:
        return f"is not possible: {path.parent} {problem}"
    people = (account for account in machine.read_accounts() if account.uid >= FIRST_UID or account.uid == 0)
    owner = next((account for account in people if account.home.is_relative_to(path)), None)
    if owner is not None:
        return f"is not possible: the home of {owner.name} is there"
    there = (parent for parent in (path, *path.parents[:-1]) if machine.read_state(parent) is not None)
    try:
        os.getxattr(machine.path(next(there, path.parent)), DEFAULT)
    except OSError as error:
        if is_without_acls(error):
            return "is on a file system without access control lists (ACLs), which sharing needs"
    return None


def repair_shared_folder(machine: Machine, step: EnsureSharedFolder, since: float = 0.0) -> Iterator[bool]:
    """Give what has changed in the folder since then (seconds since 1970) its rights, no fewer and no more.

    Yields for everything in the folder whether it was repaired, so that the caller can rest in between. Everybody who
    may change the folder may do with a file what its owner may, and nobody else owns one. No link is followed, one
    that leads out of the folder is removed unless it is an admin's, and no other file system is entered. A file with
    several names is left alone, because one of them may be in a private place, and so is what only root may use.

    Raises LittlestError at the end, for the last of those that could not be repaired.
    """
    if step.keeps_rights:
        return
    rights = _make_rights(machine, step)
    failures: list[str] = []
    # what a folder brought along when it was moved in, or got while it was elsewhere, may have changed long ago
    changed: PurePosixPath | None = None
    with _open_folder(machine, step.path) as top:
        for place, name, folder in walk_within(top, failures.append):
            if changed is not None and not place.is_relative_to(changed):
                changed = None
            is_repaired = False
            try:
                state = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if changed is not None or state.st_ctime >= since:
                    changed = changed or place / name
                    is_repaired = (
                        _repair(name, folder, rights)
                        if _is_file_or_folder(state)
                        else remove_link_that_leads_out(name, folder, place, step.path, rights.trusted)
                    )
            except FileNotFoundError:
                pass  # its user was quicker
            except (OSError, ValueError) as error:
                failures[:] = [f"{place / name}: {error}"]
            yield is_repaired
    if failures:
        raise LittlestError(f"{step.path}: {failures[-1]}")


def _is_file_or_folder(state: os.stat_result) -> bool:
    return stat.S_ISDIR(state.st_mode) or stat.S_ISREG(state.st_mode)


@dataclass(frozen=True, slots=True)
class _Rights:
    """The rights of everything in a shared folder."""

    acl: Acl
    """The list of a folder in it."""
    group: int
    owners: frozenset[int] | None
    """Who may own something there besides root; None for everybody."""
    ours: frozenset[int]
    """All groups of ours: they have the rights of the list, and no others."""
    trusted: frozenset[int]
    """Root and the admins: their links may lead anywhere."""

    def are_given_by(self, acl: Acl | None, wanted: Acl) -> bool:
        return acl is not None and all(acl.get_right(gid) == wanted.get_right(gid) for gid in self.ours)


def _make_rights(machine: Machine, step: EnsureSharedFolder) -> _Rights:
    groups = machine.read_local_groups()
    ours = frozenset(groups[name][0] for name in find_our_groups(machine))
    owners: frozenset[int] | None = None
    if step.readers:
        # else the owners of what was made while the folder was writable could still change it, and let others do so
        members = {name for group in step.writers if group in groups for name in groups[group][1]}
        owners = frozenset(account.uid for name in members if (account := machine.read_account(name)))
    _, admins = groups.get(paths.ADMINS_GROUP, (0, ()))
    trusted = frozenset({0, *(account.uid for name in admins if (account := machine.read_account(name)))})
    return _Rights(_make_acl(machine, step), machine.get_ids("root", step.writers[0])[1], owners, ours, trusted)


def _repair(name: str, folder: int, rights: _Rights) -> bool:
    # O_NONBLOCK: it may be a pipe by now
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        state = os.fstat(descriptor)
        is_roots = state.st_uid == 0 and state.st_mode & 0o077 == 0
        is_folder = stat.S_ISDIR(state.st_mode)
        if is_roots or not _is_file_or_folder(state) or (not is_folder and state.st_nlink != 1):
            return False
        given = _give_to_owners(descriptor, state, rights)
        wanted = rights.acl if is_folder else _narrow_acl(rights.acl, stat.S_IMODE(state.st_mode) >> 6 & ALL)
        is_right = rights.are_given_by(read_acl(descriptor, ACCESS), wanted)
        if is_folder:
            is_right = is_right and read_acl(descriptor, DEFAULT) == wanted and bool(state.st_mode & stat.S_ISGID)
        if is_right:
            return given
        write_acl(descriptor, wanted, (ACCESS, DEFAULT) if is_folder else (ACCESS,))
        if is_folder:
            os.fchmod(descriptor, MODE)
        return True
    finally:
        os.close(descriptor)


def _narrow_acl(acl: Acl, owner: int) -> Acl:
    """Return the list of a file in a folder with this list: nobody may do more with the file than its owner."""
    return Acl(owner, acl.group & owner, tuple((gid, right & owner) for gid, right in acl.groups))


def _give_to_owners(descriptor: int, found: os.stat_result, rights: _Rights) -> bool:
    """Give it the folder's group, and root as owner when its owner may not change it; return whether it changed."""
    keeps = rights.owners is None or found.st_uid == 0 or found.st_uid in rights.owners
    if os.geteuid() != 0 or (keeps and found.st_gid == rights.group):
        return False
    # this also clears the setuid and setgid bits of a program
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
