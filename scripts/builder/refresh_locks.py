"""Writes every lock under recipes/ again, with the newest versions that the registries have: scripts/lock."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from builder.cache import RECIPES, hash_file, work_folder
from builder.debian import download_source
from builder.own_packages import PROXY_RECIPE, run_npm
from builder.progress import part
from builder.resolve import resolve


def lock_nodejs() -> None:
    """Lock the wheel that carries Node.js."""
    _lock_wheels(RECIPES / "nodejs/nodejs.in")


def lock_hub() -> None:
    """Lock the wheels of the hub environment."""
    _lock_wheels(RECIPES / "hub.in")


def lock_user() -> None:
    """Lock the wheels of the user environment, at the hub's versions: the installer carries those once."""
    _lock_wheels(RECIPES / "user.in", RECIPES / "hub.txt")


def lock_bootstrap() -> None:
    """Lock what the bootstrap executable is frozen from, with the hub's rattler."""
    _lock_wheels(RECIPES / "bootstrap.in", RECIPES / "hub.txt")


def _lock_wheels(source: Path, *constraints: Path) -> None:
    source.with_suffix(".txt").write_text(resolve(source.read_text().splitlines(), constraints))


def lock_proxy() -> None:
    """Lock the proxy and what it needs, without the addresses of the registry."""
    with work_folder("lock") as work:
        shutil.copyfile(PROXY_RECIPE / "package.json", work / "package.json")
        run_npm(["install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"], work)
        content = json.loads((work / "package-lock.json").read_text())
        for name, package in content["packages"].items():
            if name and "integrity" not in package:
                raise ValueError(f"npm's lock has no checksum for {name}")
        shutil.copyfile(work / "package-lock.json", PROXY_RECIPE / "package-lock.json")


def lock_python() -> None:
    """Lock CPython's source package: the newest that Debian's suite has."""
    file = RECIPES / "python/source.yaml"
    yaml = YAML()
    yaml.width = 200
    content = yaml.load(file)
    with work_folder("lock") as work:
        found = {path.name: path for path in download_source(content["package"], work)}
        (description,) = (name for name in found if name.endswith(".dsc"))
        content["version"] = description.removeprefix(f"{content['package']}_").removesuffix(".dsc")
        wanted = [name for name in sorted(found, reverse=True) if name.endswith((".orig.tar.xz", ".debian.tar.xz"))]
        content["files"] = {name: hash_file(found[name]) for name in wanted}
    yaml.dump(content, file)


# in this order: npm runs on the locked Node.js, and the user environment and the bootstrap follow the hub's versions
LOCKS: Mapping[str, Callable[[], None]] = {
    "python": lock_python,
    "nodejs": lock_nodejs,
    "proxy": lock_proxy,
    "hub": lock_hub,
    "user": lock_user,
    "bootstrap": lock_bootstrap,
}


def main() -> int:
    """Refresh the locks that the arguments name, or all."""
    parser = argparse.ArgumentParser(prog="scripts/lock", description=__doc__)
    parser.add_argument("locks", nargs="*", metavar="LOCK", help=f"only these: {', '.join(LOCKS)}")
    wanted = parser.parse_args().locks or LOCKS
    if unknown := set(wanted) - set(LOCKS):
        parser.error(f"no such lock: {', '.join(sorted(unknown))}")
    try:
        for name, refresh in LOCKS.items():
            if name in wanted:
                with part(f"locking {name}"):
                    refresh()
    except (ValueError, ChildProcessError, FileNotFoundError) as error:
        print(f"scripts/lock: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
