"""One virtual machine for all tests of this tier: the installed server of tests/machine, with a kernel of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import MakeMachine, find_installer, install_once, remove_shared_machines
from tests.support.machine import Machine
from tests.support.machine_tier import keep_journals, make_machine, mark_tests
from tests.support.server import Server
from tests.support.virtual_machine import PACKAGES, VirtualMachine

__all__ = ["make_machine"]

LABEL = "vm"
# a start takes ten times as long here, and more when the host has other work
MORE_TIME = {
    f"/etc/systemd/system/{unit}.service.d/slow.conf": "[Service]\nTimeoutStartSec=600\n"
    for unit in ("jupyterhub", "jupyterhub-proxy")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # the first one also waits for the installation, the disk and the boot
    mark_tests(items, Path(__file__).parent, pytest.mark.vm, 1200)


def find_virtual(machine: Machine) -> Machine | VirtualMachine:
    """The machine whose journal is read: that of the last boot, which is QEMU's for the machine of the tests."""
    return VirtualMachine(machine.name) if machine.name.endswith(f"-{LABEL}") else machine


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    keep_journals(item, (yield), "vm", find_virtual)


def pytest_sessionfinish() -> None:
    remove_shared_machines()


@pytest.fixture(scope="session")
def server(make_machine: MakeMachine) -> Iterator[Server]:
    """The server that was installed in nspawn, which is fast, switched off there, and booted in QEMU."""
    installed = install_once(find_installer(), PACKAGES).machine
    machine = VirtualMachine(installed.clone(make_machine(LABEL).name).name).make_disk(MORE_TIME).boot(420)
    server = Server(machine)
    server.wait_until_ready(180)
    yield server
    server.network.close()
