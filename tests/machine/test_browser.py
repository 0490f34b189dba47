"""A student with a real browser."""

from pathlib import Path

from tests.machine.conftest import REPOSITORY
from tests.support.browser import NEEDED, try_notebook
from tests.support.debian import ensure_system_packages
from tests.support.server import PASSWORD, Server


def test_a_student_logs_in_opens_a_notebook_and_runs_a_cell(server: Server) -> None:
    ensure_system_packages(*NEEDED)
    server.add_users(["browsing"])
    pictures: Path = REPOSITORY / "build/screenshots"
    try:
        # no notice either: JupyterLab would ask everybody whether it may fetch news from the network
        assert server.network.call(try_notebook, server.url, "browsing", PASSWORD, pictures) == ("42", [])
    finally:
        server.stop_servers()
    assert (pictures / "notebook.png").stat().st_size > 10_000
