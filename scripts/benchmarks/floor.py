"""The floor of an install: reading, decompressing and writing the packages of the installer, and nothing else.

No checksums, no links, no bytecode, no services; each package once, as archive members in the order in which they
are in the file. zstd(1) decompresses on one core while tar(1) writes on another.
"""

import io
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

PACKAGES_TAR = "share/littlest/packages.tar"


def lay_down(installer: Path, target: Path) -> float:
    """Write the content of every package of an installer below `target`; gives the seconds that it took.

    Raises CalledProcessError when zstd or tar fails.
    """
    target.mkdir(parents=True)
    started = time.monotonic()
    with (
        subprocess.Popen(["zstd", "-dcq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as zstd,
        # packages are archives one after another, so a block of zeros is not the end
        subprocess.Popen(["tar", "-xif", "-", "-C", str(target)], stdin=zstd.stdout) as tar,
    ):
        assert zstd.stdin and zstd.stdout
        zstd.stdout.close()
        for stream in read_streams(installer):
            zstd.stdin.write(stream)
        zstd.stdin.close()
    seconds = time.monotonic() - started
    for process in (zstd, tar):
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
    return seconds


def read_streams(installer: Path) -> Iterator[bytes]:
    """Give the compressed archives inside every .conda package of an installer."""
    with installer.open("rb") as file:
        file.seek(find_tar(installer))
        with tarfile.open(fileobj=file, mode="r|") as payload:
            for member in payload:
                if not member.isfile():
                    continue
                content = cast(IO[bytes], payload.extractfile(member))
                if member.name.endswith(".conda"):
                    yield from read_package(content)
                elif member.name == PACKAGES_TAR:
                    with tarfile.open(fileobj=content, mode="r|") as packages:
                        for package in packages:
                            if package.name.endswith(".conda"):
                                yield from read_package(cast(IO[bytes], packages.extractfile(package)))


def read_package(content: IO[bytes]) -> Iterator[bytes]:
    """Give the two zstd streams of a .conda package (CEP 2: a zip of stored members)."""
    with zipfile.ZipFile(io.BytesIO(content.read())) as package:
        for name in package.namelist():
            if name.endswith(".tar.zst"):
                yield package.read(name)


def find_tar(installer: Path) -> int:
    """Where the payload's tar begins, in bytes, from the constants that the seal wrote into the header."""
    constants = {}
    with installer.open("rb") as file:
        for line in file:
            if line.startswith(b"# constants: end"):
                break
            key, _, value = line.decode().strip().partition("=")
            constants[key] = value
    return int(constants["header_bytes"]) + int(constants["bootstrap_bytes"])
