"""`jupyter` in a terminal of a user's server speaks of that server."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from littlest.server import terminal_commands
from tests.support.own_server import install_kernel


class Log:
    def warning(self, *words: object) -> None:
        raise AssertionError(words)


class Server:
    log = Log()
    runtime_dir = ""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a terminal, in which the user environment has a server of its own."""
    other = tmp_path / "user/bin"
    other.mkdir(parents=True)
    for name in ("jupyter", "jupyter-server", "jupyter-nbconvert"):
        (other / name).write_text(f"#!/bin/sh\necho {name} of the user environment\n")
        (other / name).chmod(0o755)
    # names of sockets have at most 107 characters
    runtime = tempfile.mkdtemp()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", runtime)
    monkeypatch.setenv("PATH", f"{other}:/usr/bin:/bin")
    terminal_commands._load_jupyter_server_extension(Server())
    keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "JUPYTER_RUNTIME_DIR")}
    yield {**keep, "HOME": str(tmp_path), "JUPYTER_PATH": str(tmp_path / "user/share/jupyter")}
    shutil.rmtree(runtime)


def run(terminal: dict[str, str], *words: str, folder: Path | None = None, **options: Any) -> str:
    done = subprocess.run(
        words, env=terminal, capture_output=True, text=True, check=False, timeout=100, cwd=folder, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_list_of_extensions_is_the_servers(terminal: dict[str, str]) -> None:
    found = run(terminal, "jupyter", "server", "extension", "list")
    assert "littlest.server.activity" in found
    assert "nbgitpuller" in found
    # this one is switched off
    assert "nbgitpuller enabled" not in found.replace("\x1b[32m", "").replace("\x1b[0m", "")


def test_the_paths_are_those_of_the_server(terminal: dict[str, str]) -> None:
    found = run(terminal, "jupyter", "--paths")
    assert f"{sys.prefix}/etc/jupyter" in found
    assert terminal["JUPYTER_PATH"] in found


def test_what_the_user_environment_brings_goes_first_elsewhere(terminal: dict[str, str], tmp_path: Path) -> None:
    assert run(terminal, "jupyter", "nbconvert", "--version") == "jupyter-nbconvert of the user environment\n"
    (tmp_path / "user/bin/jupyter-nbconvert").unlink()
    assert "of the user environment" not in run(terminal, "jupyter", "nbconvert", "--version")


def test_the_kernels_are_those_of_the_server(terminal: dict[str, str], tmp_path: Path) -> None:
    install_kernel(Path(terminal["JUPYTER_PATH"]), "small")
    assert "small" in run(terminal, "jupyter", "kernelspec", "list")
    kernel = tmp_path / "mine"
    kernel.mkdir()
    (kernel / "kernel.json").write_text('{"argv": ["x"], "display_name": "mine", "language": "x"}')
    run(terminal, "jupyter", "kernelspec", "install", str(kernel), "--sys-prefix")
    assert (tmp_path / "user/share/jupyter/kernels/mine/kernel.json").exists()


PROGRAMS = (
    ("nbconvert", "--to", "notebook", "--execute", "--inplace", "hw.ipynb"),
    ("execute", "--inplace", "hw.ipynb"),
)
OPEN_PORTS = """
inodes = {line.split()[9] for line in open("/proc/net/tcp").read().splitlines()[1:]}
files = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
[file for file in files if os.path.exists(file) and os.readlink(file)[8:-1] in inodes]
"""


@pytest.mark.parametrize("words", PROGRAMS)
def test_notebooks_run_in_a_terminal_and_open_no_port(
    terminal: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "user/bin/jupyter-nbconvert").unlink()
    install_kernel(Path(terminal["JUPYTER_PATH"]), "small")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("6 * 7"), nbformat.v4.new_code_cell(OPEN_PORTS)],
        metadata={"kernelspec": {"name": "small", "display_name": "small", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "hw.ipynb")
    run(terminal, "jupyter", *words, folder=tmp_path)
    first, second = nbformat.read(tmp_path / "hw.ipynb", 4).cells
    assert first.outputs[0].data["text/plain"] == "42"
    assert second.outputs[0].data["text/plain"] == "[]"
    # no socket stays where the notebook is
    assert [path.name for path in tmp_path.iterdir() if "ipc" in path.name] == []
