"""Users' homes: whether a folder can have homes, and making one again that was removed."""

import os
import shutil
from pathlib import Path, PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine, PathKind

HOME_MODE = 0o700
SKELETON = PurePosixPath("/etc/skel")
"""What useradd(8) puts into a new home."""


def check_homes(machine: Machine, folder: PurePosixPath) -> None:
    """Raises LittlestError when no home can be made in the folder, such as one on a disk that is not mounted."""
    problem = find_folder_problem(machine, folder)
    if problem is None and machine.read_state(folder) is None:
        problem = "does not exist"
    if problem is not None:
        raise LittlestError(f"no home can be made in {folder}: it {problem}", f"Look at it: ls -ld {folder}")


def make_home(machine: Machine, account: Account) -> None:
    """Make a new home for an account, private and with the files of /etc/skel, in one rename(2).

    Raises LittlestError when the folder of homes is missing or does not belong to root.
    """
    check_homes(machine, account.home.parent)
    new = account.home.with_name(f".{account.home.name}.littlest-new")
    machine.remove_tree(new)
    skeleton = machine.path(SKELETON)
    real = machine.path(new)
    real.mkdir(mode=HOME_MODE)
    if skeleton.is_dir():
        shutil.copytree(skeleton, real, symlinks=True, dirs_exist_ok=True)
    real.chmod(HOME_MODE)
    if machine.can_chown():
        # the home itself comes last: until then nobody gets in, and no folder in it can be replaced by a link
        for path in (*real.rglob("*"), real):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    machine.rename(new, account.home)


def mend_home(machine: Machine, home: PurePosixPath, uid: int, gid: int) -> None:
    """Let the user into a home that is root's, as after a restore, or that the user shut out of it by accident.

    Raises OSError where root may not, as on some network disks, and LittlestError for a home that is no folder.
    """
    state = machine.read_state(home)
    if state is not None and not machine.path(home).is_dir():
        what = "a link that leads nowhere" if state.kind is PathKind.LINK else f"a {state.kind}, not a folder"
        raise LittlestError(f"the home {home} is {what}", f"Look at it: ls -ld {home}")
    if state is None or state.kind is not PathKind.DIRECTORY or state.uid not in (0, uid):
        return
    real = machine.path(home)
    if state.uid == 0 and machine.can_chown():
        os.chown(real, uid, gid, follow_symlinks=False)
    if state.mode & HOME_MODE != HOME_MODE:
        real.chmod(state.mode | HOME_MODE)


def find_folder_problem(machine: Machine, folder: PurePosixPath) -> str | None:
    """Return why this folder cannot have people's files, as the end of a sentence; None when it can or is missing."""
    # a link of root's is safe, but its target must be safe as well
    real = PurePosixPath(os.path.realpath(folder)) if machine.is_live else folder
    for path in dict.fromkeys((real, *real.parents, folder, *folder.parents)):
        state = None if path == PurePosixPath("/") else machine.read_state(path)
        if state is None or state.kind is PathKind.LINK:
            continue
        if state.kind is not PathKind.DIRECTORY:
            return f"is no folder: {path} is a {state.kind}" if path != folder else f"is a {state.kind}, not a folder"
        if machine.can_chown() and (state.uid != 0 or (state.mode & 0o022 and not state.mode & 0o1000)):
            return f"could be replaced by a user other than root: see the owner and mode of {path}"
    return find_missing_disk(machine, folder)


def find_missing_disk(machine: Machine, folder: PurePosixPath) -> str | None:
    """Return, as the end of a sentence, that the folder's disk in fstab(5) is not mounted; None otherwise.

    Files that are put there now would be hidden once the disk is mounted.
    """
    if not machine.is_live:
        return None
    for line in (machine.read_text(PurePosixPath("/etc/fstab")) or "").splitlines():
        fields = line.split("#")[0].split()
        if len(fields) > 1 and fields[1].startswith("/"):
            point = PurePosixPath(fields[1].replace("\\040", " "))
            if folder.is_relative_to(point) and point != PurePosixPath("/") and not os.path.ismount(Path(point)):
                return f"belongs to a disk that is not mounted: {point}"
    return None
