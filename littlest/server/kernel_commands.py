"""Correcting a kernel's command before it starts. This module, and so its tests, do without Jupyter."""

import hashlib
import sys
from pathlib import Path

PYTHON_NAMES = {"python", "python3"}
IPYKERNEL = ["-m", "ipykernel_launcher"]
LAUNCHER = Path(__file__).parent / "kernel_files/launch_ipykernel.py"
STARTER = "littlest.server.start_kernel"
CONNECTION_FILE = "{connection_file}"


def correct_command(command: list[str], resources: Path) -> list[str]:
    """Return the command of a kernel whose folder is PREFIX/share/jupyter/kernels/NAME.

    A bare `python` becomes PREFIX/bin/python if that exists, and our launcher starts ipykernel.
    """
    corrected = list(command)
    if corrected and corrected[0] in PYTHON_NAMES and len(resources.parents) > 3:
        python = resources.parents[3] / "bin/python"
        if python.exists():
            corrected[0] = str(python)
    for index in range(1, len(corrected) - 1):
        if corrected[index : index + 2] == IPYKERNEL:
            corrected[index : index + 2] = [str(LAUNCHER)]
            break
    return corrected


def make_start_command(command: list[str], runtime: Path) -> list[str]:
    """Return the command that starts a kernel which may speak TCP only; ours speaks ipc, and starts as it is.

    `runtime` is the server's runtime directory, in which it remembers how the kernel with this command starts.
    """
    if str(LAUNCHER) in command or CONNECTION_FILE not in " ".join(command):
        return command
    known = hashlib.sha256("\0".join(command).encode()).hexdigest()[:16]
    memory = runtime / "tcp-only" / known
    python = [sys.executable, *(["-I"] if sys.flags.isolated else [])]
    return [*python, "-m", STARTER, CONNECTION_FILE, str(memory), *command]
