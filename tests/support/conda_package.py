"""A conda package of the old format, as small as one can be: for channels that a test makes."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_package(
    folder: Path,
    name: str,
    files: Mapping[str, bytes],
    *,
    placeholder: str,
    version: str = "1.0",
    depends: Sequence[str] = (),
    modes: tuple[int, int] = (0o755, 0o644),
) -> tuple[Path, dict[str, Any]]:
    """Write a package into a channel's `linux-64` folder; gives its file and its entry in `repodata.json`.

    Files that name `placeholder` have it replaced by the prefix when they are installed. `modes` are the permissions
    of what is in `bin/`, and of everything else.
    """
    index: dict[str, Any] = {"name": name, "version": version, "build": "0", "build_number": 0}
    index |= {"depends": list(depends), "subdir": "linux-64", "arch": "x86_64", "platform": "linux"}
    index |= {"timestamp": 1700000000000, "license": "BSD-3-Clause"}
    members = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": _list_paths(files, placeholder), "paths_version": 1}).encode(),
        **files,
    }
    file = folder / f"{name}-{version}-0.tar.bz2"
    with tarfile.open(file, "w:bz2") as archive:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = modes[0] if path.startswith("bin/") else modes[1]
            archive.addfile(member, io.BytesIO(content))
    content = file.read_bytes()
    digests = {"md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest()}
    return file, {**index, **digests, "size": len(content)}


def _list_paths(files: Mapping[str, bytes], placeholder: str) -> list[dict[str, Any]]:
    listed = []
    for path, content in files.items():
        entry: dict[str, Any] = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(content)}
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        if placeholder.encode() in content:
            entry |= {"prefix_placeholder": placeholder, "file_mode": "text"}
        listed.append(entry)
    return listed
