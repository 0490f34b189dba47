"""Fetches source packages of Debian with an apt configuration of its own, and checks them against the lock.

The machine's own apt may know another suite, or no sources at all; it is neither asked to nor changed.
"""

import contextlib
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from builder.cache import cache_folder, hash_file, lock, work_folder

SUITE = "trixie"
RELEASE = "debian-13"
"""The same as addresses of packages name it."""
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def fetch_source(package: str, files: Mapping[str, str]) -> list[Path]:
    """The files (name to sha256) of the source package, from the cache or through apt.

    Raises ValueError when a file's sha256 is not the lock's, and FileNotFoundError when the suite no longer has it.
    """
    folder = cache_folder("sources")
    wanted = {folder / name: sha256 for name, sha256 in files.items()}
    with lock(f"source-{package}"):
        if not all(file.exists() for file in wanted):
            with work_folder("apt") as work:
                for file in download_source(package, work, find_version(package, files)):
                    file.replace(folder / file.name)
    for file, sha256 in wanted.items():
        if not file.exists():
            raise FileNotFoundError(
                f"Debian {SUITE} no longer has {file.name}, only a newer one. Take a newer version of this project, "
                f"or refresh the lock with scripts/lock python and test what comes of it."
            )
        if hash_file(file) != sha256:
            file.unlink()
            raise ValueError(f"{file.name} is not the file that recipes/python/source.yaml names: its sha256 differs")
    return list(wanted)


def find_version(package: str, files: Iterable[str]) -> str | None:
    """The version of Debian's that the files of a source package are of; None for a package of Debian's own."""
    for name in files:
        if name.endswith(".debian.tar.xz"):
            return name.removeprefix(f"{package}_").removesuffix(".debian.tar.xz")
    return None


def download_source(package: str, work: Path, version: str | None = None) -> list[Path]:
    """Download the suite's source of `package` into `work`; apt checks its signature, and no lock is asked.

    In the wanted version while a mirror has it: the suite, its updates and its security suite differ for some days.
    The newest otherwise.
    """
    options = _write_configuration(work)
    downloads = work / "downloads"
    downloads.mkdir()
    _run(["apt-get", *options, "-qq", "update"], work)
    download = ["apt-get", *options, "-qq", "source", "--download-only"]
    if version:
        with contextlib.suppress(ChildProcessError):
            _run([*download, f"{package}={version}"], downloads)
            return sorted(downloads.iterdir())
    _run([*download, package], downloads)
    return sorted(downloads.iterdir())


def find_versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed version of each Debian package."""
    form = "${Package}=${Version}\n"
    lines = _run(["dpkg-query", "-W", "-f", form, *sorted(packages)], Path("/")).splitlines()
    return dict(line.split("=", 1) for line in lines)


def describe_package(package: str) -> str:
    """Name, version, source and release of an installed Debian package, as `builder.contents` reads them."""
    shown = _run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${source:Package}\n", package], Path("/"))
    release = platform.freedesktop_os_release()
    return f"{shown.splitlines()[0]} {release['ID']}-{release.get('VERSION_ID', 'sid')}\n"


def find_owner(file: Path) -> str:
    """The Debian package that a file of this machine belongs to."""
    # dpkg knows a file by the name it was packed with: before or after /lib became a link to /usr/lib
    for name in (file, Path("/usr") / file.relative_to("/"), Path("/", *file.parts[2:])):
        found = subprocess.run(["dpkg-query", "-S", str(name)], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise FileNotFoundError(f"no Debian package brought {file}")


def _write_configuration(work: Path) -> list[str]:
    lines = [f"deb-src [signed-by={_KEYRING}] {site} {suite} main" for site, suite in _find_mirrors()]
    (work / "sources.list").write_text("\n".join(lines) + "\n")
    for name in ("lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    values = {
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": work / "lists",
        "Dir::State::Status": work / "status",
        "Dir::Cache": work / "cache",
        # root downloads into a folder that apt's own user may not enter
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def _find_mirrors() -> list[tuple[str, str]]:
    """The mirrors that the machine's own apt takes Debian from, each with our suites that it has."""
    form = "$(SITE) $(CODENAME) $(ORIGIN)"
    found: dict[str, str] = {}
    for line in _run(["apt-get", "indextargets", "--format", form], Path("/")).splitlines():
        site, codename, *origin = line.split()
        if origin == ["Debian"] and "backports" not in codename:
            found.setdefault("security" if codename.endswith("-security") else "main", site)
    if "main" not in found:
        raise FileNotFoundError("apt of this machine knows no Debian mirror: run apt-get update first")
    mirrors = [(found["main"], SUITE), (found["main"], f"{SUITE}-updates")]
    return mirrors + ([(found["security"], f"{SUITE}-security")] if "security" in found else [])


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChildProcessError(f"{' '.join(command[:1])} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout
