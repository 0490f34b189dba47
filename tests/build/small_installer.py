"""A tiny channel and an installer made of it, for the tests of the header, the packer and the seal."""

import asyncio
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from builder.construct import read_construct
from builder.packer import Payload, pack, solve_packages, write_packages_tar
from builder.seal import seal
from rattler.index import index_fs

TOP = Path(__file__).resolve().parents[2]
VERSION = "9.9.9"
PREFIX = f"/opt/littlest/releases/{VERSION}"
PLACEHOLDER = "/opt/placehold_placehold_placehold_placehold_placehold_placehold"

CONSTRUCT = f"""\
name: Littlest
version: {VERSION}
installer_type: sh
channels:
  - ./build/channel
specs:
  - hello >=1
virtual_specs:
  - __glibc >=2.17
default_prefix: {PREFIX}
batch_mode: true
register_envs: false
initialize_conda: false
post_install: post_install.sh
extra_files:
  - ../build/packages.tar: share/littlest/packages.tar
"""

POST_INSTALL = """\
#!/bin/sh
set -eu
[ -z "${LITTLEST_EXTRACT_ONLY-}" ] || exit 0
"$PREFIX/bin/hello" >/opt/littlest/hello
echo "admin=$LITTLEST_ADMIN no_start=$LITTLEST_NO_START"
[ ! -e /opt/fail ] || { echo "the fault that was asked for"; exit 3; }
while [ -e /opt/wait ]; do sleep 0.1; done
"""


def make_package(
    channel: Path, name: str, files: Mapping[str, bytes], *, depends: tuple[str, ...] = (), version: str = "1.0"
) -> Path:
    """Write one conda package of the old format; files under bin/ are executable and may name PLACEHOLDER."""
    folder = channel / "linux-64"
    folder.mkdir(parents=True, exist_ok=True)
    index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends)}
    index |= {"subdir": "linux-64", "timestamp": 1700000000000, "license": "BSD-3-Clause"}
    paths = []
    for path, content in files.items():
        entry = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(content)}
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        if PLACEHOLDER.encode() in content:
            entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
        paths.append(entry)
    members = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        **files,
    }
    archive = folder / f"{name}-{version}-0.tar.bz2"
    with tarfile.open(archive, "w:bz2") as tar:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            # a careless package: group-writable, and one file for its owner only
            member.mode = 0o775 if path.startswith("bin/") else 0o660
            tar.addfile(member, io.BytesIO(content))
    return archive


def make_channel(folder: Path, *, weight: int = 200_000) -> Path:
    """Write a channel of two packages, one of which weighs `weight` bytes that do not compress."""
    ballast = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(weight // 32))
    script = f"#!/bin/sh\necho hello from {PLACEHOLDER}\n".encode()
    make_package(folder, "hello", {"bin/hello": script, "share/hello/ballast": ballast}, depends=("world",))
    make_package(folder, "world", {"share/world": b"world\n"})
    (folder / "noarch").mkdir(exist_ok=True)
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False))
    (folder / "environment.txt").write_text("world\n")
    return folder


def build_bootstrap() -> Path:
    """Return the real bootstrap executable, made in the build environment when the cache lacks it."""
    code = "import os,pathlib,builder.bootstrap as b; print(b.build_bootstrap(pathlib.Path(os.environ['LITTLEST_CACHE'])))"
    command = [str(TOP / "scripts" / "environment"), "build", "python", "-c", code]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def make_project(
    folder: Path, *, construct: str = CONSTRUCT, post_install: str = POST_INSTALL, weight: int = 200_000
) -> Path:
    """Write a project of construct.yaml, its script and a channel; returns construct.yaml."""
    (folder / "construct").mkdir(parents=True)
    script = folder / "construct" / "post_install.sh"
    script.write_text(post_install)
    script.chmod(0o755)
    path = folder / "construct" / "construct.yaml"
    path.write_text(construct)
    make_channel(folder / "build" / "channel", weight=weight)
    return path


def build_installer(construct_file: Path, output: Path) -> Payload:
    """Pack and seal with the project's own header."""
    construct = read_construct(construct_file)
    packages = solve_packages(construct)
    build = construct_file.parent.parent / "build"
    user_packages = write_packages_tar(build / "channel", packages, build / "packages.tar")
    payload = pack(construct, packages, user_packages, build_bootstrap(), build)
    seal(construct, payload, TOP / "construct" / "header.sh", TOP / "construct" / "preflight.sh", output)
    return payload
