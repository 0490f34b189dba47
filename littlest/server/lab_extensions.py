"""A server extension: JupyterLab leaves out what would only say that its half in the notebook server is missing."""

import html
import os
import sys
from pathlib import Path
from typing import Any

from littlest.server.extensions import describe_half, find_halves, list_extensions_of_servers
from littlest.server.page_additions import add_to_pages, make_notice_box


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.lab_extensions"}]


def _load_jupyter_server_extension(server: Any) -> None:
    halves = leave_out_halves()
    add_to_pages(lambda: _make_note(halves))


def leave_out_halves() -> dict[str, dict[str, str]]:
    """Let JupyterLab find only extensions that can work here; return what was left out last, by environment.

    Packages may come and go while the server runs, so this is looked up for each page.
    """
    from jupyterlab_server import config  # noqa: PLC0415

    find_all = config.get_federated_extensions
    left_out: dict[str, dict[str, str]] = {}

    def find_whole(labextensions_path: list[str]) -> dict[str, Any]:
        found, served = find_all(labextensions_path), list_extensions_of_servers(Path(sys.prefix))
        left_out.clear()
        # PREFIX/share/jupyter/labextensions; those of the release have all they need
        for prefix in {Path(one["ext_dir"]).parents[2] for one in found.values()} - {Path(sys.prefix)}:
            if halves := find_halves(prefix, served):
                left_out[str(prefix)] = halves
        names = {name for halves in left_out.values() for name in halves}
        return {name: one for name, one in found.items() if name not in names}

    config.get_federated_extensions = find_whole
    return left_out


def _make_note(left_out: dict[str, dict[str, str]]) -> str:
    """Return the note for those who can remove what was left out, as HTML; nothing for others."""
    sentences = [
        describe_half(name, package)
        for prefix, halves in sorted(left_out.items())
        if os.access(prefix, os.W_OK)
        for name, package in sorted(halves.items())
    ]
    if not sentences:
        return ""
    return make_notice_box("littlest-left-out", "<br>".join(html.escape(f"{one}.") for one in sentences))
