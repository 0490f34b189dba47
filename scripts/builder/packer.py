"""The payload of an installer, laid out as conda-constructor 3.16 lays it out, for where constructor is not.

A payload is the bootstrap executable followed by one uncompressed tar:

    preconda.tar.bz2    what must be there before the packages are linked: the explicit list, one record a package,
                        post_install.sh
    postconda.tar.bz2   what comes after: conda-meta/history
    pkgs/ARCHIVE        the packages
    any extra file      at its place in the prefix. (constructor puts these into postconda.tar.bz2. A large channel
                        would be squeezed by bzip2 a second time for nothing; the place it comes to is the same.)

The same inputs give the same bytes: sorted members, one time stamp, no owner, no fact about the building machine.
"""

import asyncio
import bz2
import io
import json
import os
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import rattler

from builder.cache import EPOCH
from builder.construct import Construct, ConstructError

PLATFORM = "linux-64"
SUBDIRS: tuple[Literal["linux-64", "noarch"], ...] = ("linux-64", "noarch")
PUBLIC_CHANNEL = "https://littlest.invalid/packages"
"""What `conda-meta` names as the packages' origin: an address that is nobody's, and not a folder of the builder's."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the channel with the record that repodata.json has of it."""

    archive: Path
    subdir: str
    record: dict[str, Any]

    @property
    def url(self) -> str:
        """The address that the installed prefix remembers."""
        return f"{PUBLIC_CHANNEL}/{self.subdir}/{self.archive.name}"


@dataclass(frozen=True, slots=True)
class Payload:
    """What follows the header, and what the header has to know about it."""

    parts: tuple[Path, Path]
    """The bootstrap executable and the tar."""
    packages: tuple[Package, ...]
    installed_bytes: int
    """What the linked prefix takes, extra files included."""
    installed_files: int
    user_packages: tuple[Package, ...] = ()
    """What the user environment's channel holds."""
    user_bytes: int = 0
    user_files: int = 0


def solve_packages(construct: Construct) -> tuple[Package, ...]:
    """Solve construct.yaml's specs on its local channels; raises `ConstructError` where that cannot be done."""
    if not construct.channels:
        raise ConstructError(f"{construct.path}: channels: the packer needs a local one, such as ./build/channel")
    channels = [rattler.Channel(str(path)) for path in construct.channels]
    machine = [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0"))
        for name, version in (("__unix", "0"), ("__linux", "5"), ("__glibc", construct.minimum_glibc))
    ]
    try:
        records = asyncio.run(
            rattler.solve(channels, list(construct.specs), platforms=list(SUBDIRS), virtual_packages=machine)
        )
    except Exception as error:  # rattler's own exceptions share no base class
        raise ConstructError(f"{construct.path}: specs: {error}") from error
    files = {record.name.normalized: (record.subdir, record.file_name) for record in records}
    ordered = rattler.PackageRecord.sort_topologically(sorted(records, key=lambda record: record.name.normalized))
    known = {
        (package.subdir, package.archive.name): package
        for channel in reversed(construct.channels)
        for package in read_channel(channel)
    }
    return tuple(known[files[record.name.normalized]] for record in ordered)


def read_channel(channel: Path) -> tuple[Package, ...]:
    """Read the records of a local channel, without what differs between two builds of it."""
    packages = []
    for subdir in SUBDIRS:
        path = channel / subdir / "repodata.json"
        if not path.is_file():
            continue
        repodata = json.loads(path.read_text())
        for key in ("packages", "packages.conda"):
            for file_name, record in sorted(repodata.get(key, {}).items()):
                record.pop("indexed_timestamp", None)
                packages.append(Package(channel / subdir / file_name, subdir, record))
    return tuple(packages)


def read_record(archive: Path) -> Package:
    """Read the record that lies next to an unpacked payload's archive, in `STEM/info/repodata_record.json`."""
    stem = archive.name.removesuffix(".conda").removesuffix(".tar.bz2")
    record = json.loads((archive.parent / stem / "info" / "repodata_record.json").read_text())
    return Package(archive, record["subdir"], record)


