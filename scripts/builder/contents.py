"""What is inside a conda package that scanners know by another name: of PyPI, of npm, of Debian."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

from conda_package_streaming.package_streaming import stream_conda_component

from builder.requirements import read_distribution

DEBIAN_NOTE = "debian-package"
"""Below share/doc/NAME: name, version, source and release of the Debian package that files come from."""


_DEBIAN_LICENSES = {
    "bzip2": "bzip2-1.0.6",
    "libffi": "MIT",
    "ncurses": "X11-distribute-modifications-variant",
    "openssl": "Apache-2.0",
    "python3.13": "PSF-2.0",
    "readline": "GPL-3.0-or-later",
    "sqlite3": "blessing",
    "util-linux": "BSD-3-Clause",
    "xz-utils": "LicenseRef-public-domain",
    "zlib": "Zlib",
}
"""Of the libraries in Python, by source package; Debian's copyright files have no field for it."""

_LICENSE_TEXTS = {"Modified BSD License": "BSD-3-Clause"}
"""What is in a licence's text, where a package has that in the place of the licence's name."""


@dataclass(frozen=True, slots=True)
class Content:
    """Something inside a package, with its address for scanners (https://github.com/package-url/purl-spec)."""

    name: str
    version: str
    purl: str
    license: str = ""


def read_contents(archive: Path) -> tuple[Content, ...]:
    """Return what a package's files say that they are, sorted by address."""
    found = {content.purl: content for content in _read_files(archive)}
    return tuple(found[purl] for purl in sorted(found))


def _read_files(archive: Path) -> Iterator[Content]:
    component = "pkg" if archive.suffix == ".conda" else "info"
    for tar, member in stream_conda_component(archive, component=component):
        path = PurePosixPath(member.name)
        if not member.isfile():
            continue
        # the package of a whole distribution, not one that another carries inside
        if path.name == "METADATA" and path.parent.suffix == ".dist-info" and path.parts[-3:-2] == ("site-packages",):
            yield _read_wheel(_read(tar.extractfile(member)))
        elif path.name == "package.json" and "node_modules" in path.parts[:-1]:
            yield from _read_npm(_read(tar.extractfile(member)), path)
        elif path.name == DEBIAN_NOTE:
            yield _read_debian(_read(tar.extractfile(member)))


def _read(stream: IO[bytes] | None) -> str:
    return "" if stream is None else stream.read().decode(errors="replace")


def _read_wheel(metadata: str) -> Content:
    found = read_distribution(metadata)
    version = str(found.version)
    license_ = found.license or next((name for words, name in _LICENSE_TEXTS.items() if words in metadata), "")
    return Content(found.name, version, f"pkg:pypi/{found.name}@{quote(version)}", license_)


def _read_npm(text: str, path: PurePosixPath) -> Iterator[Content]:
    # node_modules/NAME or node_modules/@SCOPE/NAME, and nothing deeper: packages carry such files for their parts
    last = max(number for number, part in enumerate(path.parts) if part == "node_modules")
    name = "/".join(path.parts[last + 1 : -1])
    content: dict[str, Any] = json.loads(text)
    if name != content.get("name") or not content.get("version"):
        return
    version, license_ = str(content["version"]), content.get("license") or ""
    purl = f"pkg:npm/{quote(name, safe='/')}@{quote(version)}"
    yield Content(name, version, purl, license_ if isinstance(license_, str) else license_.get("type", ""))


def _read_debian(text: str) -> Content:
    name, version, source, release = text.split()
    purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch=amd64&distro={release}&upstream={source}"
    return Content(name, version, purl, _DEBIAN_LICENSES.get(source, ""))
