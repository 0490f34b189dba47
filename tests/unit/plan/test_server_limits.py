"""What a running server lacks of its limits, from what systemd says of its unit."""

import pytest

from littlest.config.resolve import UserLimits
from littlest.system.servers.running_limits import LimitsChange, RunningServer, make_limits_change, parse_timespan

GIB = 2**30
AS_IT_IS = {
    "Id": "jupyter-ada.service",
    "Description": "JupyterHub server of ada",
    "MemoryHigh": "infinity",
    "MemoryMax": str(4 * GIB),
    "MemorySwapMax": "0",
    "CPUQuotaPerSecUSec": "1min 1.500000s",
    "TasksMax": "1024",
}


def change_limits(limits: UserLimits, memory_used: int) -> LimitsChange | None:
    return make_limits_change(RunningServer(AS_IT_IS, memory_used), limits)


def make_limits(memory: int | None = 4 * GIB, cpu: float | None = 61.5, processes: int | None = 1024) -> UserLimits:
    return UserLimits(memory, cpu, processes, open_servers=1)


def test_a_server_with_its_limits_lacks_nothing_however_much_it_uses() -> None:
    assert change_limits(make_limits(), memory_used=5 * GIB) is None


@pytest.mark.parametrize(
    ("limits", "properties"),
    [
        (make_limits(cpu=0.29), {"CPUQuota": "29%"}),
        (make_limits(cpu=None), {"CPUQuota": ""}),
        (make_limits(processes=None), {"TasksMax": "infinity"}),
        (make_limits(memory=None), dict.fromkeys(("MemoryMax", "MemorySwapMax"), "infinity")),
        (make_limits(memory=5 * GIB), {"MemoryMax": str(5 * GIB)}),
    ],
)
def test_only_what_differs_is_set(limits: UserLimits, properties: dict[str, str]) -> None:
    change = change_limits(limits, memory_used=GIB)
    assert change is not None
    assert change.properties == properties
    assert change.memory_used is None


def test_a_server_that_uses_more_than_its_new_limit_keeps_the_old_one_and_gets_the_others() -> None:
    change = change_limits(make_limits(memory=GIB, processes=99), memory_used=3 * GIB)
    assert change is not None
    # taking the memory away would end what runs in it
    assert change.properties == {"TasksMax": "99"}
    assert (change.user, change.memory_used, change.memory_limit) == ("ada", 3 * GIB, GIB)


def test_it_gets_the_new_limit_when_it_uses_less() -> None:
    change = change_limits(make_limits(memory=GIB), memory_used=GIB)
    assert change is not None
    assert change.properties["MemoryMax"] == str(GIB)


@pytest.mark.parametrize(
    ("shown", "microseconds"),
    [("infinity", None), ("290ms", 290_000), ("1s", 10**6), ("1.500000s", 1_500_000), ("17min 4s", 1_024_000_000)],
)
def test_a_time_as_systemctl_shows_it(shown: str, microseconds: int | None) -> None:
    assert parse_timespan(shown) == microseconds
