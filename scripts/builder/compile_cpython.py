"""Compiles CPython from the pristine source that Debian has, with its security patches; the result is cached.

What is made of it (the package) has a module of its own, so that packing can change without minutes of compiling.
"""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from builder import debian
from builder.cache import (
    EPOCH,
    RECIPES,
    cache_folder,
    digest_of,
    digest_of_code,
    digest_of_files,
    lock,
    work_folder,
)
from builder.progress import part

RECIPE = RECIPES / "python"
CONFIGURED_PREFIX = "/opt/littlest/python"
"""What the compiled files believe their prefix to be."""
BUILD_PACKAGES = (
    "gcc", "libc6-dev", "make", "patch", "patchelf", "pkg-config", "xz-utils",
    "libbz2-dev", "libffi-dev", "liblzma-dev", "libncurses-dev", "libreadline-dev", "libsqlite3-dev",
    "libssl-dev", "uuid-dev", "zlib1g-dev",
)  # fmt: skip
LIBRARY_PACKAGES = (
    "libbz2-1.0", "libffi8", "liblzma5", "libncursesw6", "libreadline8", "libsqlite3-0", "libssl3",
    "libtinfo6", "libuuid1", "zlib1g",
)  # fmt: skip
_NEUTRAL_SOURCE = "/usr/src/python"
_FIXES = ("ssl-sni-crash", "ssl-reference-leak", "dict-use-after-free", "traverse-managed-dicts")
"""Crashes that Debian fixed together with the CVEs, under no number of their own."""
# CPython's own copy of expat: Debian 12's needs glibc 2.36, everything else 2.35
_CONFIGURE = (
    f"--prefix={CONFIGURED_PREFIX}",
    "--with-ensurepip=no",
    "--without-static-libpython",
    "--disable-test-modules",
    "--enable-loadable-sqlite-extensions",
    "--with-tzpath=/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    # whatever else the building machine has installed
    "py_cv_module__gdbm=n/a",
    "py_cv_module__dbm=n/a",
    "py_cv_module__tkinter=n/a",
    "ac_cv_header_bluetooth_bluetooth_h=no",
    # what configure asks the running kernel, container or priority of the build for, as it is on a server
    "ac_cv_broken_nice=no",
    "ac_cv_broken_sem_getvalue=no",
    "ac_cv_buggy_getaddrinfo=no",
    "ac_cv_file__dev_ptc=no",
    "ac_cv_file__dev_ptmx=yes",
    "ac_cv_posix_semaphores_enabled=yes",
    "ac_cv_working_tzset=yes",
)


def compile_python(files: Mapping[str, str]) -> tuple[Path, str]:
    """The folder that `make install` filled, as CONFIGURED_PREFIX, and the digest of what it was made from.

    `files` are those of the source package, name to sha256; the Debian packages of BUILD_PACKAGES must be there.
    """
    digest = digest_of(
        digest_of_files(*sorted(RECIPE.iterdir())),
        digest_of_code("compile_cpython"),
        debian.find_versions([*BUILD_PACKAGES, *LIBRARY_PACKAGES]),
    )
    folder = cache_folder("cpython") / digest[:16]
    with lock(f"cpython-{digest[:16]}"):
        if not folder.exists():
            sources = debian.fetch_source("python3.13", files)
            with work_folder("cpython") as work:
                with part("unpacking and patching CPython's source"):
                    top = _unpack(sources, work)
                with part("compiling CPython (some minutes, once)"):
                    _compile(top, work)
                tree = work / "install" / CONFIGURED_PREFIX.lstrip("/")
                _forget_place(tree, work)
                tree.rename(folder)
    return folder, digest


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _run(command: list[str | Path], folder: Path, log: Path) -> None:
    with log.open("a") as stream:
        done = subprocess.run(command, cwd=folder, env=_environment(), stdout=stream, stderr=stream, check=False)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise ChildProcessError(f"{Path(command[0]).name} failed while making CPython:\n{tail}")


def _unpack(files: list[Path], work: Path) -> Path:
    for file in files:
        with tarfile.open(file) as archive:
            archive.extractall(work)  # checked by its sha256
    (top,) = work.glob("Python-*")
    series = (work / "debian/patches/series").read_text().split("\n")
    patches = [
        work / "debian/patches" / name for name in series if re.match(rf"(CVE-.*|{'|'.join(_FIXES)})\.patch$", name)
    ]
    for patch in [*patches, *sorted(RECIPE.glob("*.patch"))]:
        # the patches of Debian's layout are not there, so lines are a little off
        _run(["patch", "-p1", "--fuzz=2", "--no-backup-if-mismatch", "-i", patch], top, work / "patch.log")
    return top


def _compile(top: Path, work: Path) -> None:
    build, log = work / "build", work / "build.log"
    build.mkdir()
    neutral = f"CFLAGS=-ffile-prefix-map={work}={_NEUTRAL_SOURCE}"
    # by a relative path: the interpreter remembers it
    _run([f"../{top.name}/configure", *_CONFIGURE, neutral], build, log)
    _run(["make", f"-j{os.cpu_count()}"], build, log)
    _run(["make", "install", f"DESTDIR={work / 'install'}"], build, log)


def _forget_place(tree: Path, work: Path) -> None:
    """Take the folder of this build out of the texts, and the flags that kept it out of the binaries."""
    for cached in [*tree.rglob("__pycache__")]:
        shutil.rmtree(cached)
    for file in sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink()):
        content = file.read_bytes()
        if b"\0" in content or str(work).encode() not in content:
            continue
        text = content.decode().replace(f"-ffile-prefix-map={work}={_NEUTRAL_SOURCE}", "")
        file.write_text(text.replace(str(work), _NEUTRAL_SOURCE))
