"""Going through directories, and removing them: with bounded means, or tens of thousands of files fast."""

import contextlib
import os
from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath

DEEPEST = 64
"""How deep folders may be nested. Each open level costs two file descriptors."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def walk_within(top: int, fail: Callable[[str], object]) -> Generator[tuple[PurePosixPath, str, int]]:
    """Yield everything in an open folder: the path of its parent below `top`, its name, and its parent's descriptor.

    Users may have made anything there, so no link is followed, and no other file system entered. For what is nested
    deeper than `DEEPEST`, or cannot be entered, `fail` gets a line. The descriptor is valid until the next item.
    """
    yield from _walk(top, PurePosixPath(), os.fstat(top).st_dev, fail)


def _walk(
    folder: int, place: PurePosixPath, device: int, fail: Callable[[str], object]
) -> Generator[tuple[PurePosixPath, str, int]]:
    # one call for each level, of which there are few: neither the stack nor the descriptors run out
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and os.stat(entry.name, dir_fd=folder, follow_symlinks=False).st_dev != device:
                    continue
            except FileNotFoundError:
                continue  # its user was quicker
            yield place, entry.name, folder
            if not is_folder:
                continue
            if len(place.parts) + 1 >= DEEPEST:
                fail(f"more than {DEEPEST} folders lie in one another below {place.parts[0]}, and stay as they are")
                continue
            try:
                below = os.open(entry.name, _FOLDER, dir_fd=folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                fail(f"{place / entry.name}: {error.strerror}")
                continue
            try:
                yield from _walk(below, place / entry.name, device, fail)
            finally:
                os.close(below)


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
