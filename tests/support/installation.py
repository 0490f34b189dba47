"""Machines with the built installer: how tests get the installer, install it once, and keep evidence of failures."""

import fcntl
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.machine import Machine, list_machines, machines_dir
from tests.support.server import Server
from tests.support.traces import take_inventory

REPOSITORY = Path(__file__).resolve().parents[2]
EVIDENCE = REPOSITORY / "build/machines"
PREFIX = "test-"

MakeMachine = Callable[[str], Machine]


@dataclass(frozen=True)
class Installation:
    """What installing was like. The machine is stopped; all processes of a run of the tests boot copies of it.

    With LITTLEST_KEEP_INSTALLATION=1 it is kept for the next run with the same installer, which then begins at once.
    """

    machine: Machine
    seconds: float
    """From the command to the hub answering through the proxy."""
    output: str
    before: list[str]
    after: list[str]
    log: str


def find_installer() -> Path:
    """Find the built .sh; raises AssertionError where none was built."""
    given = os.environ.get("LITTLEST_INSTALLER")
    if not given:
        given = subprocess.run(
            [REPOSITORY / "scripts/build", "--print-path"], capture_output=True, text=True, check=True
        ).stdout.strip()
    path = Path(given)
    assert path.is_file(), f"there is no installer at {path}: run scripts/build first"
    return path


@contextmanager
def machines_for_tests() -> Iterator[MakeMachine]:
    """Give what makes machines that are gone when the tests end, as are those of a test run that was killed."""
    for machine in list_machines():
        # the other process of this run may remove it at the same time
        with suppress(FileNotFoundError):
            if machine.name.startswith(PREFIX) and machine.state.is_orphan():
                machine.remove()
    made: list[Machine] = []

    def make(label: str) -> Machine:
        machine = Machine(f"{PREFIX}{os.getpid()}-{label}")
        made.append(machine)
        return machine

    try:
        yield make
    finally:
        for machine in made:
            machine.remove()


def list_own_machines() -> list[Machine]:
    """List the machines that this process of the tests has made, and those that it shares with others."""
    prefixes = (f"{PREFIX}{os.getpid()}-", f"{PREFIX}{find_run()}-")
    return [machine for machine in list_machines() if machine.name.startswith(prefixes)]


def save_evidence(nodeid: str, machines: Sequence[Machine]) -> None:
    """Keep the journals of those machines that run, for whoever looks into the failure of a test."""
    folder = EVIDENCE / nodeid.rpartition("/")[2].replace("::", ".").replace("/", "-")[:120]
    for machine in machines:
        if machine.is_running():
            machine.save_evidence(folder)


def find_run() -> int:
    """Give the number of the process that lasts for the whole run: pytest-xdist's, where it shares the tests out."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def remove_shared_machines() -> None:
    """Remove what the processes of this run of the tests shared; does nothing in one that is not the last to end."""
    for machine in list_own_machines() if find_run() == os.getpid() else ():
        machine.remove()


def install_once(installer: Path, packages: Sequence[str] = ()) -> Installation:
    """Run the installer as anybody would on a fresh server without a network, or take what is installed already.

    `packages` are Debian packages that the server has next to the usual ones.
    """
    name = f"{PREFIX}{find_run()}-first"
    if os.environ.get("LITTLEST_KEEP_INSTALLATION"):
        with installer.open("rb") as file:
            name = f"kept-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    # each selection of packages is another machine
    more = hashlib.sha256(repr(tuple(packages)).encode()).hexdigest()[:6]
    machine = Machine(f"{name}-{more}" if packages else name)
    notes = machine.folder / "installation.json"
    machines_dir().mkdir(parents=True, exist_ok=True)
    with (machines_dir() / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other processes of this run wait and find it done
        if not notes.exists():
            machine.remove()
            done = install(machine, installer, packages)
            facts = ("seconds", "output", "before", "after", "log")
            notes.write_text(json.dumps({key: getattr(done, key) for key in facts}))
    return Installation(machine, **json.loads(notes.read_text()))


def install(machine: Machine, installer: Path, packages: Sequence[str] = ()) -> Installation:
    """Make a fresh machine, run the installer in it, and stop it when the hub answers."""
    machine.create(packages=packages, owner=find_run())
    machine.insert(installer, "littlest.sh")
    machine.boot()
    before = take_inventory(machine)
    start = time.monotonic()
    done = machine.run("bash /media/littlest/littlest.sh 2>&1", timeout=300)
    server = Server(machine)
    server.wait_until_ready(60)
    seconds = time.monotonic() - start
    server.network.close()
    after = take_inventory(machine)
    log = machine.run("cat /var/log/littlest/*").stdout
    machine.power_off()
    return Installation(machine, seconds, done.stdout, before, after, log)
