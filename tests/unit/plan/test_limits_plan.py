"""Limits in systemd's words: of one server, and of all of them together."""

import pytest

from littlest.config.model import Config
from littlest.config.resolve import UserLimits
from littlest.config.text.load import load_config
from littlest.plan.limits import (
    count_total_memory,
    find_memory_warnings,
    make_limit_properties,
    make_server_limits_step,
    make_total_memory,
    render_total_exceeded,
)

GIB = 2**30


def make_config(text: str) -> Config:
    return load_config(text, "config.yaml")


def test_every_limit_is_said_also_one_that_is_none() -> None:
    assert make_limit_properties(UserLimits(None, None, None, None)) == {
        "MemoryHigh": "infinity",
        "MemoryMax": "infinity",
        "MemorySwapMax": "infinity",
        "CPUQuota": "",
        "TasksMax": "infinity",
    }


def test_only_users_with_limits_of_their_own_are_named() -> None:
    step = make_server_limits_step(
        make_config(
            "limits: {memory: 1G, users: {ada: {memory: 2G}, bob: {memory: 1G}}}\n"
            "users: {groups: {art: {members: [grace, linus], limits: {cpu: 2}}, plain: {members: [olga]}}}\n"
        )
    )
    assert step.everybody.memory == GIB
    assert [name for name, _limits in step.users] == [
        f"JupyterHub server of {user}" for user in ("ada", "grace", "linus")
    ]
    assert dict(step.users)["JupyterHub server of ada"].memory == 2 * GIB
    assert dict(step.users)["JupyterHub server of linus"].cpu == 2


@pytest.mark.parametrize(
    ("limits", "total"),
    [
        ("{}", "90%"),
        ("{reserve: 12.5%}", "87.5%"),
        ("{total_memory: 80%}", "80%"),
        # never more than the reserve leaves
        ("{total_memory: 95%}", "90%"),
        ("{total_memory: 100%, reserve: 0%}", "100%"),
        # systemd refuses a third digit
        ("{total_memory: 33.333%}", "33.33%"),
        ("{total_memory: 4G}", str(4 * GIB)),
        ("{total_memory: 4G, reserve: 6G}", str(2 * GIB)),
        ("{reserve: 2G}", str(6 * GIB)),
        ("{total_memory: 50%, reserve: 2G}", str(4 * GIB)),
        ("{total_memory: 20G, reserve: 25%}", str(6 * GIB)),
    ],
)
def test_all_servers_together_get_what_is_given_and_never_the_reserve(limits: str, total: str) -> None:
    assert make_total_memory(make_config(f"limits: {limits}"), 8 * GIB) == total


def test_a_total_that_is_a_share_is_counted_on_this_machine() -> None:
    assert count_total_memory(make_config("limits: {total_memory: 50%}"), 8 * GIB) == 4 * GIB


def test_a_reserve_of_more_than_the_machine_leaves_nothing_and_is_no_negative_number() -> None:
    assert count_total_memory(make_config("limits: {reserve: 16G}"), 8 * GIB) == 0


def test_a_total_of_less_than_one_server_is_warned_of() -> None:
    [warning] = find_memory_warnings(make_config("limits: {memory: 4G, total_memory: 2G}"), 8 * GIB)
    assert "2 GB" in warning
    assert "limits.memory: 4G" in warning
    assert find_memory_warnings(make_config("limits: {memory: 2G, total_memory: 2G}"), 8 * GIB) == ()
    assert find_memory_warnings(make_config("limits: {memory: null, total_memory: 2G}"), 8 * GIB) == ()


def test_a_total_of_less_than_is_in_use_is_warned_of_with_the_names_of_those_who_use_most() -> None:
    config = make_config("limits: {total_memory: 4G}")
    used = {"ada": 3 * GIB, "ben": 1 * GIB, "carl": GIB // 2, **{f"student{number}": 1 for number in range(9)}}
    [warning] = render_total_exceeded(config, 8 * GIB, used)
    assert "use 4.5 GB of memory, more than the 4 GB" in warning
    assert "ada (3 GB), ben (1 GB), carl (512 MB), student0" in warning
    assert "student8" not in warning
    assert render_total_exceeded(config, 8 * GIB, {"ada": 4 * GIB}) == ()
    # nothing is known of the machine
    assert render_total_exceeded(config, 0, used) == ()
