"""The receipt of a release: SHA-256 of every file that was installed, in the form that `sha256sum -c` reads."""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

from littlest.machine.digests import read_digests
from littlest.machine.machine import Machine
from littlest.paths import COMPLETE_MARKER

MANIFEST_FILE = PurePosixPath("share/littlest/manifest.sha256")
"""Below the release."""
NOT_LISTED = (
    str(MANIFEST_FILE),
    COMPLETE_MARKER,
    ".littlest-incomplete",
    "_conda",
    "preconda.tar.bz2",
    "postconda.tar.bz2",
)
"""The receipt itself, and what construct/header.sh renames or removes at the end."""
FOLDERS_NOT_LISTED = ("pkgs", "install_tmp")


def write_manifest(machine: Machine, release: PurePosixPath) -> None:
    """Write the receipt of what is in the release now."""
    names = tuple(_find_files(os.fspath(machine.path(release))))
    digests = read_digests(machine.path(release), names)
    lines = (f"{digest}  {name}\n" for name, digest in zip(names, digests, strict=True))
    machine.write_file(release / MANIFEST_FILE, "".join(lines))


def find_damaged_files(machine: Machine, release: PurePosixPath) -> tuple[str, ...] | None:
    """Files of the release that are missing or changed; None when the release has no receipt."""
    text = machine.read_text(release / MANIFEST_FILE)
    if text is None:
        return None
    expected = {line[66:]: line[:64] for line in text.splitlines()}
    digests = read_digests(machine.path(release), expected)
    return tuple(name for (name, digest), found in zip(expected.items(), digests, strict=True) if found != digest)


def list_changed_files(machine: Machine, release: PurePosixPath) -> list[str] | None:
    """As `find_damaged_files`, in a fraction of a second: only a file that was written after the receipt is read.

    Every change of a file sets its `st_ctime`, which nobody can choose.
    """
    state = machine.path(release / MANIFEST_FILE)
    text = machine.read_text(release / MANIFEST_FILE)
    if text is None:
        return None
    written = state.stat().st_ctime_ns
    expected = {line[66:]: line[:64] for line in text.splitlines()}
    top = os.fspath(machine.path(release))
    suspects = {name: digest for name, digest in expected.items() if _was_touched(f"{top}/{name}", written)}
    digests = read_digests(machine.path(release), suspects)
    return [name for (name, digest), found in zip(suspects.items(), digests, strict=True) if found != digest]


def _was_touched(file: str, since: int) -> bool:
    try:
        return os.lstat(file).st_ctime_ns > since
    except OSError:
        return True


def _find_files(directory: str, below: str = "") -> Iterator[str]:
    """Yield every regular file, sorted, without compiled Python, which Python writes again."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        name = below + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__" and name not in FOLDERS_NOT_LISTED:
                yield from _find_files(entry.path, name + "/")
        # sha256sum writes names with a line break or a backslash in another form; no package has such a file
        elif entry.is_file(follow_symlinks=False) and not {"\n", "\\"} & set(name) and name not in NOT_LISTED:
            yield name
