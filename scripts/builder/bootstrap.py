"""Making the bootstrap executable: one file, from scripts/bootstrap, with PyInstaller.

It is frozen with the Python that the installer carries, not with the one of the machine that builds: so it is the
same whoever builds, and it starts on every glibc that the rest starts on. It is kept in the cache by the digest of
its inputs, and the same inputs give the same bytes.
"""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from builder.cache import EPOCH, RECIPES, cache_folder, digest_of, digest_of_files, lock, work_folder
from builder.compile_libpython import compile_libpython
from builder.cpython import SERIES, build_python
from builder.locks import fetch_wheels, read_lock

SCRIPTS = Path(__file__).resolve().parents[1]
SOURCE = SCRIPTS / "bootstrap" / "littlest_bootstrap.py"
LOCK = RECIPES / "bootstrap.txt"
NAME = "_conda"
LEFT_OUT = ("ssl", "_ssl", "unittest", "pydoc", "tkinter", "xmlrpc", "curses", "readline")
"""Modules of the standard library that the four calls never reach; without ssl it could not even speak TLS."""


def build_bootstrap() -> Path:
    """Return the executable, made when the cache lacks it.

    Raises `subprocess.CalledProcessError` where PyInstaller fails; its words are on standard error.
    """
    python, tree = build_python()
    library = compile_libpython()
    digest = digest_of(digest_of_files(Path(__file__), SOURCE, LOCK, library), python.name)
    executable = cache_folder("bootstrap") / digest[:16] / NAME
    with lock("bootstrap"):
        if not executable.exists():
            subprocess.run([SCRIPTS / "system-packages", "binutils"], check=True)  # for PyInstaller
            executable.parent.mkdir(exist_ok=True)
            with work_folder("bootstrap") as work:
                run_pyinstaller(tree, library, work)
                (work / "dist" / NAME).rename(executable)
    return executable


def make_python(tree: Path, library: Path, work: Path) -> tuple[Path, Path]:
    """Lay out our Python with the shared library where PyInstaller looks for it, and next to it the locked wheels.

    Returns the interpreter and the folder of the wheels' modules.
    """
    shutil.copytree(tree, work / "python", symlinks=True)
    shutil.copyfile(library, work / "python" / "lib" / library.name)
    (work / "python" / "lib" / library.name).chmod(0o755)
    modules = work / "modules"
    for wheel, _ in fetch_wheels(read_lock(LOCK.read_text())).values():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(modules)
    return work / "python" / "bin" / f"python{SERIES}", modules


def run_pyinstaller(tree: Path, library: Path, work: Path) -> None:
    """Make `dist/_conda` in the folder `work`, of the interpreter in `tree` and its shared library."""
    python, modules = make_python(tree, library, work)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(modules),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYINSTALLER_CONFIG_DIR": str(work / "config"),  # its own cache is not safe for two builds at once
    }
    arguments = ["-m", "PyInstaller", "--onefile", "--strip", "--log-level", "ERROR", "--name", NAME]
    for option, directory in (("--distpath", "dist"), ("--workpath", "work"), ("--specpath", "spec")):
        arguments += [option, str(work / directory)]
    for module in LEFT_OUT:
        arguments += ["--exclude-module", module]
    subprocess.run([python, *arguments, SOURCE], check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    print(build_bootstrap())
