"""Which release this program is, and which one the machine runs."""

import os
import sys
from pathlib import PurePosixPath

from littlest import __version__, paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import Release


def read_own_release() -> Release:
    """Return the release that this program runs from."""
    return Release(__version__, PurePosixPath(os.path.realpath(sys.prefix)))


def read_current_release(machine: Machine) -> Release:
    """Return the release that the machine runs, which is this program's own.

    Raises LittlestError where nothing is installed, or where this program replaces a damaged release.
    """
    directory = machine.read_link(paths.CURRENT_LINK)
    if directory is None:
        raise LittlestError("The Littlest JupyterHub is not installed on this machine", "Run its installer.")
    own = read_own_release()
    if machine.is_live and own.directory != PurePosixPath(os.path.realpath(directory)):
        raise LittlestError(
            f"this command is version {own.version} in {own.directory}, but {directory} is current",
            f"Use {paths.COMMAND_FILE}. If {directory} is damaged, run its installer again.",
        )
    return Release(__version__, directory)
