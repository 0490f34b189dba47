"""Machines with the built installer. Installing is dear: one installation is made, stopped, and then copied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import (
    REPOSITORY,
    Installation,
    MakeMachine,
    find_installer,
    install_once,
    remove_shared_machines,
)
from tests.support.machine import Machine
from tests.support.machine_tier import keep_journals, make_machine, mark_tests
from tests.support.server import Server

__all__ = ["REPOSITORY", "Installation", "MakeMachine", "make_machine"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_tests(items, Path(__file__).parent, pytest.mark.machine, 400)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    keep_journals(item, (yield), "machine")


def pytest_sessionfinish() -> None:
    remove_shared_machines()


@pytest.fixture(scope="session")
def installer() -> Path:
    """The built .sh, the whole of what is tested here."""
    return find_installer()


@pytest.fixture(scope="session")
def bare(make_machine: MakeMachine, installer: Path) -> Machine:
    """A fresh Debian 12 with the installer on a read-only medium. Tests leave it as they found it."""
    machine = make_machine("bare").create()
    machine.insert(installer, "littlest.sh")
    return machine.boot()


@pytest.fixture(scope="session")
def installation(installer: Path) -> Installation:
    """The installer, run as anybody would run it on a fresh server without a network."""
    return install_once(installer)


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
