"""Turns one wheel into one conda package: the layout of an installed wheel (PyPA's binary distribution format)."""

import base64
import configparser
import csv
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.conda_package import PLACEHOLDER
from builder.requirements import Distribution, change_requirements, read_distribution

SITE_PACKAGES = "lib/python3.13/site-packages"
_DATA_FOLDERS = {"purelib": SITE_PACKAGES, "platlib": SITE_PACKAGES, "scripts": "bin", "data": ""}
_LAUNCHER = """\
#!{placeholder}/bin/python
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({function}())
"""


@dataclass(frozen=True)
class Wheel:
    """A wheel file, with what recipes/metadata.yaml changes in it."""

    file: Path
    sha256: str
    changes: Mapping[str, list[str]]
    left_out: tuple[str, ...] = ()
    """Commands that could not start."""

    def read_metadata(self) -> str:
        """The text of its METADATA, changed."""
        with zipfile.ZipFile(self.file) as archive:
            return change_requirements(archive.read(f"{_find_dist_info(archive)}/METADATA").decode(), self.changes)

    def read_distribution(self) -> Distribution:
        """What its METADATA says, changed."""
        return read_distribution(self.read_metadata())


def install_wheel(wheel: Wheel, tree: Path, python: Path) -> set[str]:
    """Lay the wheel out under `tree` as under a prefix, bytecode included; returns the files that name the prefix.

    `python` is the interpreter of the target. Raises ValueError for a wheel whose content is not what its RECORD says
    or that puts a file outside the prefix.
    """
    with zipfile.ZipFile(wheel.file) as archive:
        dist_info = _find_dist_info(archive)
        _check_record(archive, dist_info)
        for entry in archive.infolist():
            if not entry.is_dir():
                _write(
                    tree,
                    _place(entry.filename, dist_info),
                    archive.read(entry),
                    bool(entry.external_attr >> 16 & 0o111),
                )
        entry_points = _read_optional(archive, f"{dist_info}/entry_points.txt")
    folder = tree / SITE_PACKAGES / dist_info
    (folder / "METADATA").write_text(wheel.read_metadata(), newline="\n")
    (folder / "INSTALLER").write_text("conda\n")
    for signature in ("RECORD.jws", "RECORD.p7s"):
        (folder / signature).unlink(missing_ok=True)
    if wheel.left_out:
        commands = "|".join(map(re.escape, wheel.left_out))
        entry_points = re.sub(rf"^({commands})\s*=.*\n?", "", entry_points, flags=re.MULTILINE)
        (folder / "entry_points.txt").write_text(entry_points)
    rewritten = _rewrite_scripts(tree) | _write_launchers(tree, entry_points) | _rewrite_kernels(tree)
    script = Path(__file__).with_name("compile_bytecode.py")
    environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([python, "-I", "-S", script, tree / SITE_PACKAGES], check=True, env=environment)
    _write_record(tree, folder / "RECORD", rewritten)
    return rewritten


def _find_dist_info(archive: zipfile.ZipFile) -> str:
    (found,) = {name.split("/")[0] for name in archive.namelist() if re.match(r"[^/]+\.dist-info/", name)}
    return found


def _read_optional(archive: zipfile.ZipFile, name: str) -> str:
    return archive.read(name).decode() if name in archive.namelist() else ""


def _check_record(archive: zipfile.ZipFile, dist_info: str) -> None:
    rows = csv.reader(io.StringIO(archive.read(f"{dist_info}/RECORD").decode()))
    recorded = {row[0]: row[1] for row in rows if row}
    for name in archive.namelist():
        if name.endswith("/") or re.fullmatch(rf"{re.escape(dist_info)}/RECORD(\.jws|\.p7s)?", name):
            continue
        algorithm, _, digest = recorded.get(name, "").partition("=")
        if not digest or _hash(archive.read(name), algorithm) != digest:
            raise ValueError(f"{Path(str(archive.filename)).name}: {name} is not what its RECORD says")


