"""Makes the two channels: the hub's packages, and those of the user environment.

scripts/environment build python -m builder.channel --hub DIR --user DIR [--user-env FILE]
"""

import argparse
import concurrent.futures
import dataclasses
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName

from builder.cache import RECIPES, cache_folder, digest_of, digest_of_code, link_or_copy, work_folder
from builder.conda_package import PackageName, PackageSpec, write_package, write_repodata
from builder.cpython import SERIES, build_python
from builder.locks import Locked, fetch_wheels, read_changes, read_lock, read_names
from builder.own_packages import build_littlest_wheel, build_nodejs, build_proxy
from builder.progress import part, say
from builder.requirements import conda_name, list_asked, make_depends
from builder.user_environment import resolve_user_environment
from builder.wheels import Wheel, install_wheel

# read when the code is: an edit during a build is the next build\'s
_CODE = digest_of_code("channel", "wheels", "requirements", "conda_package", "compile_bytecode")


def build_hub_channel(channel: Path) -> None:
    """Make the channel of the hub environment in the folder `channel`, whose old content is replaced."""
    python, tree = build_python()
    with part("Node.js and the proxy"):
        others = [python, build_nodejs(), build_proxy()]
    littlest, sha256 = build_littlest_wheel()
    wheels = _fetch((RECIPES / "hub.txt").read_text())
    own = Wheel(littlest, sha256, {})
    wheels[own.read_distribution().name] = own
    _write_channel(channel, [*others, *_convert(wheels, python, tree)])


def build_user_channel(channel: Path, user_env: Path | None = None) -> None:
    """Make the channel of the user environment, the default set or what the file `user_env` asks for.

    Beside it comes `environment.txt`: what to install from it, one conda spec a line. Raises ValueError, in words
    for whoever wrote the file, where it asks for something that cannot be had.
    """
    python, tree = build_python()
    names = read_names()
    asked, lock_text = resolve_user_environment(user_env, names)
    wheels = _fetch(lock_text)
    _write_channel(channel, [python, *_convert(wheels, python, tree)])
    found = {name: wheel.read_distribution() for name, wheel in wheels.items()}
    specs = sorted(f"{conda_name(name, names)}=={found[name].version}" for name in list_asked(asked, found))
    version = python.name.split("-")[1]
    (channel / "environment.txt").write_text("".join(f"{spec}\n" for spec in [f"python=={version}", *specs]))
    (channel / "environment.lock").write_text(lock_text)


def _fetch(lock_text: str) -> dict[NormalizedName, Wheel]:
    locked: Sequence[Locked] = read_lock(lock_text)
    changes = read_changes()
    with part(f"fetching {len(locked)} wheels"):
        found = fetch_wheels(locked)
    wheels = {}
    for name, (file, sha256) in found.items():
        commands = changes.commands.get(name, {})
        left_out = tuple(sorted(command for command, needed in commands.items() if needed not in found))
        wheels[name] = Wheel(file, sha256, changes.requirements.get(name, {}), left_out)
    return wheels


@dataclass(frozen=True)
class _Job:
    """One wheel to be made a package, in another process."""

    wheel: Wheel
    spec: PackageSpec
    interpreter: Path
    target: Path

    def run(self) -> str:
        name = self.spec.name.name
        with work_folder(name) as work:
            rewritten = install_wheel(self.wheel, work / "tree", self.interpreter)
            write_package(dataclasses.replace(self.spec, rewritten=frozenset(rewritten)), work / "tree", self.target)
        return name


def _convert(wheels: Mapping[NormalizedName, Wheel], python: Path, tree: Path) -> list[Path]:
    """The packages of the wheels, from the cache or made now, on all cores."""
    with part(f"packing {len(wheels)} wheels"):
        jobs = _make_jobs(wheels, python, tree)
        missing = [job for job in jobs if not job.target.exists()]
        # the large ones first, so that no core waits for a late one
        missing.sort(key=lambda job: job.wheel.file.stat().st_size, reverse=True)
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            for number, name in enumerate(pool.map(_Job.run, missing), 1):
                if number % 25 == 0:
                    say(f"  {number} of {len(missing)} ({name})")
    return [job.target for job in jobs]


def _make_jobs(wheels: Mapping[NormalizedName, Wheel], python: Path, tree: Path) -> list[_Job]:
    names = read_names()
    distributions = {name: wheel.read_distribution() for name, wheel in wheels.items()}
    jobs = []
    for name, wheel in wheels.items():
        found = distributions[name]
        depends = (f"python {SERIES}.*", *make_depends(found, distributions, names))
        digest = digest_of(wheel.sha256, wheel.changes, wheel.left_out, depends, python.name, _CODE)
        package = PackageName(conda_name(name, names), str(found.version), f"py313_{digest[:8]}")
        spec = PackageSpec(package, depends, (), found.summary, found.license, found.home)
        target = cache_folder("packages") / f"{package.stem}.conda"
        jobs.append(_Job(wheel, spec, tree / f"bin/python{SERIES}", target))
    return jobs


def _write_channel(channel: Path, packages: Iterable[Path]) -> None:
    shutil.rmtree(channel, ignore_errors=True)
    folder = channel / "linux-64"
    folder.mkdir(parents=True)
    for package in packages:
        link_or_copy(package, folder / package.name)
    write_repodata(channel)
    size = sum(file.stat().st_size for file in folder.glob("*.conda"))
    say(f"{channel}: {len(list(folder.glob('*.conda')))} packages, {size / 1e6:.1f} MB")


def main() -> int:
    """Make the channels that the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m builder.channel", description="Makes the local conda channels.")
    parser.add_argument("--hub", type=Path, metavar="DIR", help="make the hub environment's channel here")
    parser.add_argument("--user", type=Path, metavar="DIR", help="make the user environment's channel here")
    parser.add_argument(
        "--user-env", type=Path, metavar="FILE", help="environment.yml or requirements.txt of a class"
    )
    arguments = parser.parse_args()
    try:
        if arguments.hub:
            build_hub_channel(arguments.hub)
        if arguments.user:
            build_user_channel(arguments.user, arguments.user_env)
    except (ValueError, ChildProcessError, FileNotFoundError) as error:
        print(f"channel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
