"""Machines with the built installer. Installing is dear: one installation is made, stopped, and then copied."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.machine import Machine, list_machines
from tests.support.server import Server
from tests.support.traces import take_inventory

REPOSITORY = Path(__file__).resolve().parents[2]
EVIDENCE = REPOSITORY / "build/machines"
PREFIX = "test-"

MakeMachine = Callable[[str], Machine]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.machine)
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def installer() -> Path:
    """The built .sh, the whole of what is tested here."""
    given = os.environ.get("LITTLEST_INSTALLER")
    if not given:
        given = subprocess.run(
            [REPOSITORY / "scripts/build", "--print-path"], capture_output=True, text=True, check=True
        ).stdout.strip()
    path = Path(given)
    assert path.is_file(), f"there is no installer at {path}: run scripts/build first"
    return path


@pytest.fixture(scope="session")
def make_machine() -> Iterator[MakeMachine]:
    """Makes machines that are gone when the tests end, as are those of a test run that was killed."""
    for machine in list_machines():
        if machine.name.startswith(PREFIX) and machine.state.is_orphan():
            machine.remove()
    made: list[Machine] = []

    def make(label: str) -> Machine:
        machine = Machine(f"{PREFIX}{os.getpid()}-{label}")
        made.append(machine)
        return machine

    yield make
    for machine in made:
        machine.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep the journals of this run's machines when a test fails."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed and item.get_closest_marker("machine"):
        folder = EVIDENCE / item.nodeid.split("/")[-1].replace("::", ".").replace("/", "-")[:120]
        for machine in list_machines():
            if machine.name.startswith(f"{PREFIX}{os.getpid()}-") and machine.is_running():
                machine.save_evidence(folder)


@pytest.fixture(scope="session")
def bare(make_machine: MakeMachine, installer: Path) -> Machine:
    """A fresh Debian 12 with the installer on a read-only medium. Tests leave it as they found it."""
    machine = make_machine("bare").create()
    machine.insert(installer, "littlest.sh")
    return machine.boot()


@dataclass(frozen=True)
class Installation:
    """What installing was like. The machine is stopped; copies of it are booted.

    With LITTLEST_KEEP_INSTALLATION=1 it is kept for the next run with the same installer, which then begins at once.
    """

    machine: Machine
    seconds: float
    """From the command to the hub answering through the proxy."""
    output: str
    before: list[str]
    after: list[str]
    log: str


@pytest.fixture(scope="session")
def installation(make_machine: MakeMachine, installer: Path) -> Installation:
    """The installer, run as anybody would run it on a fresh server without a network."""
    if not os.environ.get("LITTLEST_KEEP_INSTALLATION"):
        return install(make_machine("first"), installer)
    with installer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    machine = Machine(f"kept-{digest}")
    notes = machine.folder / "installation.json"
    if notes.exists():
        return Installation(machine, **json.loads(notes.read_text()))
    machine.remove()
    done = install(machine, installer)
    notes.write_text(json.dumps({key: getattr(done, key) for key in ("seconds", "output", "before", "after", "log")}))
    return done


def install(machine: Machine, installer: Path) -> Installation:
    """Make a fresh machine, run the installer in it, and stop it when the hub answers."""
    machine.create()
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


@pytest.fixture(scope="session")
def server(installation: Installation, make_machine: MakeMachine) -> Iterator[Server]:
    """The installed server after a reboot, shared by the tests that leave it working."""
    server = Server(installation.machine.clone(make_machine("shared").name).boot())
    server.wait_until_ready()
    yield server
    server.network.close()


@pytest.fixture
def own_server(
    installation: Installation, make_machine: MakeMachine, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """An installed server that the test has for itself and may ruin."""
    label = f"own-{abs(hash(request.node.nodeid)) % 10**6}"
    machine = installation.machine.clone(make_machine(label).name).boot()
    server = Server(machine)
    server.wait_until_ready()
    yield server
    server.network.close()
    machine.remove()
