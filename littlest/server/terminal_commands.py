"""A server extension: `jupyter` in a terminal speaks of this server, and brings what the user environment lacks.

The commands are small files in the server's runtime directory, which start programs of the release.
"""

import os
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

OF_THE_SERVER = frozenset(
    {"jupyter", *(f"jupyter-{name}" for name in ("server", "lab", "labextension", "notebook", "kernelspec"))}
)
"""Those of the release are meant, also where a package brought others into the user environment."""
SCRIPT = """#!{python}
from littlest.server.jupyter_program import run_program
run_program({name!r})
"""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.terminal_commands"}]


def _load_jupyter_server_extension(server: Any) -> None:
    runtime = Path(os.environ.get("JUPYTER_RUNTIME_DIR") or server.runtime_dir)
    first, last = runtime / "commands/first", runtime / "commands/last"
    names = [point.name for point in entry_points(group="console_scripts")]
    try:
        write_commands(first, OF_THE_SERVER.intersection(names))
        write_commands(last, {name for name in names if name.startswith("jupyter-")} - OF_THE_SERVER)
    except OSError as error:
        server.log.warning("Terminals get no commands of this server: %s", error)
        return
    # kernels and terminals start with it
    os.environ["PATH"] = os.pathsep.join((str(first), os.environ.get("PATH", os.defpath), str(last)))


def write_commands(folder: Path, names: Iterable[str]) -> None:
    """Write a file for each of these programs of this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = folder / name
        # as the server itself
        python = f"{sys.executable}{' -I' if sys.flags.isolated else ''}"
        file.write_text(SCRIPT.format(python=python, name=name))
        file.chmod(0o755)
