"""Removing directories that hold tens of thousands of files."""

import contextlib
import os
from pathlib import Path


def remove_tree(directory: Path) -> None:
    """Remove a directory with its contents; what is mounted in it stays, with the directories that lead to it.

    Raises OSError when something cannot be removed.
    """
    # proc(5): the fifth field, in which blanks and backslashes are written as octal numbers
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    points = frozenset(mount.split(" ")[4].encode().decode("unicode_escape") for mount in mounts)
    _remove_below(os.fspath(directory), points)


def _remove_below(directory: str, mount_points: frozenset[str]) -> None:
    # text paths and scandir: a release has tens of thousands of files, and this is many times faster than pathlib
    with os.scandir(directory) as entries:
        for entry in list(entries):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108
            elif entry.path not in mount_points:
                _remove_below(entry.path, mount_points)
    # a directory that leads to a mount is not empty, and stays
    with contextlib.suppress(OSError):
        os.rmdir(directory)  # noqa: PTH106