def _hash(content: bytes, algorithm: str = "sha256") -> str:
    return base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).decode().rstrip("=")


def _place(name: str, dist_info: str) -> str:
    """Where a wheel's member goes, relative to the prefix."""
    data = dist_info.removesuffix(".dist-info") + ".data/"
    if not name.startswith(data):
        return f"{SITE_PACKAGES}/{name}"
    kind, _, rest = name.removeprefix(data).partition("/")
    if kind == "headers":
        return f"include/python3.13/{dist_info.partition('-')[0]}/{rest}"
    if kind not in _DATA_FOLDERS:
        raise ValueError(f"a wheel has no such folder: {data}{kind}")
    return f"{_DATA_FOLDERS[kind]}/{rest}".lstrip("/")


def _write(tree: Path, name: str, content: bytes, executable: bool) -> None:
    if name.startswith("/") or ".." in Path(name).parts:
        raise ValueError(f"a wheel puts a file outside the prefix: {name}")
    file = tree / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o755 if executable or name.startswith("bin/") else 0o644)


def _rewrite_scripts(tree: Path) -> set[str]:
    """The scripts that a wheel brings: their `#!python` means the interpreter of the prefix."""
    rewritten = set()
    for file in sorted(tree.glob("bin/*")):
        first, newline, rest = file.read_bytes().partition(b"\n")
        if re.match(rb"#!pythonw?(\s|$)", first):
            file.write_bytes(re.sub(rb"^#!pythonw?", f"#!{PLACEHOLDER}/bin/python".encode(), first) + newline + rest)
            rewritten.add(file.relative_to(tree).as_posix())
    return rewritten


def _write_launchers(tree: Path, entry_points: str) -> set[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names of commands keep their capitals
    parser.read_string(entry_points)
    rewritten = set()
    for group in ("console_scripts", "gui_scripts"):
        for name, value in parser[group].items() if parser.has_section(group) else ():
            # `package.module:object.attribute [extra]`
            module, _, function = value.split("[")[0].replace(" ", "").partition(":")
            text = _LAUNCHER.format(
                placeholder=PLACEHOLDER, module=module, function=function, first=function.split(".")[0]
            )
            _write(tree, f"bin/{name}", text.encode(), executable=True)
            rewritten.add(f"bin/{name}")
    return rewritten


def _rewrite_kernels(tree: Path) -> set[str]:
    """Kernels start with the interpreter of their own environment.

    jupyter_client takes a bare `python` for the interpreter of the notebook *server*, which lives in another one.
    """
    rewritten = set()
    for file in sorted(tree.glob("share/jupyter/kernels/*/kernel.json")):
        kernel = json.loads(file.read_text())
        if kernel["argv"][0] in ("python", "python3"):
            kernel["argv"][0] = f"{PLACEHOLDER}/bin/python"
            file.write_text(json.dumps(kernel, indent=1) + "\n")
            rewritten.add(file.relative_to(tree).as_posix())
    return rewritten


def _write_record(tree: Path, record: Path, rewritten: set[str]) -> None:
    site = tree / SITE_PACKAGES
    rows = []
    for file in sorted(file for file in tree.rglob("*") if file.is_file()):
        name = file.relative_to(tree).as_posix()
        inside = file.is_relative_to(site)
        # paths in RECORD are relative to site-packages
        listed = file.relative_to(site).as_posix() if inside else f"../../../{name}"
        content = file.read_bytes()
        # what changes at install, and bytecode, has no hash (PyPA's recording of installed projects)
        plain = name not in rewritten and file.suffix != ".pyc" and file != record
        rows.append((listed, f"sha256={_hash(content)}" if plain else "", str(len(content)) if plain else ""))
    if not record.exists():
        rows.append((record.relative_to(site).as_posix(), "", ""))
    with record.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(sorted(rows))
