"""One virtual machine for all tests of this tier: the installed server of tests/machine, with a kernel of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import (
    MakeMachine,
    find_installer,
    install_once,
    list_own_machines,
    machines_for_tests,
    save_evidence,
)
from tests.support.server import Server
from tests.support.virtual_machine import PACKAGES, VirtualMachine

LABEL = "vm"
# a start takes ten times as long here, and more when the host has other work
MORE_TIME = {
    f"/etc/systemd/system/{unit}.service.d/slow.conf": "[Service]\nTimeoutStartSec=600\n"
    for unit in ("jupyterhub", "jupyterhub-proxy")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.vm)
            # the first one also waits for the installation, the disk and the boot
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def make_machine() -> Iterator[MakeMachine]:
    """Makes machines that are gone when the tests end, as are those of a test run that was killed."""
    with machines_for_tests() as make:
        yield make


@pytest.fixture(scope="session")
def server(make_machine: MakeMachine) -> Iterator[Server]:
    """The server that was installed in nspawn, which is fast, switched off there, and booted in QEMU."""
    installed = install_once(make_machine, find_installer(), PACKAGES).machine
    machine = VirtualMachine(installed.clone(make_machine(LABEL).name).name).make_disk(MORE_TIME).boot(420)
    server = Server(machine)
    server.wait_until_ready(180)
    yield server
    server.network.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep the machine's journal when a test fails."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed and item.get_closest_marker("vm"):
        machines = list_own_machines()
        save_evidence(
            item.nodeid, [VirtualMachine(one.name) if one.name.endswith(f"-{LABEL}") else one for one in machines]
        )
