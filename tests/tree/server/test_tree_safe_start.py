"""Why a server did not start, with file and line; and that it starts without the user's own settings."""

import errno
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from littlest.hub.servers.safe_start import make_safe_environment
from littlest.server.start_failure import check_home, explain_failure, make_notice

CONFIG = ".jupyter/jupyter_server_config.py"


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as a server asks for at its start."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815  # the name of its base class

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hub/api"
    server.shutdown()


def start(home: Path, hub: str, *, safe: str = "") -> str:
    """Start a server; return its last line, or "answers" when it listens."""
    socket = home.parent / "s"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ["PYTHONPATH"],
        "HOME": str(home),
        "JUPYTER_RUNTIME_DIR": str(home.parent / "run"),
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8888/user/ada/",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JUPYTERHUB_API_URL": hub,
        "JUPYTERHUB_API_TOKEN": "a" * 32,
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
        "JUPYTERHUB_USER": "ada",
        "JUPYTERHUB_BASE_URL": "/",
    }
    if safe:
        environment = make_safe_environment(environment, home, safe)
    words = ("--ServerApp.port=8888", f"--ServerApp.sock={socket}", "--allow-root")
    log = home.parent / "log"
    with log.open("w") as text:
        process = subprocess.Popen(
            [sys.executable, "-m", "littlest.server", *words], env=environment, cwd=home, stdout=text, stderr=text
        )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if re.search("Jupyter Server .* is running at", log.read_text()):
            process.terminate()
            process.wait()
            return "answers"
        time.sleep(0.1)
    process.kill()
    return log.read_text().splitlines()[-1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".jupyter").mkdir(parents=True)
    (tmp_path / "run").mkdir(mode=0o700)
    return home


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('# a course\nc.ServerApp.root_dir = "/home/cherrling"\n', 2),
        ("c.ServerApp.root_dir = 5\n", 1),
        ("import os\n\nraise SystemExit('no course today')\n", 3),
        ("exit(3)\n", 1),
    ],
)
def test_the_last_line_names_the_users_file_and_the_safe_start_works(
    home: Path, hub: str, text: str, line: int
) -> None:
    (home / CONFIG).write_text(text)
    last = start(home, hub)
    assert f"~/{CONFIG}:{line}:" in last
    assert start(home, hub, safe=last) == "answers"
    log = (home.parent / "log").read_text()
    assert "without the user's own settings" in log
    assert sorted(path.name for path in home.iterdir()) == [".jupyter"]


def test_a_server_whose_settings_are_fine_starts(home: Path, hub: str) -> None:
    (home / CONFIG).write_text("c.ServerApp.shutdown_no_activity_timeout = 7\n")
    assert start(home, hub) == "answers"


def test_a_full_home_is_called_full(home: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", f"{home}/.local/share/jupyter/x")
    assert explain_failure(error, home).startswith("your home is full (")


def test_a_home_that_takes_nothing_is_seen_before_the_start(home: Path) -> None:
    check_home(home)
    assert [path.name for path in home.iterdir()] == [".jupyter"]
    with pytest.raises(OSError) as failure:
        check_home(home / "missing")
    assert explain_failure(failure.value, home / "missing").startswith("nothing can be written to your home (")


def test_a_file_that_the_user_may_not_read_is_named(home: Path) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", f"{home}/.jupyter/migrated")
    assert explain_failure(error, home) == "~/.jupyter/migrated: Permission denied"


def test_what_is_not_the_users_is_not_blamed_on_the_user(home: Path) -> None:
    assert explain_failure(RuntimeError("the hub does not answer"), home) == ""
    (home / CONFIG).mkdir()
    assert explain_failure(ValueError("no 'such' thing"), home) == ""


def test_the_notice_is_text_and_names_the_files(home: Path) -> None:
    (home / CONFIG).write_text("")
    notice = make_notice("<script>alert(1)</script>", home)
    assert "<script>" not in notice
    assert f"~/{CONFIG}" in notice
