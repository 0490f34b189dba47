"""Reading a file that somebody else may have put there."""

import errno
import os
import stat
from pathlib import Path


def read_file(path: Path) -> bytes:
    """Return a file's content. Raises OSError, also for a pipe or a device, from which reading might never end."""
    # without it, opening a pipe waits for anyone who writes into it
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _check_mode(path, os.fstat(file.fileno()).st_mode)
        return file.read()


def check_file(path: Path) -> None:
    """Raises OSError where `read_file` would because of what stands there."""
    _check_mode(path, path.stat().st_mode)


def _check_mode(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is no file but a pipe or a device", str(path))
