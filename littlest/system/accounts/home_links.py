"""The links to shared folders in users' homes: root makes them, and follows no link of the user's."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import PurePosixPath

from littlest import paths
from littlest.machine.machine import Machine
from littlest.system.accounts.groups import hold_accounts_lock
from littlest.system.accounts.user_accounts import UserAccount

Links = Mapping[str, PurePosixPath]


def ensure_links(machine: Machine, account: UserAccount, links: Links) -> None:
    """Make these links to shared folders in the home, and remove all other links of ours.

    A link is ours if it is root's and its target is one that we once linked to; anything else of such a name stays.
    Raises OSError when the home cannot be used, such as one that is not the user's.
    """
    known = _remember(machine, links)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    home = os.open(machine.path(account.home), flags)
    try:
        if machine.can_chown() and os.fstat(home).st_uid != account.uid:
            raise PermissionError(f"{account.home} does not belong to {account.name}")
        for name in os.listdir(home):  # noqa: PTH208  # of the home that was opened, not of what has its name
            target = _read_our_link(home, name, known)
            if target is not None and str(links.get(name)) != target:
                os.unlink(name, dir_fd=home)
        for name, path in links.items():
            try:
                os.symlink(str(path), name, dir_fd=home)
            except FileExistsError:
                continue
    finally:
        os.close(home)


def list_linked_folders(machine: Machine) -> frozenset[PurePosixPath]:
    """Return every shared folder that homes ever had a link to."""
    return frozenset(PurePosixPath(path) for _name, path in _read_known(machine))


def _read_our_link(home: int, name: str, known: set[tuple[str, str]]) -> str | None:
    """Return the target of a link of ours; None for anything else."""
    try:
        state = os.stat(name, dir_fd=home, follow_symlinks=False)
        # nobody but root can make a link that is root's
        if not stat.S_ISLNK(state.st_mode) or state.st_uid != os.geteuid():
            return None
        target = os.readlink(name, dir_fd=home)
    except OSError:
        return None
    return target if (name, target) in known else None


def _remember(machine: Machine, links: Links) -> set[tuple[str, str]]:
    """Return every link that homes ever had, with these, which are recorded before one is made."""
    wanted = {(name, str(path)) for name, path in links.items()}
    known = _read_known(machine)
    if not wanted <= known:
        with hold_accounts_lock(machine):
            known = _read_known(machine) | wanted
            machine.write_file(paths.LINKED_FOLDERS_FILE, json.dumps(sorted(known), indent=1) + "\n", mode=0o600)
    return known


def _read_known(machine: Machine) -> set[tuple[str, str]]:
    try:
        found = json.loads(machine.read_text(paths.LINKED_FOLDERS_FILE) or "[]")
        return {(str(name), str(path)) for name, path in found}
    except (ValueError, TypeError):
        return set()  # some links of ours stay then
