"""Going through a folder in which anybody may have made anything, with bounded means."""

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import PurePosixPath

DEEPEST = 64
"""How many folders may lie in one another. Each level that is open costs two file descriptors."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def walk_within(top: int, fail: Callable[[str], object]) -> Generator[tuple[PurePosixPath, str, int]]:
    """Give everything in an open folder: the place of its own folder, its name, and that folder's descriptor.

    No link is followed and no other file system entered. What lies deeper than `DEEPEST` folders, or cannot be
    entered, is left out, and `fail` hears of it. The descriptor is good until the next one is asked for.
    """
    yield from _walk(top, PurePosixPath(), os.fstat(top).st_dev, fail)


def _walk(
    folder: int, place: PurePosixPath, device: int, fail: Callable[[str], object]
) -> Generator[tuple[PurePosixPath, str, int]]:
    # one call for each level, of which there are few: neither the stack nor the descriptors can be used up
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
            with ExitStack() as opened:
                try:
                    below = os.open(entry.name, _FOLDER, dir_fd=folder)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    fail(f"{place / entry.name}: {error.strerror}")
                    continue
                opened.callback(os.close, below)
                inside = _walk(below, place / entry.name, device, fail)
                yield from opened.enter_context(closing(inside))
