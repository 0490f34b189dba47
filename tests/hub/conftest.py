"""A real hub and a real proxy in a network and a /run, /etc and /var/lib of their own (needs root, not systemd)."""

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from littlest import paths
from tests.hub.running_hub import keep_passwords, write_config
from tests.hub.world import REPOSITORY, World

PROXY_RECIPE = REPOSITORY / "recipes/configurable-http-proxy"
INSTALL_PROXY = (REPOSITORY / "scripts/environment", "build", "python", Path(__file__).with_name("install_proxy.py"))


@pytest.fixture(scope="session")
def nodejs() -> Path:
    """Our own Node.js with its npm, first in PATH from now on: Debian 12's is too old for the proxy."""
    folder = Path(subprocess.run(INSTALL_PROXY, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    return folder


@pytest.fixture(scope="session")
def proxy_program() -> list[str]:
    """The command of configurable-http-proxy: the locked one on the locked Node.js, kept in the cache."""
    digest = hashlib.sha256((PROXY_RECIPE / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("LITTLEST_CACHE", Path.home() / ".cache/littlest"))
    folder = cache / "npm" / f"proxy-for-tests-{digest}"
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        making.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROXY_RECIPE / name, making)
        subprocess.run([*INSTALL_PROXY, making], check=True, stdout=subprocess.DEVNULL)
        with contextlib.suppress(OSError):
            making.rename(folder)
    return [
        f"{folder}/node",
        f"{folder}/node_modules/configurable-http-proxy/bin/configurable-http-proxy",
    ]


@pytest.fixture
def world(proxy_program: list[str], tmp_path: Path) -> Iterator[World]:
    world = World(proxy_program, tmp_path)
    world.path(paths.COOKIE_SECRET_FILE).write_text("a" * 64)
    world.path(paths.COOKIE_SECRET_FILE).chmod(0o600)
    yield world
    world.close()


@pytest.fixture
def start(world: World, tmp_path: Path) -> Any:
    """Start hub and proxy with these settings; gives the hub's process."""

    def start(text: str) -> Any:
        write_config(world, text)
        world.start_proxy()
        keep_passwords(world, tmp_path, "teacher", "deputy")
        return world.start_hub()

    return start
