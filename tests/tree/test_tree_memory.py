"""Limits that leave the users of this machine nothing are refused before they are applied."""

from pathlib import PurePosixPath as Path

import pytest

from littlest.config.text.problems import InvalidConfig
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_checked_config


@pytest.fixture
def small(machine: Machine) -> Machine:
    machine.write_file(Path("/proc/meminfo"), "MemTotal:        2097152 kB\nMemFree:          100000 kB\n")
    return machine


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("limits:\n  reserve: 4G\n", "config.yaml:2: limits.reserve: "),
        ("limits:\n  memory: 1G\n  reserve: 1950M\n", "config.yaml:3: limits.reserve: "),
        ("limits:\n  total_memory: 5%\n", "config.yaml:2: limits.total_memory: "),
    ],
)
def test_a_reserve_that_leaves_no_server_anything_is_refused_with_its_line(
    small: Machine, text: str, place: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_checked_config(small, text, "config.yaml")
    assert caught.value.message.startswith(f"{place}all servers together get only ")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "text", ["", "limits: {reserve: 1G}", "limits: {total_memory: 10%}", "limits: {reserve: 90%}"]
)
def test_what_leaves_one_server_enough_to_start_is_accepted(small: Machine, text: str) -> None:
    load_checked_config(small, text, "config.yaml")


def test_a_machine_that_does_not_say_how_much_it_has_refuses_nothing(machine: Machine) -> None:
    load_checked_config(machine, "limits: {reserve: 4G}", "config.yaml")
