"""Only one `littlest` at a time changes the machine."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from littlest import paths
from littlest.errors import BusyError
from littlest.machine.machine import Machine


@contextmanager
def hold_lock(machine: Machine) -> Iterator[None]:
    """Hold the machine's lock within the context. Raises BusyError, which names the process that holds it.

    The kernel frees the lock of a process that dies. The file itself stays until the machine restarts: after its
    removal, two processes could lock two files.
    """
    file = machine.path(paths.LOCK_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    inherited = _find_inherited(file)
    if inherited is not None:
        # it is the installer's, which ends after us, and whose name is in the file
        _lock(inherited)
        yield
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as held:
        _lock(descriptor)
        held.truncate(0)
        held.write(f"process {os.getpid()} ({_read_command()})\n".encode())
        try:
            yield
        finally:
            # the name of another program that only locks the file must not be ours
            held.truncate(0)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "an unknown process"
        raise BusyError(
            f"another littlest is changing this machine: {holder}", "Wait until it has ended, then try again."
        ) from None


def _find_inherited(file: Path) -> int | None:
    # the installer's header takes the lock, and starts us with the open file, so we hold it too
    for held in Path("/proc/self/fd").iterdir():
        try:
            if int(held.name) > 2 and file.samefile(held):
                return int(held.name)
        except OSError:
            continue
    return None


def _read_command() -> str:
    # only the verb: an argument may be private
    return f"littlest {sys.argv[1]}" if len(sys.argv) > 1 else "littlest"
