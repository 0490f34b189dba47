"""One `littlest` at a time changes the machine."""

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
    """Hold the machine's lock for as long as the context lasts.

    Raises BusyError, which says who holds it, when another process does. The kernel frees the lock of a process that
    dies, so there is nothing to clean up after a crash.
    """
    file = machine.path(paths.LOCK_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    inherited = _find_inherited(file)
    if inherited is not None:
        # the installer's: it has its own name in it, and ends after us
        _lock(inherited)
        yield
        return
    descriptor = _open_and_lock(file)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({_read_command()})\n".encode(), 0)
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _open_and_lock(file: Path) -> int:
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
            if _is_open_as(file, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # who held it until now has removed it since we opened it
        os.close(descriptor)


def _is_open_as(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "an unknown process"
        raise BusyError(
            f"another littlest is changing this machine: {holder}", "Wait until it has ended, then try again."
        ) from None


def _find_inherited(file: Path) -> int | None:
    # the installer's header takes the lock and then starts us with the open file, so what it holds we hold
    for held in Path("/proc/self/fd").iterdir():
        try:
            if int(held.name) > 2 and file.samefile(held):
                return int(held.name)
        except OSError:
            continue
    return None


def _read_command() -> str:
    # only the verb: an argument may name a file that is nobody's business
    return f"littlest {sys.argv[1]}" if len(sys.argv) > 1 else "littlest"
