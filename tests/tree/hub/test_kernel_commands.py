"""Which Python runs a kernel, and through what."""

import subprocess
import sys
from pathlib import Path

from littlest.server.kernel_commands import LAUNCHER, correct_command


def make_prefix(folder: Path) -> Path:
    (folder / "bin").mkdir()
    (folder / "bin/python").touch()
    return folder / "share/jupyter/kernels/python3"


def test_a_bare_python_is_the_one_of_the_kernels_own_environment(tmp_path: Path) -> None:
    # Jupyter would take it for the notebook server's, which has none of the users' libraries
    resources = make_prefix(tmp_path)
    assert correct_command(["python", "-m", "other", "{connection_file}"], resources) == [
        f"{tmp_path}/bin/python",
        "-m",
        "other",
        "{connection_file}",
    ]


def test_without_a_python_there_it_stays_as_it_is(tmp_path: Path) -> None:
    assert correct_command(["python3", "-m", "other"], tmp_path / "share/jupyter/kernels/x") == [
        "python3",
        "-m",
        "other",
    ]


def test_another_interpreter_is_left_alone(tmp_path: Path) -> None:
    resources = make_prefix(tmp_path)
    assert correct_command(["R", "--slave"], resources) == ["R", "--slave"]


def test_ipykernel_is_started_by_the_launcher_that_opens_no_port(tmp_path: Path) -> None:
    resources = make_prefix(tmp_path)
    command = ["/venv/bin/python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert correct_command(command, resources) == [
        "/venv/bin/python",
        "-Xfrozen_modules=off",
        str(LAUNCHER),
        "-f",
        "{connection_file}",
    ]
    assert LAUNCHER.is_file()


IPYTHON = """
import sys

class InteractiveShellApp:
    def init_path(self):
        # where IPython puts it
        if "" not in sys.path and not getattr(self, "ignore_cwd", False):
            sys.path.insert(1, "")
"""
LOOK = f"""
import runpy, sys
sys.path.insert(0, "taken away by the launcher")
runpy.run_path({str(LAUNCHER)!r})["look_into_the_folder_last"]()
from IPython.core.shellapp import InteractiveShellApp
shell = InteractiveShellApp()
shell.ignore_cwd = len(sys.argv) > 1
shell.init_path()
print([place for place, path in enumerate(sys.path, 1 - len(sys.path)) if path == ""])
"""


def test_a_module_beside_a_notebook_is_not_taken_for_one_that_is_installed(tmp_path: Path) -> None:
    # in a folder that others may write to, psutil.py would run as everybody who opens a notebook there
    package = tmp_path / "IPython/core"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "shellapp.py").write_text(IPYTHON)
    command = [sys.executable, "-P", "-c", LOOK]
    for words, found in ((), "[0]"), (("--ignore",), "[]"):
        done = subprocess.run(
            [*command, *words], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == found
