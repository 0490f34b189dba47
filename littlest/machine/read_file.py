"""Reading a file that you do not trust: reading a pipe would wait forever, and a device could fill the memory."""

import errno
import os
import stat
from pathlib import Path


def read_file(path: Path, most: int = -1) -> bytes:
    """Return a file's content, at most `most` bytes. Raises OSError, also for a folder, a pipe or a device."""
    # opening a pipe would wait until another process writes into it
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        _check_mode(path, os.fstat(file.fileno()).st_mode)
        return file.read(most)


def check_file(path: Path) -> None:
    """Raise OSError for what `read_file` does not read: a missing file, a folder, a pipe or a device."""
    _check_mode(path, path.stat().st_mode)


def _check_mode(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is a pipe or a device, not a file", str(path))
