"""Reading the files that settings name, such as secrets and certificates."""

import errno
from pathlib import PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.machine.read_file import read_file

_MOST_BYTES = 2**20


def read_named_file(machine: Machine, file: str) -> bytes:
    """Return the content of an ordinary file of at most 1 MiB.

    Raises LittlestError, which names the file, when there is no such file; PermissionError when you are not root and
    may not read it.
    """
    try:
        content = read_file(machine.path(PurePosixPath(file)), _MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise LittlestError(f"there is no file {file}") from None
    except IsADirectoryError:
        raise LittlestError(f"{file} is a folder") from None
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise LittlestError(f"{file} is no ordinary file") from None
        if isinstance(error, PermissionError) and not machine.can_chown():
            raise
        raise LittlestError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise LittlestError(f"{file} is larger than 1 MiB; this is probably the wrong file")
    return content
