"""What counts as a running computation in a real terminal."""

import os
import pty
import signal
import time
from collections.abc import Callable
from types import SimpleNamespace

from littlest.server.computations import has_busy_terminal


def wait_for(expected: bool, terminals: object, press: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + 20
    while has_busy_terminal(terminals) is not expected:
        assert time.monotonic() < deadline, f"never {expected}"
        press()
        time.sleep(0.2)


def test_a_command_in_a_terminal_counts_and_a_waiting_shell_does_not() -> None:
    pid, descriptor = pty.fork()
    if pid == 0:
        # a run of the tests that was started in the background ignores it, and a shell cannot change that
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execv("/bin/bash", ["bash", "--norc", "-i"])
    try:
        terminals = SimpleNamespace(terminals={"1": SimpleNamespace(ptyproc=SimpleNamespace(fd=descriptor, pid=pid))})
        # the shell's prompt: what is typed before may be lost
        os.read(descriptor, 1000)
        wait_for(False, terminals)
        os.write(descriptor, b"sleep 60\n")
        wait_for(True, terminals)
        # a process that has only just been forked does not listen to Ctrl-C yet
        wait_for(False, terminals, lambda: os.write(descriptor, b"\x03"))
    finally:
        os.close(descriptor)
        os.waitpid(pid, 0)
