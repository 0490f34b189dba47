"""What counts as a running computation in a real terminal."""

import os
import pty
import time
from types import SimpleNamespace

from littlest.hub.activity import has_busy_terminal


def wait_for(expected: bool, terminals: object) -> None:
    deadline = time.monotonic() + 20
    while has_busy_terminal(terminals) is not expected:
        assert time.monotonic() < deadline, f"never {expected}"
        time.sleep(0.05)


def test_a_command_in_a_terminal_counts_and_a_waiting_shell_does_not() -> None:
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execv("/bin/bash", ["bash", "--norc", "-i"])
    try:
        terminals = SimpleNamespace(terminals={"1": SimpleNamespace(ptyproc=SimpleNamespace(fd=descriptor, pid=pid))})
        wait_for(False, terminals)
        os.write(descriptor, b"sleep 30\n")
        wait_for(True, terminals)
        os.write(descriptor, b"\x03")
        wait_for(False, terminals)
    finally:
        os.close(descriptor)
        os.waitpid(pid, 0)
