"""Putting our own header before a payload, whoever made the payload.

constructor's header installs a corrupted payload, cuts with dd, and knows no lock, no log and no way back. The
payload behind it is all right, so `read_constructor_payload` takes it out of a finished installer.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from builder.construct import Construct
from builder.packer import Payload, measure_packages, read_record

END_LINE = b"@@END_HEADER@@\n"
MINIMUM_SYSTEMD = 245
"""Ubuntu 20.04's. The hub's units use nothing newer; what glibc asks for is newer than that anyway."""
HEADROOM_BYTES = 300 << 20
"""Left free beyond what we know of: bytecode, a second look of pip."""
_CONSTANTS = re.compile(r"(?<=# constants: begin\n).*?(?=# constants: end\n)", re.DOTALL)
_PREFLIGHT = re.compile(r"^# shellcheck source=construct/preflight.sh\n\. .*\n", re.MULTILINE)
_BLOCK = 1 << 20


class SealError(Exception):
    """The header or the payload is not what the seal expects."""


def seal(construct: Construct, payload: Payload, header: Path, preflight: Path, output: Path) -> None:
    """Write the installer: the header with its constants, then the payload's parts."""
    digest = hashlib.sha256()
    for block in _read_blocks(payload.parts):
        digest.update(block)
    text = render_header(construct, payload, header.read_text(), preflight.read_text(), digest.hexdigest())
    partial = output.with_name(output.name + ".part")
    with partial.open("wb") as file:
        file.write(text)
        for block in _read_blocks(payload.parts):
            file.write(block)
    partial.chmod(0o755)
    partial.rename(output)


def render_header(construct: Construct, payload: Payload, header: str, preflight: str, digest: str) -> bytes:
    """Fill the constants in; the header's own length and sha256 come last, because they depend on the rest."""
    bootstrap, tar = payload.parts
    archives = sum(package.archive.stat().st_size for package in payload.packages)
    # while it installs, the archives lie next to what is unpacked from them; the user environment comes on top
    needed = payload.installed_bytes + payload.user_bytes + archives + bootstrap.stat().st_size + HEADROOM_BYTES
    constants = {
        "product": construct.name,
        "version_here": construct.version,
        "default_prefix": str(construct.default_prefix),
        "minimum_glibc": construct.minimum_glibc,
        "minimum_systemd": MINIMUM_SYSTEMD,
        "needed_kb": needed // 1024,
        "needed_files": payload.installed_files + payload.user_files,
        "package_count": len(payload.packages),
        "bootstrap_bytes": bootstrap.stat().st_size,
        "tar_bytes": tar.stat().st_size,
        "payload_sha256": digest,
    }
    for name, value in constants.items():
        if not re.fullmatch(r"[A-Za-z0-9._/+-]+", str(value)):
            raise SealError(f"{name} is {str(value)!r}: a shell would not take it as it is")
    text = _replace_once(_PREFLIGHT, header, preflight)
    lines = [f"{name}={value}\n" for name, value in constants.items()]
    guess = 0
    while True:
        body = _replace_once(_CONSTANTS, text, "".join([*lines, f"header_bytes={guess}\nheader_sha256=\n"]))
        sealed = body.encode() + END_LINE
        length = len(sealed) + len(digest)
        if length == guess:
            break
        guess = length
    own = hashlib.sha256(sealed.replace(b"header_sha256=\n", b"", 1)).hexdigest()
    return sealed.replace(b"header_sha256=\n", f"header_sha256={own}\n".encode(), 1)


def read_constructor_payload(installer: Path, work: Path) -> Payload:
    """Take the payload out of an installer that constructor made; raises `SealError` where it has another form."""
    with installer.open("rb") as file:
        header = b""
        for line in file:
            header += line
            if line == END_LINE:
                break
        else:
            raise SealError(f"{installer} has no end-of-header line")
        sizes = []
        for number in (1, 2, 3):
            found = re.search(rb"boundary%d=\$\(\( boundary%d \+ (\d+) \)\)" % (number, number - 1), header)
            if not found:
                raise SealError(f"{installer}: its header does not say how long part {number} is")
            sizes.append(int(found.group(1)))
        if sizes[1]:
            raise SealError(f"{installer} carries a conda executable of many files; use the single-file variant")
        parts = (work / "bootstrap", work / "payload.tar")
        for part, size in zip(parts, (sizes[0], sizes[2]), strict=True):
            _copy(file, part, size)
    folder = work / "archives"
    _unpack(parts[1], folder)
    _unpack(folder / "preconda.tar.bz2", folder)
    archives = sorted([*folder.glob("pkgs/*.conda"), *folder.glob("pkgs/*.tar.bz2")])
    size, files = measure_packages(archives)
    return Payload(parts, tuple(read_record(path) for path in archives), size, files)


def _unpack(tar: Path, folder: Path) -> None:
    # the filters of extractall are younger than Debian 12's Python
    with tarfile.open(tar) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                raise SealError(f"{tar.name} holds {member.name}, which is no file below the folder")
            archive.extract(member, folder)


def _copy(source: BinaryIO, target: Path, size: int) -> None:
    with target.open("wb") as file:
        while size and (block := source.read(min(size, _BLOCK))):
            file.write(block)
            size -= len(block)
    if size:
        raise SealError(f"{target.name} is cut short by {size} bytes")


def _read_blocks(paths: tuple[Path, ...]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _replace_once(pattern: re.Pattern[str], text: str, replacement: str) -> str:
    result, count = pattern.subn(lambda _: replacement, text)
    if count != 1:
        raise SealError(f"the header has {count} places for {pattern.pattern!r}; there must be one")
    return result
