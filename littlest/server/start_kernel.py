"""Starts a kernel that may speak TCP only, so that it listens on the sockets of its server all the same.

`python -m littlest.server.start_kernel CONNECTION_FILE MEMORY COMMAND ...`. Every user of the machine could connect
to a TCP port and read what the kernel prints, and some kernels listen for the whole network. So the kernel starts
with Unix sockets first. When it ends or waits without having made one, it starts again with a connection file that
names TCP ports; this program stands between it and Linux (seccomp_unotify(2)), and gives it Unix sockets for these
ports. No port is ever open. The file MEMORY says that this kernel is known to need it.

"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from littlest.server.false_ports import FalsePorts, NotPossible

PATIENCE = float(os.environ.pop("LITTLEST_KERNEL_PATIENCE", "20"))
"""Seconds in which a kernel that speaks ipc makes its first socket."""
FIRST_PORT = 60001
PR_SET_PDEATHSIG = 1
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
NOT_POSSIBLE = (
    "This kernel listens on TCP ports only. Other users of this machine could read what it prints, so it does not"
    " start here: to give it sockets instead, Linux 5.9 or newer is needed ({})."
)


def main(file: Path, memory: Path, command: list[str]) -> int:
    """Start the kernel, wait for its end, and return its status."""
    connection = json.loads(file.read_text())
    stay_between()
    if connection["transport"] != "ipc":
        return wait_for(start(command))
    sockets = {FIRST_PORT + index: f"{connection['ip']}-{connection[name]}" for index, name in enumerate(PORTS)}
    for one in sockets.values():
        Path(one).unlink(missing_ok=True)
    if not memory.exists():
        kernel = start(command)
        if has_socket(kernel, list(sockets.values())):
            return wait_for(kernel)
    false = file.with_name(f"tcp-{file.name}")
    numbers = {name: FIRST_PORT + index for index, name in enumerate(PORTS)}
    write_privately(false, json.dumps({**connection, **numbers, "transport": "tcp", "ip": "127.0.0.1"}))
    try:
        with FalsePorts(sockets) as ports:
            kernel = start([word.replace(str(file), str(false)) for word in command], ports.enter)
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.touch()
            ports.serve()
            return wait_for(kernel)
    except NotPossible as error:
        sentence = NOT_POSSIBLE.format(error)
        sys.stderr.write(f"{sentence}\n")
        from littlest.server.sentence_kernel import serve_sentence  # noqa: PLC0415

        serve_sentence(connection, sentence)
        return 0
    finally:
        false.unlink(missing_ok=True)


def stay_between() -> None:
    """Stand for the kernel towards the server, and for the server towards the kernel."""
    # what interrupts the kernel is sent to all of its process group
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    # kernels in Python end when this is not their parent
    if "JPY_PARENT_PID" in os.environ:
        os.environ["JPY_PARENT_PID"] = str(os.getpid())
    end_with_parent(signal.SIGTERM)


def end_with_parent(number: int) -> None:
    """Let Linux send this signal when the process ends that has started this one."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner can read: it has the key to the kernel."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


def start(command: list[str], prepare: Any = None) -> int:
    """Start a program; return its number."""
    process = os.fork()
    if process:
        # a SIGTERM for this program alone is meant for the kernel
        signal.signal(signal.SIGTERM, lambda *_: os.kill(process, signal.SIGTERM))
        return process
    try:
        end_with_parent(signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if prepare is not None:
            prepare()
        os.execvp(command[0], command)  # noqa: S606  # the kernel's own command
    except BaseException as error:  # the program must not go on as a second starter
        os.write(2, f"{command[0]}: {error}\n".encode())
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
    return 0


def has_socket(process: int, sockets: list[str]) -> bool:
    """Whether the kernel makes one of its sockets in time; it has ended otherwise."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if any(Path(one).exists() for one in sockets):
            return True
        if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def wait_for(process: int) -> int:
    """Wait until a program ends, and return its status as shells do."""
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status) % 256


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