def pack(
    construct: Construct,
    packages: tuple[Package, ...],
    user_packages: tuple[Package, ...],
    bootstrap: Path,
    work: Path,
) -> Payload:
    """Write the payload's tar into `work`."""
    tar = work / "payload.tar"
    pre = [
        (
            ".installer.info",
            _json({"name": construct.name, "platform": PLATFORM, "version": construct.version}),
            0o644,
        ),
        ("pkgs/.constructor-build.info", _json({"made_by": "the packer of " + construct.name}), 0o644),
        ("pkgs/urls", _lines(f"{package.url}#{package.record['md5']}" for package in packages), 0o644),
        ("pkgs/urls.txt", _lines(package.url for package in packages), 0o644),
        ("conda-meta/initial-state.explicit.txt", _explicit_list(packages), 0o644),
        ("pkgs/post_install.sh", construct.post_install.read_bytes(), 0o755),
        *((_record_name(package), _record(package), 0o644) for package in packages),
        ("conda-meta/history", b"", 0o644),
    ]
    post = [("conda-meta/history", _history(construct, packages), 0o644)]
    with tar.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        add_bytes(archive, "preconda.tar.bz2", bz2.compress(_tar(pre)))
        add_bytes(archive, "postconda.tar.bz2", bz2.compress(_tar(post)))
        for source, target in construct.extra_files:
            add_file(archive, str(target), source)
        for package in sorted(packages, key=lambda package: package.archive.name):
            add_file(archive, f"pkgs/{package.archive.name}", package.archive)
    extra = sum(source.stat().st_size for source, _ in construct.extra_files)
    size, files = measure_packages(package.archive for package in packages)
    user_size, user_files = measure_packages(package.archive for package in user_packages)
    files += len(construct.extra_files) + 2 * len(packages)
    return Payload((bootstrap, tar), packages, size + extra, files, user_packages, user_size, user_files)


def write_packages_tar(channel: Path, hub_packages: Iterable[Package], output: Path) -> tuple[Package, ...]:
    """Put the user environment's channel into one tar, which construct.yaml names among its extra files.

    Packages that the hub environment has as well are only named, in `from-release.txt`: they travel once, and
    post_install.sh links them. Returns all the packages of the channel.
    """
    packages = read_channel(channel)
    shared = {(package.archive.name, package.record["sha256"]) for package in hub_packages}
    named = [package for package in packages if (package.archive.name, package.record["sha256"]) in shared]
    with output.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for subdir in SUBDIRS:
            add_bytes(archive, f"{subdir}/repodata.json", _repodata(subdir, packages))
        add_bytes(archive, "environment.txt", (channel / "environment.txt").read_bytes())
        add_bytes(
            archive, "from-release.txt", _lines(f"{package.subdir}/{package.archive.name}" for package in named)
        )
        for package in packages:
            if package not in named:
                add_file(archive, f"{package.subdir}/{package.archive.name}", package.archive)
    return packages


def _repodata(subdir: str, packages: tuple[Package, ...]) -> bytes:
    tables: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for package in packages:
        if package.subdir == subdir:
            key = "packages.conda" if package.archive.suffix == ".conda" else "packages"
            tables[key][package.archive.name] = package.record
    return _json({"info": {"subdir": subdir}, **tables, "removed": [], "repodata_version": 1})


def measure_packages(archives: Iterable[Path]) -> tuple[int, int]:
    """Add up what packages take when they are unpacked: bytes (in whole blocks) and files."""
    size = files = 0
    for archive in archives:
        for entry in rattler.PathsJson.from_package_archive(archive).paths:
            files += 1
            size += -(-(entry.size_in_bytes or 0) // 4096) * 4096
    return size, files


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Add a member that tells nothing about the machine it was made on."""
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), mode, EPOCH
    archive.addfile(member, io.BytesIO(content))


def add_file(archive: tarfile.TarFile, name: str, source: Path) -> None:
    """The same with a file's content; its mode becomes 0644, or 0755 where its owner may execute it."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime = source.stat().st_size, EPOCH
    member.mode = 0o755 if os.access(source, os.X_OK) else 0o644
    with source.open("rb") as file:
        archive.addfile(member, file)


def _tar(members: list[tuple[str, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content, mode in members:
            add_bytes(archive, name, content, mode)
    return buffer.getvalue()


def _explicit_list(packages: tuple[Package, ...]) -> bytes:
    # constructor writes md5 here and conda checks it; the sha256 is in each package's record
    return _lines(
        [
            "# Every package of this installer, for conda's `install --file`",
            f"# platform: {PLATFORM}",
            "@EXPLICIT",
            *(f"{package.url}#{package.record['md5']}" for package in packages),
        ]
    )


def _history(construct: Construct, packages: tuple[Package, ...]) -> bytes:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(EPOCH))
    names = (f"+{PUBLIC_CHANNEL}/{package.subdir}::{_stem(package)}" for package in packages)
    return _lines([f"==> {stamp} <==", "# cmd: packer", *names, f"# update specs: {list(construct.specs)}"])


def _record_name(package: Package) -> str:
    return f"pkgs/{_stem(package)}/info/repodata_record.json"


def _record(package: Package) -> bytes:
    origin = {"fn": package.archive.name, "url": package.url, "channel": f"{PUBLIC_CHANNEL}/{package.subdir}"}
    return _json(package.record | origin)


def _stem(package: Package) -> str:
    return package.archive.name.removesuffix(".conda").removesuffix(".tar.bz2")


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
