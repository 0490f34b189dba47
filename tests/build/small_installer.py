"""A tiny channel and an installer made of it, for the tests of the header, the packer and the seal."""

import asyncio
import functools
import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.construct import read_construct
from builder.packer import Payload, pack, solve_packages, write_packages_tar
from builder.seal import seal
from rattler.index import index_fs

from tests.support.conda_package import write_package

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
[ ! -e /opt/fail ] || { echo "the fault that was asked for"; exit "$(cat /opt/fail)"; }
while [ -e /opt/wait ]; do sleep 0.1; done
"""


def make_package(
    channel: Path, name: str, files: Mapping[str, bytes], *, depends: tuple[str, ...] = (), version: str = "1.0"
) -> Path:
    """Write one conda package of the old format; files under bin/ are executable and may name PLACEHOLDER."""
    folder = channel / "linux-64"
    folder.mkdir(parents=True, exist_ok=True)
    # a careless package: group-writable, and one file for its owner only
    modes = (0o775, 0o660)
    return write_package(folder, name, files, placeholder=PLACEHOLDER, version=version, depends=depends, modes=modes)[
        0
    ]


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


@functools.cache
def build_bootstrap() -> Path:
    """Return the real bootstrap executable, made in the build environment when the cache lacks it."""
    command = [str(TOP / "scripts" / "environment"), "build", "python", "-m", "builder.bootstrap"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def make_light_bootstrap(folder: Path) -> Path:
    """Write a bootstrap executable of the same source that is not frozen; only root can run it.

    An install starts five of them, and the real one needs half a second each to unpack itself.
    """
    path = folder / "light-bootstrap"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I {TOP}/scripts/bootstrap/littlest_bootstrap.py "$@"\n')
    path.chmod(0o755)
    return path


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


def build_installer(construct_file: Path, output: Path, *, bootstrap: Path | None = None) -> Payload:
    """Pack and seal with the project's own header, and with the real bootstrap executable if no other is given."""
    construct = read_construct(construct_file)
    packages = solve_packages(construct)
    build = construct_file.parent.parent / "build"
    user_packages = write_packages_tar(build / "channel", packages, build / "packages.tar")
    payload = pack(construct, packages, user_packages, bootstrap or build_bootstrap(), build)
    seal(construct, payload, TOP / "construct" / "header.sh", TOP / "construct" / "preflight.sh", output)
    return payload


def put_before(name: str, line: str) -> str:
    """Shell code that puts a line of shell before a command of the system, in the sandbox only."""
    script = f'#!/bin/sh\\n{line}\\nexec /opt/bin/usual/{name} "$@"\\n'
    return (
        f'where=$(readlink -f "$(command -v {name})"); mkdir -p /opt/bin/usual; cp "$where" /opt/bin/usual/{name};'
        f"printf '{script}' >/opt/bin/{name}; chmod +x /opt/bin/{name}; mount -n --bind /opt/bin/{name} \"$where\""
    )


def put_first(folder: str) -> str:
    """Shell code that puts the commands of a folder before those of the system, in the sandbox only."""
    return (
        "mkdir /opt/first /opt/usual; mount -n --bind /usr/sbin /opt/usual; ln -s /opt/usual/* /opt/first;"
        f'for one in {folder}/*; do ln -sf "$one" /opt/first; done; mount -n --bind /opt/first /usr/sbin'
    )


MOUNTS = ("opt", "var/log", "run")
SETUP = r"""
set -eu
root=$1 media=$2 extra=$3 work=$4
shift 4
mount -n --bind "$media" /mnt
mount -n -o remount,bind,ro /mnt
for place in opt var/log run; do mount -n --bind "$root/$place" "/$place"; done
eval "$extra"
cd "$work"
exec "$@"
"""


class Sandbox:
    """A server as far as the header sees it: its own /opt, /var/log and /run, no network; the rest is this machine's.

    The installer lies on a read-only file system, as on a USB stick.
    """

    def __init__(self, folder: Path, installer: Path) -> None:
        self.root = folder / "root"
        self.media = folder / "media"
        for place in (*MOUNTS, "run/systemd/system", "run/lock", "run/mount"):
            (self.root / place).mkdir(parents=True)
        (self.root / "run/mount/utab").touch()  # mount's own
        self.media.mkdir()
        self.installer = self.media / installer.name
        self.installer.hardlink_to(installer)

    def start(
        self, *words: str, shell: Sequence[str] = ("sh",), extra: str = "", work: str = "/", **more: Any
    ) -> subprocess.Popen[str]:
        """Start the installer, whose process it is; `extra` is shell code that prepares the machine."""
        # a shell cannot trap what was ignored when it started, as under nohup
        command = ["env", "--default-signal", "unshare", "--mount", "--net", "--propagation=private"]
        command += ["/bin/sh", "-c", SETUP, "setup"]
        command += [str(self.root), str(self.media), extra, work, *shell, f"/mnt/{self.installer.name}", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)

    def run(self, *words: str, **more: Any) -> tuple[int, str]:
        """Run the installer to its end; returns its status and all that it printed."""
        process = self.start(*words, **more)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def list_files(self) -> dict[str, tuple[int, int, float]]:
        """Everything that is in the places that the installer may change: mode, size and time of change."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            state = path.lstat()
            times = 0.0 if path.is_dir() else state.st_mtime
            found[str(path.relative_to(self.root))] = (state.st_mode, 0 if path.is_dir() else state.st_size, times)
        return found
