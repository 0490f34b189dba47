"""Background processes that outlive the command that started them, known by pid and start time and ended by them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Background:
    """One process: the start time, in clock ticks since boot, tells it from a later one of the same number."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Say whether this very process still runs; reaps it when it was our child."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return read_start_time(self.pid) == self.started

    def end(self, first: signal.Signals = signal.SIGTERM, patience: float = 5.0) -> None:
        """Send `first`, and SIGKILL after `patience` seconds; returns when the process is gone."""
        for number, seconds in ((first, patience), (signal.SIGKILL, 10.0)):
            if not self.is_alive():
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + seconds
            while self.is_alive() and time.monotonic() < deadline:
                time.sleep(0.02)


def read_start_time(pid: int) -> int | None:
    """Read when a process started, in clock ticks since boot; None when there is none, or only its corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def start_background(command: Sequence[str | os.PathLike[str]], output: IO[str] | int) -> Background:
    """Start a command in a session of its own, so that Ctrl-C in our terminal does not reach it."""
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )
    started = read_start_time(child.pid)
    if started is None:
        raise RuntimeError(f"{command[0]} ended at once with status {child.wait()}")
    child.returncode = 0  # keeps Python from waiting for it at exit: it outlives us
    return Background(child.pid, started)
