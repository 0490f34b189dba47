"""Making the bootstrap executable: one file, from scripts/bootstrap, with PyInstaller.

Kept in the cache by the digest of its inputs: its source, the locked Python packages of the build environment, the
interpreter. The same inputs give the same bytes.
"""

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

from builder.cache import EPOCH, cache_folder, digest_of, digest_of_files, lock, work_folder

SCRIPTS = Path(__file__).resolve().parents[1]
SOURCE = SCRIPTS / "bootstrap" / "littlest_bootstrap.py"
REQUIREMENTS = SCRIPTS / "requirements" / "build.txt"
NAME = "_conda"
LEFT_OUT = ("ssl", "_ssl", "unittest", "pydoc", "tkinter", "xmlrpc", "curses", "readline")
"""Modules of the standard library that the four calls never reach; without ssl it could not even speak TLS."""


def build_bootstrap() -> Path:
    """Return the executable, made when the cache lacks it.

    Raises `subprocess.CalledProcessError` where PyInstaller fails; its words are on standard error.
    """
    executable = cache_folder("bootstrap") / digest_inputs() / NAME
    with lock("bootstrap"):
        if not executable.exists():
            ensure_tools()
            executable.parent.mkdir(exist_ok=True)
            with work_folder("bootstrap") as work:
                run_pyinstaller(work)
                (work / "dist" / NAME).rename(executable)
    return executable


def run_pyinstaller(work: Path) -> None:
    """Make `dist/_conda` in the folder `work`."""
    environment = os.environ | {
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYINSTALLER_CONFIG_DIR": str(work / "config"),  # its own cache is not safe for two builds at once
    }
    arguments = [sys.executable, "-m", "PyInstaller", "--onefile", "--strip", "--log-level", "ERROR", "--name", NAME]
    for option, directory in (("--distpath", "dist"), ("--workpath", "work"), ("--specpath", "spec")):
        arguments += [option, str(work / directory)]
    for module in LEFT_OUT:
        arguments += ["--exclude-module", module]
    subprocess.run([*arguments, str(SOURCE)], check=True, env=environment, stdout=subprocess.DEVNULL)


def ensure_tools() -> None:
    """Install what PyInstaller calls on: binutils and, where Python is Debian's, its shared library."""
    wanted = ["binutils"]
    if sysconfig.get_config_var("LIBDIR") == "/usr/lib":
        wanted.append(f"libpython{sysconfig.get_python_version()}")
    subprocess.run([str(SCRIPTS / "system-packages"), *wanted], check=True)


def digest_inputs() -> str:
    """Digest everything that the executable depends on."""
    return digest_of(digest_of_files(Path(__file__), SOURCE, REQUIREMENTS), sys.version, platform.libc_ver())[:16]


if __name__ == "__main__":
    print(build_bootstrap())
