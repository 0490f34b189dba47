"""Links in shared folders: who saves a file through one writes wherever its maker wanted."""

import os
import stat
from collections.abc import Collection
from pathlib import PurePosixPath

from littlest import paths

_HARMLESS = (PurePosixPath("/usr"), paths.OPT_DIR)
"""Where only root and admins write; the Python of a virtual environment is a link to one of these."""


def remove_link_that_leads_out(
    name: str, folder: int, place: PurePosixPath, top: PurePosixPath, trusted: Collection[int]
) -> bool:
    """Remove a link that leads out of a shared folder, and return whether it was one.

    `folder` is the open folder that the link is in, and `place` its path below `top`, the shared folder. Links of the
    accounts in `trusted`, by their numbers, stay. Raises OSError.
    """
    state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISLNK(state.st_mode) or state.st_uid in trusted:
        return False
    if not is_leading_out(PurePosixPath(os.readlink(name, dir_fd=folder)), place, top):
        return False
    os.unlink(name, dir_fd=folder)
    return True


def is_leading_out(target: PurePosixPath, place: PurePosixPath, top: PurePosixPath) -> bool:
    """Whether a link in the folder `place` below `top` leads out of `top`; links on the way are judged themselves."""
    parts = target.parts
    if target.is_absolute():
        return ".." in parts or not any(target.is_relative_to(folder) for folder in (top, *_HARMLESS))
    up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    # behind another link, ".." leads to where that one leads
    return up > len(place.parts) or ".." in parts[up:]
