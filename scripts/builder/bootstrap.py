"""Making the bootstrap executable: one file, from scripts/bootstrap, with PyInstaller.

Kept in the cache by the digest of its inputs: its source, the locked Python packages of the build environment, the
interpreter. The same inputs give the same bytes.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from builder.packer import EPOCH

SCRIPTS = Path(__file__).resolve().parents[1]
SOURCE = SCRIPTS / "bootstrap" / "littlest_bootstrap.py"
REQUIREMENTS = SCRIPTS / "requirements" / "build.txt"
NAME = "_conda"
LEFT_OUT = ("ssl", "_ssl", "unittest", "pydoc", "tkinter", "xmlrpc", "curses", "readline")
"""Modules of the standard library that the four calls never reach; without ssl it could not even speak TLS."""


def build_bootstrap(cache: Path) -> Path:
    """Return the executable, made when the cache lacks it.

    Raises `subprocess.CalledProcessError` where PyInstaller fails; its words are on standard error.
    """
    folder = cache / "bootstrap" / digest_inputs()
    executable = folder / NAME
    if executable.exists():
        return executable
    ensure_tools()
    work = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
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
    folder.mkdir(parents=True, exist_ok=True)
    (work / "dist" / NAME).rename(executable)
    shutil.rmtree(work)
    return executable


def ensure_tools() -> None:
    """Install what PyInstaller calls on: binutils and, where Python is Debian's, its shared library."""
    wanted = ["binutils"]
    if sysconfig.get_config_var("LIBDIR") == "/usr/lib":
        wanted.append(f"libpython{sysconfig.get_python_version()}")
    subprocess.run([str(SCRIPTS / "system-packages"), *wanted], check=True)


def digest_inputs() -> str:
    """Digest everything that the executable depends on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in (SOURCE, REQUIREMENTS):
        digest.update(path.read_bytes())
    digest.update(f"{sys.version} {platform.libc_ver()}".encode())
    return digest.hexdigest()[:16]
