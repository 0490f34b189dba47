"""The cache folder: what was fetched and what was built, each by the digest of its inputs."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPES = REPOSITORY / "recipes"

EPOCH = 1577836800
"""SOURCE_DATE_EPOCH of every package, in seconds: a fixed day, so that a package depends on its inputs only."""


def cache_folder(kind: str) -> Path:
    """The folder `kind` of the cache, made where it lacks. LITTLEST_CACHE names another cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "littlest"
    folder = Path(os.environ.get("LITTLEST_CACHE") or default) / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest_of(*inputs: object) -> str:
    """The sha256, in hex, of inputs that JSON can say."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


def digest_of_files(*files: Path) -> str:
    """The sha256, in hex, of the names (not the places) and contents of files."""
    return digest_of([(file.name, hash_file(file)) for file in files])


def hash_file(file: Path) -> str:
    """The sha256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_code(*modules: str) -> str:
    """The digest of modules of this package, so that a change of the converter makes its packages again."""
    return digest_of_files(*(Path(__file__).with_name(f"{module}.py") for module in modules))


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock `name` of the cache: two builds at once make each thing once."""
    with (cache_folder("locks") / name).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def work_folder(name: str) -> Iterator[Path]:
    """A folder inside the cache, so that what is made there can be renamed into place; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=cache_folder("work")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Put a file of the cache elsewhere without a second copy of it, where the file system can."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
