"""How long a build takes, and how large what it makes is."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.stage import REPOSITORY, Stage
from tests.support.debian import cache_dir


def measure_size(stage: Stage) -> list[Figure]:
    """the size of the installer"""
    return [Figure("installer", "MB", (stage.installer.stat().st_size / 1e6,), goal=300)]


def measure_warm_build(stage: Stage) -> list[Figure]:
    """a build with nothing changed, and one after a change to one file of littlest/"""
    with tempfile.TemporaryDirectory(prefix="littlest-bench-") as folder:
        tree = copy_work_tree(Path(folder) / "tree")
        build(tree, cache_dir())
        unchanged = stage.repeat("warm build, nothing changed", lambda: build(tree, cache_dir()))

        def change_and_build() -> float:
            module = tree / "littlest/report.py"
            module.write_text(f"{module.read_text()}\n# {time.time_ns()}\n")
            return build(tree, cache_dir())

        changed = stage.repeat("warm build, one file changed", change_and_build)
    return [
        Figure("warm build, nothing changed", "s", tuple(unchanged), goal=60),
        Figure("warm build, one file of littlest/ changed", "s", tuple(changed), goal=60),
    ]


def measure_clean_build(_stage: Stage) -> list[Figure]:
    """a build from nothing but the registries, once: it takes many minutes"""
    with tempfile.TemporaryDirectory(prefix="littlest-bench-", dir=cache_dir()) as folder:
        tree = copy_work_tree(Path(folder) / "tree")
        seconds = build(tree, Path(folder) / "cache")
    return [Figure("clean build", "s", (seconds,), note="one run, with the download of every source")]


def build(tree: Path, cache: Path) -> float:
    """Build a tree's installer with that cache; gives the seconds it took, and raises RuntimeError when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        [tree / "scripts/build", "--output", tree / "dist"],
        env=os.environ | {"LITTLEST_CACHE": str(cache)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"scripts/build ended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        )
    return time.monotonic() - started


def copy_work_tree(target: Path) -> Path:
    """Copy what git would commit: measuring must not touch the files of whoever works here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = REPOSITORY / name
        if source.exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target
