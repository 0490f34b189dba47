"""Servers to measure: disposable machines without a network, into which the built installer is installed."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks.host import Calm
from tests.support import server as site
from tests.support.machine import Machine
from tests.support.network import Network

Result = TypeVar("Result")
REPOSITORY = Path(__file__).resolve().parents[2]
INSTALL_PATIENCE = 240.0
"""Seconds after which an install is given up."""


@dataclass(frozen=True)
class Installation:
    """How an install went."""

    seconds: float
    """From the command to its end."""
    answering_after: float
    """From the command until the hub answered through the proxy, as seen from outside."""
    lines: tuple[tuple[float, str], ...]
    """What it said, each line with the seconds since the command."""


class Server(site.Server):
    """A machine that is ours to measure."""

    def __init__(self, name: str) -> None:
        machine = Machine(f"bench-{name}")
        machine.remove()  # what a bench that was killed left
        machine.create().boot()
        super().__init__(machine)
        self._students = 0

    def remove(self) -> None:
        """Remove the machine."""
        self.network.close()
        self.machine.remove()

    def reboot(self) -> None:
        """Shut the machine down, start it again and wait until its hub answers."""
        self.network.close()
        self.machine.power_off()
        self.machine.boot()
        self.network = Network(self.machine.leader)
        self.wait_until_ready()

    def install(self, installer: Path) -> Installation:
        """Run the installer, as its reader would, and wait for its end; raises RuntimeError with its words."""
        medium = self.machine.insert(installer)
        lines: list[tuple[float, str]] = []
        started = time.monotonic()

        with ThreadPoolExecutor(1) as pool:
            answering = pool.submit(self.run, wait_for_hub(self.url, INSTALL_PATIENCE), INSTALL_PATIENCE + 1)
            process = self.machine.start(["sh", "-c", 'exec bash "$1" 2>&1', "install", medium])
            assert process.stdin and process.stdout
            process.stdin.close()
            for line in process.stdout:
                lines.append((time.monotonic() - started, line.decode("utf-8", "replace").rstrip()))
            status = process.wait()
            seconds = time.monotonic() - started
            if status:
                raise RuntimeError(f"the install ended with {status}:\n" + "\n".join(line for _, line in lines))
            return Installation(seconds, answering.result(), tuple(lines))

    async def systemctl(self, *words: str) -> None:
        """Call systemctl in the machine."""
        await asyncio.to_thread(self.machine.run, ["systemctl", *words])

    def add_students(self, count: int) -> list[str]:
        """Add hub users that nobody has used yet."""
        names = [f"student-{self._students + number}" for number in range(1, count + 1)]
        self._students += count
        self.add_users(names)
        return names


@dataclass
class Stage:
    """What all measurements share."""

    installer: Path
    runs: int
    calm: Calm
    _server: Server | None = None

    @property
    def server(self) -> Server:
        """The server on which the running hub is measured; installed when it is first wanted."""
        if self._server is None:
            print("  installing a server to measure", file=sys.stderr)
            self._server = Server("hub")
            self._server.install(self.installer)
        return self._server

    def repeat(self, name: str, measure: Callable[[], Result]) -> list[Result]:
        """Measure `runs` times, each time on a calm machine."""
        results = []
        for number in range(1, self.runs + 1):
            self.calm.wait(name)
            results.append(measure())
            shown = f": {results[-1]:.2f}" if isinstance(results[-1], float) else ""
            print(f"  {name}: run {number} of {self.runs}{shown}", file=sys.stderr)
        return results

    def close(self) -> None:
        """Remove the server."""
        if self._server:
            self._server.remove()


def find_installer() -> Path:
    """The installer of this work tree; raises RuntimeError where it is not built."""
    said = subprocess.run([REPOSITORY / "scripts/build", "--print-path"], capture_output=True, text=True, check=True)
    path = Path(said.stdout.strip())
    if not path.is_file():
        raise RuntimeError(f"{path} is not built; run scripts/build first, or name another with --installer")
    return path


async def wait_for_hub(url: str, seconds: float = 60.0) -> float:
    """Wait until the hub's API answers through the proxy; gives the seconds it took, raises TimeoutError.

    It asks more often than a test needs to, and takes no hub's page for the API.
    """
    started = time.monotonic()
    async with asyncio.timeout(seconds), ClientSession(timeout=ClientTimeout(total=seconds)) as session:
        while True:
            try:
                async with session.get(f"{url}hub/api/", allow_redirects=False) as answer:
                    if answer.status == 200 and "version" in await answer.json():
                        return time.monotonic() - started
            except (ClientError, OSError):
                pass
            await asyncio.sleep(0.02)
