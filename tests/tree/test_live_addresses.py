"""Whether the proxy can listen on an address is asked of the kernel of the very machine, which is this one here."""

import pytest

from littlest.config.text.load import load_located_config
from littlest.machine.machine import Machine
from littlest.system.network.addresses import find_address_problems


def explain(address: str, machine: Machine) -> str:
    loaded = load_located_config(f"http:\n  address: '{address}'\n", "config.yaml")
    return "\n".join(map(str, find_address_problems(machine, loaded)))


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.77", "0.0.0.0"])
def test_an_address_of_this_machine_is_taken(address: str) -> None:
    assert explain(address, Machine()) == ""


@pytest.mark.parametrize("address", ["192.0.2.99", "2001:db8::99", "fe80::99"])
def test_another_address_is_refused_with_those_that_there_are(address: str, machine: Machine) -> None:
    said = explain(address, Machine())
    assert said.startswith(f"config.yaml:2: http.address: {address} is no address of this machine, which has ")
    assert "127.0.0.1; leave it empty" in said
    # a tree is no machine with addresses
    assert explain(address, machine) == ""
