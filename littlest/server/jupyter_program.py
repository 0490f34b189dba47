"""Starts a Jupyter program of the release in a user's terminal, so that it finds what the user's server finds."""

import os
import uuid
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from littlest.server.extensions import EXTENSIONS


def run_program(name: str) -> None:
    """Run the console script of this name. Does not return where the program ends the process."""
    if name == "jupyter-server":
        _tell_of_our_extensions()
    if name.startswith("jupyter-lab"):
        from littlest.server.lab_extensions import leave_out_halves  # noqa: PLC0415

        leave_out_halves()
    if name == "jupyter-kernelspec":
        _install_kernels_for_all()
    # `jupyter` itself only starts one of the others
    if name != "jupyter":
        start_kernels_as_the_server()
    (point,) = entry_points(group="console_scripts", name=name)
    status = point.load()()
    if status:
        raise SystemExit(status)


def start_kernels_as_the_server() -> None:
    """Let kernels start with the Python of their own environment, and listen on sockets instead of ports."""
    from jupyter_client import kernelspec  # noqa: PLC0415
    from jupyter_client.manager import KernelManager  # noqa: PLC0415

    from littlest.server.kernels import PrefixKernelSpecManager  # noqa: PLC0415

    # Jupyter's names for its classes
    kernelspec.KernelSpecManager = PrefixKernelSpecManager  # type: ignore[misc]
    original = KernelManager.__init__
    folder = Path(os.environ["JUPYTER_RUNTIME_DIR"]) if "JUPYTER_RUNTIME_DIR" in os.environ else None

    def __init__(self: Any, *arguments: Any, **settings: Any) -> None:  # noqa: N807
        if folder is not None:
            settings.setdefault("transport", "ipc")
            settings.setdefault("connection_file", str(folder / f"kernel-{uuid.uuid4()}.json"))
        original(self, *arguments, **settings)

    KernelManager.__init__ = __init__  # type: ignore[method-assign]


def _install_kernels_for_all() -> None:
    """Let `jupyter kernelspec install --sys-prefix` install into the user environment: nobody changes the release."""
    from jupyter_client.kernelspecapp import InstallKernelSpec  # noqa: PLC0415

    if path := os.environ.get("JUPYTER_PATH"):
        # PREFIX/share/jupyter
        InstallKernelSpec.flags["sys-prefix"][0]["InstallKernelSpec"]["prefix"] = str(
            Path(path.split(os.pathsep)[0]).parent.parent
        )


def _tell_of_our_extensions() -> None:
    """Let `jupyter server extension list` say which extensions a user's server has."""
    from jupyter_server.extension.config import ExtensionConfigManager  # noqa: PLC0415

    original = ExtensionConfigManager.get_jpserver_extensions

    def list_all(self: Any, *arguments: Any) -> dict[str, bool]:
        found = dict(original(self, *arguments))  # type: ignore[no-untyped-call]
        known = {name: is_on for name, is_on in EXTENSIONS.items() if name in found}
        # ours are in no file: show them once, where the files of the release are
        is_of_release = any(name in found for name in ("jupyterlab", "jupyter_server_terminals"))
        return found | (EXTENSIONS if is_of_release else known)

    ExtensionConfigManager.get_jpserver_extensions = list_all  # type: ignore[method-assign]
