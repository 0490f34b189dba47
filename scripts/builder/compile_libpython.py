"""Compiles CPython as a shared library, of the source and with the options of the interpreter that we ship.

Only PyInstaller needs it: its executables load the interpreter as a library, and ours has it linked in, as faster.
"""

import os
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

from builder import debian
from builder.cache import cache_folder, digest_of, digest_of_code, lock, work_folder
from builder.compile_cpython import (
    _CONFIGURE,
    _NEUTRAL_SOURCE,
    RECIPE,
    _run,
    _unpack,
    compile_python,
)
from builder.progress import part

NAME = "libpython3.13.so.1.0"
_CODE = digest_of_code("compile_libpython")
# it runs for seconds, most of them in rattler: compiling it fast is worth more
_OPTIMIZATION = "OPT=-DNDEBUG -fwrapv -O1"


def compile_libpython() -> Path:
    """The shared library that goes with `builder.cpython.build_python`'s interpreter, from the cache or made now.

    Raises `ChildProcessError` with the last lines of what failed.
    """
    files = YAML(typ="safe").load(RECIPE / "source.yaml")["files"]
    _, digest = compile_python(files)
    library = cache_folder("cpython") / f"library-{digest_of(digest, _CODE)[:16]}" / NAME
    with lock("libpython"):
        if not library.exists():
            sources = debian.fetch_source("python3.13", files)
            with work_folder("libpython") as work, part("compiling CPython as a library (a minute, once)"):
                _compile(_unpack(sources, work), work)
                library.parent.mkdir(exist_ok=True)
                (work / "build" / NAME).rename(library)
    return library


def _compile(top: Path, work: Path) -> None:
    build, log = work / "build", work / "build.log"
    build.mkdir()
    neutral = f"CFLAGS=-ffile-prefix-map={work}={_NEUTRAL_SOURCE}"
    _run([f"../{top.name}/configure", *_CONFIGURE, "--enable-shared", neutral], build, log)
    _run(["make", f"-j{os.cpu_count()}", _OPTIMIZATION, "libpython3.13.so"], build, log)
    subprocess.run(["strip", "--strip-unneeded", build / NAME], check=True)
