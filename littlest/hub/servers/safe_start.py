"""Starting a server without the user's own settings and packages, when it did not start with them. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from littlest.errors import LittlestError
from littlest.server.start_failure import SAFE_START_VARIABLE
from littlest.server.working_directory import WORKING_DIRECTORY_VARIABLE

ASKED = "you asked for it"
"""The reason of a safe start that the user chose."""
_LONGEST_REASON = 1000


class EndedAtOnce(LittlestError):
    """A server ended before it answered."""


def make_safe_environment(environment: Mapping[str, str], home: PurePosixPath, reason: str) -> dict[str, str]:
    """Return the environment of a server that reads and writes nothing of the user's own but what the user opens.

    What it remembers is in its runtime directory, because the home may be full.
    """
    own = f"{environment['JUPYTER_RUNTIME_DIR']}/safe"
    path = [folder for folder in environment["PATH"].split(":") if not PurePosixPath(folder).is_relative_to(home)]
    # the folder that opens is one of the arguments
    kept = {name: value for name, value in environment.items() if name != WORKING_DIRECTORY_VARIABLE}
    return {
        **kept,
        "PATH": ":".join(path),
        "JUPYTER_CONFIG_DIR": f"{own}/config",
        "JUPYTER_DATA_DIR": f"{own}/data",
        "IPYTHONDIR": f"{own}/ipython",
        "PYTHONNOUSERSITE": "1",
        SAFE_START_VARIABLE: reason[:_LONGEST_REASON],
    }


def is_asked_for(options: Mapping[str, Any]) -> bool:
    """Whether the user asked for a safe start: `/hub/spawn?opt-safe=1`."""
    return bool(options.get("safe"))


def make_safe_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of a unit whose server starts in a home that it may not enter, too."""
    return {**properties, "WorkingDirectory": f"-{properties['WorkingDirectory']}"}


def describe_stage(reason: str) -> str:
    """Return what the page says while the server starts a second time."""
    return f"Your server did not start with your own settings ({reason}). Starting it without them"


def make_safe_arguments(home: PurePosixPath) -> Sequence[str]:
    """Return the arguments of a safe start, which go behind the others."""
    return (f"--ServerApp.root_dir={home}",)
