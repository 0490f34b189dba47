"""Which computations run in a user's server: in kernels, in terminals, in the background.

What waits for a person is none: a kernel in `input()`, an editor, a prompt, `top`. What uses the processor always is
one.
"""

import os
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEAST_SHARE = 0.05
"""Of one core, over `MEASURED_SECONDS`: more than an idle kernel with a page open takes, or `top`."""
MEASURED_SECONDS = 60.0
_LOCAL_FLAGS = 3
"""Where termios.tcgetattr() has the flags with ICANON."""
_CALLS = {
    "x86_64": {"0": "read", "61": "wait", "247": "wait"},
    "aarch64": {"63": "read", "260": "wait", "95": "wait"},
}
"""The numbers of read(2), wait4(2) and waitid(2)."""
_PROC = Path("/proc")


def find_busy_kernels(manager: Any) -> set[str]:
    """Return the ids of the kernels that compute; not of those that wait until somebody answers `input()`."""
    busy = set()
    for kernel_id in manager.list_kernel_ids():
        kernel = manager.get_kernel(kernel_id)
        if getattr(kernel, "execution_state", "") != "busy":
            kernel.question = ""
            continue
        # when no page is open, the server keeps what the kernel says
        for channel, parts in manager._kernel_buffers.get(kernel_id, {}).get("buffer", ()):
            follow_question(kernel, channel, parts)
        if not read_question(kernel):
            busy.add(kernel_id)
    return busy


def read_question(kernel: Any) -> str:
    """Return for which cell a kernel waits for an answer, by the id of the message; empty for none."""
    return str(getattr(kernel, "question", ""))


def follow_question(kernel: Any, channel: str, parts: list[Any]) -> None:
    """Note in `kernel.question` for which cell a kernel waits for an answer, from a message that it sent."""
    if channel != "stdin" and not (channel == "iopub" and read_question(kernel)):
        return
    _identities, (_signature, header, parent, *_) = kernel.session.feed_identities(parts)
    cell = kernel.session.unpack(parent).get("msg_id", "")
    if channel == "stdin":
        kernel.question = cell
    # another cell has begun. Messages of the same one may arrive later than the question
    elif kernel.session.unpack(header)["msg_type"] == "execute_input" and cell != kernel.question:
        kernel.question = ""


def has_busy_terminal(manager: Any) -> bool:
    """Whether a command runs in the foreground of a terminal that neither waits for keys nor only watches files."""
    terminals = getattr(manager, "terminals", {})
    return any(_is_busy(terminal.ptyproc) for terminal in list(terminals.values()))


def _is_busy(shell: Any) -> bool:
    try:
        group = os.tcgetpgrp(shell.fd)
        # prompts, editors, pagers and `top` take single keys
        takes_lines = termios.tcgetattr(shell.fd)[_LOCAL_FLAGS] & termios.ICANON
    except (OSError, termios.error):
        # the terminal has just been closed
        return False
    if group == shell.pid or not takes_lines:
        return False
    members = [process for process, fields in _read_processes().items() if int(fields[2]) == group]
    return not all(_waits(process) for process in members)


def _waits(process: Path) -> bool:
    """Whether a process waits for keys, for changes of files, or for another process: for its output, or its end."""
    if _read(process / "comm").strip() == "tail":
        # it looks every second where a file system tells it nothing
        return True
    try:
        if any(str(one.readlink()) == "anon_inode:inotify" for one in (process / "fd").iterdir()):
            return True
        number, descriptor, *_ = (process / "syscall").read_text().split()
        calls = _CALLS.get(os.uname().machine, {})
        if calls.get(number) == "read":
            file = str((process / "fd" / str(int(descriptor, 16))).readlink())
            return file.startswith(("/dev/pts/", "/dev/tty", "pipe:"))
        return calls.get(number) == "wait"
    except (OSError, ValueError):
        return False


def _read_processes() -> dict[Path, list[str]]:
    """Return the fields of proc_pid_stat(5) from `state` on, for each process of this unit but the server."""
    own = _read(_PROC / "self/cgroup")
    found = {}
    for process in _PROC.glob("[0-9]*"):
        if int(process.name) == os.getpid() or not _is_of_unit(process, own):
            continue
        # the name before the last bracket may have brackets and blanks in it
        fields = _read(process / "stat").rpartition(")")[2].split()
        if fields:
            found[process] = fields
    return found


def _is_of_unit(process: Path, cgroup: str) -> bool:
    return _read(process / "cgroup") == cgroup


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        # the process has just ended
        return ""


class ProcessorUse:
    """How much of the processor a server's programs use, with those that run in the background."""

    def __init__(self) -> None:
        self._before: Mapping[Path, float] = {}
        self._measured = 0.0

    def is_computing(self, now: float) -> bool:
        """Whether they used much since the last measurement; False when that was less than a minute ago.

        `now` is in seconds.
        """
        elapsed = now - self._measured
        if elapsed < MEASURED_SECONDS:
            return False
        used = {process: _count_seconds(fields) for process, fields in _read_processes().items()}
        more = sum(seconds - self._before.get(process, 0.0) for process, seconds in used.items())
        is_first, self._before, self._measured = not self._measured, used, now
        return not is_first and more >= LEAST_SHARE * elapsed


def _count_seconds(fields: list[str]) -> float:
    """Return what a process and its ended children have used of the processor."""
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
