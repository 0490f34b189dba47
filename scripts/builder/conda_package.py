"""Writes a folder as a `.conda` package and a folder of packages as a channel.

Written here rather than with a builder's assembler, because a package must have the same bytes wherever and whenever
it is made, and because only the files that we name may be rewritten at install. The format is that of CEP 26/27
and conda's package specification (`.conda`, version 2): a zip of two zstd-compressed tars, not compressed itself.
"""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from builder.cache import EPOCH, hash_file

PLACEHOLDER = "/opt/" + "littlest_prefix_placeholder_" * 8 + "end"
"""Stands for the prefix in text files; the installing program puts the real one there (`prefix_placeholder`)."""

COMPRESSION_LEVEL = 9
"""zstd. Measured on Node.js (126 MB), MB and s: 3: 41.7, 0.4; 9: 37.3, 2.2; 13: 36.8, 15.8; 19: 32.8, 102."""


@dataclass(frozen=True)
class PackageName:
    """What a package is called: the three parts of its file's name."""

    name: str
    version: str
    build: str

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True)
class PackageSpec:
    """What `index.json` and `about.json` say of a package."""

    name: PackageName
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    summary: str = ""
    license: str = ""
    home: str = ""
    rewritten: frozenset[str] = field(default_factory=frozenset)
    """The text files, relative to the prefix, whose PLACEHOLDER becomes the prefix at install."""


def write_package(spec: PackageSpec, tree: Path, target: Path) -> None:
    """Write the folder `tree` (laid out as a prefix) as the package `target`, which must end in `.conda`.

    Raises ValueError for a file that mentions the placeholder and is not named in `spec.rewritten`: it would stay
    as it is on the server.
    """
    paths = [_describe(file, tree, spec.rewritten) for file in _list_files(tree)]
    listed = {path["_path"] for path in paths}
    if missing := spec.rewritten - listed:
        raise ValueError(f"{spec.name.stem}: no such file to rewrite: {', '.join(sorted(missing))}")
    payload = _compress(_tar(tree, listed))
    info = _compress(_tar_info(spec, paths))
    # two builds at once may both make it; the last one wins, with the same bytes
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, "metadata.json", b'{"conda_pkg_format_version": 2}')
        _store(archive, f"pkg-{spec.name.stem}.tar.zst", payload)
        _store(archive, f"info-{spec.name.stem}.tar.zst", info)
    partial.rename(target)


def write_repodata(channel: Path) -> None:
    """Index the `.conda` files of `channel`/linux-64; `noarch` is there and empty, as clients expect."""
    for subdir in ("linux-64", "noarch"):
        folder = channel / subdir
        folder.mkdir(parents=True, exist_ok=True)
        packages = {file.name: _index_entry(file) for file in sorted(folder.glob("*.conda"))}
        repodata = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages, "repodata_version": 1}
        (folder / "repodata.json").write_text(json.dumps(repodata, indent=1, sort_keys=True) + "\n")


def read_index(package: Path) -> dict[str, Any]:
    """The `index.json` of a `.conda` file."""
    with zipfile.ZipFile(package) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("info-"))
        content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(archive.read(name))).read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        stream = tar.extractfile("info/index.json")
        assert stream is not None  # a file, by the format
        index: dict[str, Any] = json.load(stream)
        return index


def _index_entry(package: Path) -> dict[str, Any]:
    content = package.read_bytes()
    return read_index(package) | {
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


def _list_files(tree: Path) -> Iterable[Path]:
    found = (Path(folder) / name for folder, folders, files in os.walk(tree) for name in (*files, *folders))
    return sorted((file for file in found if file.is_symlink() or not file.is_dir()), key=str)


def _describe(file: Path, tree: Path, rewritten: frozenset[str]) -> dict[str, Any]:
    name = file.relative_to(tree).as_posix()
    if file.is_symlink():
        return {"_path": name, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
    entry: dict[str, Any] = {"_path": name, "path_type": "hardlink"}
    entry |= {"sha256": hash_file(file), "size_in_bytes": file.stat().st_size}
    if name in rewritten:
        entry |= {"file_mode": "text", "prefix_placeholder": PLACEHOLDER}
    elif PLACEHOLDER.encode() in file.read_bytes():
        raise ValueError(
            f"{name} mentions the placeholder of the prefix, but nothing says that it is to be rewritten"
        )
    return entry


def _tar(tree: Path, names: Iterable[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(names):
            member = _member(name)
            file = tree / name
            if file.is_symlink():
                member.type, member.linkname = tarfile.SYMTYPE, str(file.readlink())
                tar.addfile(member)
                continue
            # only "may it be executed" is taken from the file: never the umask of whoever builds
            member.mode = 0o755 if file.stat().st_mode & 0o111 else 0o644
            member.size = file.stat().st_size
            with file.open("rb") as stream:
                tar.addfile(member, stream)
    return buffer.getvalue()


def _tar_info(spec: PackageSpec, paths: list[dict[str, Any]]) -> bytes:
    index = {
        "arch": "x86_64",
        "build": spec.name.build,
        "build_number": 0,
        "constrains": list(spec.constrains),
        "depends": list(spec.depends),
        "license": spec.license,
        "name": spec.name.name,
        "platform": "linux",
        "subdir": "linux-64",
        "timestamp": EPOCH * 1000,
        "version": spec.name.version,
    }
    files = {
        "info/about.json": {"home": spec.home, "license": spec.license, "summary": spec.summary},
        "info/index.json": index,
        "info/paths.json": {"paths": paths, "paths_version": 1},
    }
    contents = {name: (json.dumps(value, indent=1, sort_keys=True) + "\n").encode() for name, value in files.items()}
    contents["info/files"] = "".join(f"{path['_path']}\n" for path in paths).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in sorted(contents.items()):
            member = _member(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _member(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime = EPOCH
    member.mode = 0o644
    return member


def _compress(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_checksum=True).compress(content)


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
