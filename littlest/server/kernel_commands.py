"""Correcting a kernel's command before it starts. This module, and so its tests, do without Jupyter."""

from pathlib import Path

PYTHON_NAMES = {"python", "python3"}
IPYKERNEL = ["-m", "ipykernel_launcher"]
LAUNCHER = Path(__file__).parent / "kernel_files/launch_ipykernel.py"


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
