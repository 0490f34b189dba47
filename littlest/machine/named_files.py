"""Reading the files that settings name, such as secrets and certificates. A wrong name is an error, and does no harm.

Reading a pipe would wait forever, with the lock held; a device such as /dev/zero would fill the memory.
"""

import os
import stat
from pathlib import PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.machine import Machine

_MOST_BYTES = 2**20
_CHUNK = 2**16


def read_named_file(machine: Machine, file: str) -> bytes:
    """Return what is in an ordinary file of at most 1 MiB.

    Raises LittlestError, which names the file, when there is no such file; PermissionError when you are not root and
    may not read it.
    """
    try:
        # without waiting for somebody to write into a pipe
        descriptor = os.open(machine.path(PurePosixPath(file)), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise LittlestError(f"there is no file {file}") from None
    except OSError as error:
        if isinstance(error, PermissionError) and not machine.can_chown():
            raise
        raise LittlestError(f"{file} cannot be read: {error.strerror}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
            raise LittlestError(f"{file} is {what}")
        content = bytearray()
        while len(content) <= _MOST_BYTES and (chunk := os.read(descriptor, _CHUNK)):
            content += chunk
    except OSError as error:
        raise LittlestError(f"{file} cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise LittlestError(f"{file} is larger than 1 MiB; this is probably the wrong file")
    return bytes(content)
