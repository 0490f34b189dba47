"""The standalone executable inside the installer: conda's part of the work, where no conda is.

It speaks the four calls that an installer made by conda-constructor makes, and nothing else:

    _conda --version
    _conda constructor --prefix P --extract-tarball        (a tar on standard input)
    _conda constructor --prefix P --extract-conda-pkgs
    _conda install --offline --file LIST -yp P

`scripts/builder/bootstrap.py` makes one executable of it with PyInstaller. It never opens a network connection.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "1"
MANIFEST = Path("share/littlest/manifest.sha256")
ARCHIVE_SUFFIXES = (".conda", ".tar.bz2")


class BootstrapError(Exception):
    """The payload is not as it should be; the message says how."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the explicit list and where its archive and its record lie."""

    url: str
    archive: Path
    record: dict[str, Any]


def main(arguments: list[str]) -> int:
    """Run one call; returns the exit status."""
    parser = make_parser()
    asked = parser.parse_args(arguments)
    if "call" not in asked:
        parser.error("nothing to do")
    try:
        asked.call(asked)
    except (BootstrapError, OSError, tarfile.TarError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Build the command line; flags that conda has and that change nothing here are accepted and ignored."""
    parser = argparse.ArgumentParser(prog="_conda", description="Unpacks and links packages. Offline only.")
    parser.add_argument("--version", action="version", version=f"littlest-bootstrap {VERSION}")
    calls = parser.add_subparsers()

    constructor = calls.add_parser("constructor", help="unpack parts of an installer")
    constructor.add_argument("--prefix", type=Path, required=True)
    what = constructor.add_mutually_exclusive_group(required=True)
    what.add_argument("--extract-tarball", dest="call", action="store_const", const=extract_tarball)
    what.add_argument("--extract-conda-pkgs", dest="call", action="store_const", const=extract_packages)

    install = calls.add_parser("install", help="link the packages of an explicit list into a prefix")
    install.add_argument("--offline", action="store_true", required=True)
    install.add_argument("--file", type=Path, required=True)
    install.add_argument("-p", "--prefix", type=Path, required=True)
    install.add_argument("-y", "--yes", action="store_true")
    install.add_argument("--no-shortcuts", action="store_true")
    install.add_argument("--no-rc", action="store_true")
    install.set_defaults(call=install_packages)
    return parser


def extract_tarball(asked: argparse.Namespace) -> None:
    """Unpack the tar on standard input into the prefix, refusing members that would leave it."""
    with tarfile.open(mode="r|*", fileobj=sys.stdin.buffer) as archive:
        archive.extractall(asked.prefix, filter="data")
    # a pipe that is not read to its end kills its writer
    while sys.stdin.buffer.read(1 << 20):
        pass


def extract_packages(asked: argparse.Namespace) -> None:
    """See that every archive under `pkgs` has its record.

    Nothing is unpacked yet: `install` checks the archives, unpacks them into the package cache and links them from
    there in one go, in parallel.
    """
    folder = asked.prefix / "pkgs"
    for path in folder.iterdir():
        if path.name.endswith(ARCHIVE_SUFFIXES):
            read_record(path)


def install_packages(asked: argparse.Namespace) -> None:
    """Unpack and link every package of the list, write `conda-meta` and the manifest of the files installed."""
    prefix = asked.prefix.resolve()
    packages = read_explicit_list(asked.file, prefix / "pkgs")
    check_archives([(package.archive, package.record) for package in packages])
    cache = prefix / "pkgs" / ".unpacked"
    asyncio.run(link_packages(packages, prefix, cache))
    shutil.rmtree(cache)
    (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)  # the prefix is no cache: backups must not skip it
    write_manifest(prefix, correct_prefix_records(prefix, packages))


def read_explicit_list(path: Path, folder: Path) -> list[Package]:
    """Read a list in conda's explicit format: `@EXPLICIT`, then `URL#md5` or `URL#sha256` a line.

    Raises `BootstrapError` where a hash of the list is not the one of the package's record.
    """
    lines = [line.strip() for line in path.read_text().splitlines()]
    packages = []
    for line in lines:
        if not line or line.startswith(("#", "@EXPLICIT")):
            continue
        url, _, digest = line.partition("#")
        name = url.rpartition("/")[2]
        record = read_record(folder / name)
        digest = digest.removeprefix("sha256:")
        if digest and digest not in (record.get("md5"), record.get("sha256")):
            raise BootstrapError(f"{name}: the list and the package's record disagree about its hash")
        packages.append(Package(url, folder / name, record))
    if not packages:
        raise BootstrapError(f"{path} lists no packages")
    return packages


def read_record(archive: Path) -> dict[str, Any]:
    """Read the `repodata_record.json` that came with an archive."""
    record: dict[str, Any] = json.loads(find_record(archive).read_text())
    return record


def find_record(archive: Path) -> Path:
    """Where an archive's `repodata_record.json` lies; raises `BootstrapError` for what is no archive."""
    for suffix in ARCHIVE_SUFFIXES:
        if archive.name.endswith(suffix):
            return archive.with_name(archive.name.removesuffix(suffix)) / "info" / "repodata_record.json"
    raise BootstrapError(f"{archive.name} is no conda package")


def check_archives(pairs: Iterable[tuple[Path, dict[str, Any]]]) -> None:
    """Compare each archive's size and sha256 with its record; raises `BootstrapError` naming all that differ."""

    def find_fault(pair: tuple[Path, dict[str, Any]]) -> str | None:
        path, record = pair
        if not path.is_file():
            return f"{path.name} is missing"
        if not record.get("sha256"):
            return f"{path.name} has no sha256 in its record"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return None if digest == record["sha256"] else f"{path.name} is damaged"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(find_fault, pairs) if fault]
    if faults:
        raise BootstrapError("; ".join(faults))


async def link_packages(packages: list[Package], prefix: Path, cache: Path) -> None:
    """Let rattler unpack the archives into `cache` and link them into the prefix."""
    import rattler  # noqa: PLC0415  # costs 0.1 s that the other calls need not pay

    records = []
    for package in packages:
        record = rattler.PackageRecord.from_index_json(
            find_record(package.archive),
            size=package.record.get("size"),
            sha256=package.record["sha256"],
            md5=package.record.get("md5"),
        )
        local = package.archive.as_uri()
        records.append(rattler.RepoDataRecord(record, package.archive.name, local, local.rpartition("/")[0]))
    await rattler.install(
        records, target_prefix=prefix, cache_dir=cache, show_progress=False, execute_link_scripts=True
    )


def correct_prefix_records(prefix: Path, packages: list[Package]) -> dict[str, str]:
    """Say in `conda-meta` where the packages came from, not where they lay for a moment.

    Returns the sha256 of every regular file installed, by its path in the prefix.
    """
    urls = {package.archive.name: (package.url, package.record.get("channel")) for package in packages}
    digests = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text())
        record["url"], record["channel"] = urls[record["fn"]]
        for key in ("extracted_package_dir", "package_tarball_full_path", "link"):
            record.pop(key, None)
        path.write_text(json.dumps(record, indent=1) + "\n")
        for entry in record["paths_data"]["paths"]:
            name = entry["_path"]
            digest = entry.get("sha256_in_prefix") or entry.get("sha256")
            if entry["path_type"] in ("softlink", "directory"):
                continue
            digests[name] = digest or hashlib.sha256((prefix / name).read_bytes()).hexdigest()
    return digests


def write_manifest(prefix: Path, digests: dict[str, str]) -> None:
    """Write the installed files' sha256 in the form of `sha256sum -c`, run in the prefix."""
    path = prefix / MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
