"""The locks under recipes/: which wheels, with which sha256; and those files, fetched by the ordinary client."""

import concurrent.futures
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from ruamel.yaml import YAML

from builder.cache import EPOCH, RECIPES, cache_folder, hash_file, lock, work_folder

PYTHON_SERIES = "3.13"
GLIBC_MINOR = 36
"""Debian 12's glibc is 2.36: what a machine with a newer one compiles would not start there."""
WHEEL_GLIBC_MINOR = 35
"""Wheels for a glibc newer than 2.35 are not taken: construct.yaml promises servers that nothing asks for more."""
_PLATFORMS = ["linux_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(WHEEL_GLIBC_MINOR, 4, -1))]
_LEGACY_PLATFORMS = ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]


@dataclass(frozen=True)
class Locked:
    """One line of a lock: any of its files will do, as long as its sha256 is listed."""

    name: NormalizedName
    version: str
    sha256: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """The line, as pip reads it."""
        return f"{self.name}=={self.version} " + " ".join(f"--hash=sha256:{digest}" for digest in self.sha256)


@dataclass(frozen=True)
class Changes:
    """recipes/metadata.yaml."""

    without: tuple[NormalizedName, ...]
    sources: tuple[NormalizedName, ...]
    requirements: dict[NormalizedName, dict[str, list[str]]]
    commands: dict[NormalizedName, dict[str, NormalizedName]]


def read_changes() -> Changes:
    """Read recipes/metadata.yaml."""
    content: dict[str, Any] = YAML(typ="safe").load(RECIPES / "metadata.yaml")
    return Changes(
        tuple(map(canonicalize_name, content["without"])),
        tuple(map(canonicalize_name, content["sources"])),
        {canonicalize_name(name): changes for name, changes in content["requirements"].items()},
        {canonicalize_name(name): commands for name, commands in content["commands"].items()},
    )


def read_names() -> dict[str, str]:
    """Read recipes/names.yaml: wheel name to conda-forge's name."""
    names: dict[str, str] = YAML(typ="safe").load(RECIPES / "names.yaml")
    return names


def read_lock(text: str) -> list[Locked]:
    """Read the text of a lock that uv wrote with --generate-hashes.

    Raises ValueError for a line without a version or without a hash.
    """
    locked = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.match(r"([A-Za-z0-9._-]+)==(\S+)\s", line)
        digests = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        if found is None or not digests:
            raise ValueError(f"a lock needs a version and a sha256 on each line: {line.strip()}")
        locked.append(Locked(canonicalize_name(found[1]), found[2], tuple(digests)))
    return locked


def fetch_wheels(locked: Sequence[Locked]) -> dict[NormalizedName, tuple[Path, str]]:
    """The wheel file of each line and its sha256, from the cache or through pip.

    Raises ChildProcessError with pip's words where a file is not to be had or is not what the lock says.
    """
    folder = cache_folder("wheels")
    with lock("wheels"):
        missing = [entry for entry in locked if _find_cached(entry, folder) is None]
        sources = set(read_changes().sources)
        _fetch([entry for entry in missing if entry.name not in sources], folder)
        for entry in missing:
            if entry.name in sources:
                _build(entry, folder)
    found = {}
    for entry in locked:
        wheel = _find_cached(entry, folder)
        assert wheel is not None  # just fetched
        found[entry.name] = wheel
    return found


def _find_cached(entry: Locked, folder: Path) -> tuple[Path, str] | None:
    for digest in entry.sha256:
        for file in (folder / digest).glob("*.whl"):
            return file, digest
    return None


def _fetch(entries: Sequence[Locked], folder: Path) -> None:
    # mostly waiting: a few clients at once
    chunks = [entries[start::6] for start in range(6) if entries[start::6]]
    with work_folder("wheels") as work, concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda numbered: _download(numbered[1], work / str(numbered[0])), enumerate(chunks)))
        for file in work.glob("*/*.whl"):
            _keep(file, hash_file(file), folder)


def _download(entries: Sequence[Locked], work: Path) -> None:
    platforms = [word for platform in (*_PLATFORMS, *_LEGACY_PLATFORMS) for word in ("--platform", platform)]
    target = ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON_SERIES, *platforms]
    _run_pip(["download", "-q", "--no-deps", "--require-hashes", *target], entries, work)


def _build(entry: Locked, folder: Path) -> None:
    """Make the wheel of a package that comes only as source; it must be one for any machine."""
    with work_folder("source") as work:
        options = ["--no-deps", "--require-hashes", "--no-binary=:all:", "--no-build-isolation"]
        _run_pip(["wheel", "-q", *options], [entry], work / "wheel")
        (wheel,) = (work / "wheel").glob("*.whl")
        if not wheel.name.endswith("-none-any.whl"):
            raise ValueError(f"{entry.name} {entry.version} comes only as source and needs compiling: {wheel.name}")
        _keep(wheel, entry.sha256[0], folder)


def _run_pip(command: list[str], entries: Iterable[Locked], work: Path) -> None:
    work.mkdir()
    requirements = work / "requirements.txt"
    requirements.write_text("".join(f"{entry.requirement}\n" for entry in entries))
    option = "--dest" if command[0] == "download" else "--wheel-dir"
    full = [
        sys.executable,
        "-m",
        "pip",
        *command,
        "--disable-pip-version-check",
        option,
        str(work),
        "-r",
        str(requirements),
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH), "PYTHONHASHSEED": "0"}
    done = subprocess.run(full, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise ChildProcessError(f"pip could not fetch the locked wheels:\n{done.stderr.strip()[-2000:]}")


def _keep(file: Path, digest: str, folder: Path) -> None:
    target = folder / digest
    target.mkdir(exist_ok=True)
    file.replace(target / file.name)
