"""Starts an IPython kernel that listens on no network port; run by the kernel's own Python, whichever that is.

The debugger stays off: debugpy listens on a loopback port on which it takes orders from anybody, without a token.

ipykernel opens a loopback port through which forked child processes hand back what they print, whatever the transport
of the kernel. On a machine with many users every one of them could connect to it, so it becomes a socket next to the
kernel's others. A version of ipykernel that works differently is started as it is.

The notebook's folder is the last place where Python looks for a module. It may be one that others may write to, and
IPython would prefer a file in it (psutil.py) to the module of that name which the kernel itself imports.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

# this file's folder; nothing in it is meant to be imported by a notebook
del sys.path[0]


def keep_output_off_the_network() -> None:
    """Replace the two ends of ipykernel's pipe for the output of child processes."""
    iostream: Any = importlib.import_module("ipykernel.iostream")
    folder = os.environ.get("JUPYTER_RUNTIME_DIR", "")
    thread: Any = getattr(iostream, "IOPubThread", None)
    if not folder or not (hasattr(thread, "_setup_pipe_in") and hasattr(thread, "_setup_pipe_out")):
        return
    address = f"ipc://{folder}/output-{os.getpid()}"

    def listen(self: Any) -> None:
        # the parent checks that every message begins with this
        self._pipe_uuid = os.urandom(16)
        socket = self.socket.context.socket(iostream.zmq.PULL)
        socket.linger = 0
        socket.bind(address)
        self._pipe_in = iostream.ZMQStream(socket, self.io_loop)
        self._pipe_in.on_recv(self._handle_pipe_msg)

    def connect(self: Any) -> tuple[Any, Any]:
        # a child must not use the context it inherited
        context = iostream.zmq.Context()
        socket = context.socket(iostream.zmq.PUSH)
        socket.linger = 3000
        socket.connect(address)
        return context, socket

    thread._setup_pipe_in = listen
    thread._setup_pipe_out = connect


def leave_the_debugger_out() -> None:
    """Let ipykernel find that debugpy is not installed; a notebook that imports it still gets it."""
    missing: Any = None
    sys.modules["debugpy"] = missing
    try:
        importlib.import_module("ipykernel.debugger")
    except ImportError:
        # this version of ipykernel has its debugger elsewhere, or none
        pass
    finally:
        del sys.modules["debugpy"]


def look_into_the_folder_last() -> None:
    """Let IPython put the notebook's folder behind what is installed, unless it puts it nowhere."""
    shell: Any = getattr(importlib.import_module("IPython.core.shellapp"), "InteractiveShellApp", None)
    original = getattr(shell, "init_path", None)
    if original is None:
        return

    def init_path(self: Any) -> None:
        before = "" in sys.path
        original(self)
        if "" in sys.path and not before:
            sys.path.remove("")
            sys.path.append("")

    shell.init_path = init_path


if __name__ == "__main__":
    look_into_the_folder_last()
    leave_the_debugger_out()
    keep_output_off_the_network()
    importlib.import_module("ipykernel.kernelapp").launch_new_instance()
