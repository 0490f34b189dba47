"""What is known of users' servers: whose a unit is, what the journal says, and who comes first."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from littlest.commands.status import render_usage
from littlest.hub.pages.usage_page import describe_use
from littlest.plan.account_names import find_unit_owner, make_unit_name
from littlest.system.accounts.home_sizes import HomeSize, list_due
from littlest.system.servers.out_of_memory import parse_out_of_memory
from littlest.system.servers.running_limits import RunningServer
from littlest.system.servers.usage import UserUse, add_server, sort_uses

GIB = 2**30
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def make_use(name: str, **fields: Any) -> UserUse:
    return UserUse(name, **fields)


def make_server(memory_max: str = str(GIB), quota: str = "infinity", used: int = GIB // 2) -> RunningServer:
    shown = {"ActiveState": "active", "MemoryMax": memory_max, "CPUQuotaPerSecUSec": quota}
    return RunningServer(shown, used)


def test_a_unit_is_its_users_running_or_not_and_named_or_not() -> None:
    people = ("ada", "ada-b", "Grace Hopper", "ben")
    for name in people:
        assert find_unit_owner(make_unit_name(name), people) == name
        assert find_unit_owner(make_unit_name(name, "exam"), people) == name
    assert find_unit_owner(make_unit_name("carl"), people) is None
    assert find_unit_owner("jupyter-ada-notes.service", people) is None


def test_a_lack_of_memory_is_read_from_systemds_message_and_from_the_kernels() -> None:
    kernels = (
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
        "oom_memcg=/jupyterhub.slice/jupyterhub-users.slice/jupyter-ben.service,"
        "task_memcg=/jupyterhub.slice/jupyterhub-users.slice/jupyter-ben.service,task=python3,pid=7,uid=1001"
    )
    entries = [
        {"__REALTIME_TIMESTAMP": "2000000", "UNIT": "jupyter-ada.service", "MESSAGE": "killed by the OOM killer"},
        {"__REALTIME_TIMESTAMP": "1000000", "UNIT": "jupyter-ada.service", "MESSAGE": "killed by the OOM killer"},
        {"__REALTIME_TIMESTAMP": "3000000", "MESSAGE": kernels},
        {"__REALTIME_TIMESTAMP": "3000000", "MESSAGE": None},
        {"MESSAGE": kernels},
    ]
    said = "\n".join(("no JSON", *map(json.dumps, entries)))
    assert parse_out_of_memory(said) == {
        "jupyter-ada.service": datetime.fromtimestamp(2, UTC),
        "jupyter-ben.service": datetime.fromtimestamp(3, UTC),
    }


def test_several_servers_of_a_user_are_added_up() -> None:
    one = add_server(make_use("ada"), make_server(quota="1.500000s"), 0.25)
    assert (one.server, one.memory_bytes, one.memory_limit_bytes) == ("running", GIB // 2, GIB)
    assert (one.cpu_cores, one.cpu_limit_cores) == (0.25, 1.5)
    two = add_server(one, make_server(quota="1.500000s"), 1.0)
    assert (two.memory_bytes, two.memory_limit_bytes, two.cpu_cores, two.cpu_limit_cores) == (GIB, 2 * GIB, 1.25, 3.0)
    # one without a limit has all of the machine
    assert add_server(two, make_server(memory_max="infinity"), 0).memory_limit_bytes is None
    assert add_server(two, make_server(), 0).cpu_limit_cores is None


def test_those_who_may_need_help_come_first() -> None:
    running = {"server": "running", "memory_limit_bytes": 2 * GIB}
    uses = [
        make_use("away", last_activity="2026-11-01T00:00:00+00:00"),
        make_use("idle", last_activity="2026-11-29T00:00:00+00:00"),
        make_use("little", memory_bytes=GIB // 4, **running),
        make_use("full", memory_bytes=GIB * 19 // 10, **running),
        make_use("long-ago", out_of_memory=(NOW - timedelta(days=5)).isoformat()),
        make_use("killed", out_of_memory=(NOW - timedelta(hours=1)).isoformat(), **running),
    ]
    assert [use.name for use in sort_uses(uses, NOW)] == ["killed", "full", "little", "idle", "away", "long-ago"]


def test_status_shows_servers_and_who_was_short_of_memory_and_counts_the_others() -> None:
    uses = (
        make_use(
            "ada",
            server="running",
            memory_bytes=GIB * 18 // 10,
            memory_limit_bytes=2 * GIB,
            cpu_cores=0.4,
            cpu_limit_cores=2.0,
            last_activity="2026-11-30T11:58:00Z",
            home_bytes=3 * GIB,
        ),
        make_use("ben", out_of_memory="2026-11-28T12:00:00+00:00"),
        make_use("carl"),
    )
    assert render_usage(uses, NOW) == (
        "  server  memory       cpu             last activity  home",
        "  ada     1.8 of 2 GB  0.4 of 2 cores  2 minutes ago  3 GB",
        "  ben     -            -               never          -     out of memory 2 days ago",
        "  1 without a server: sudo littlest user list",
    )
    assert render_usage((), NOW) == ()


def test_the_page_marks_a_server_that_is_nearly_full() -> None:
    full = make_use("ada", server="running", memory_bytes=GIB, memory_limit_bytes=GIB)
    shown = describe_use(full, NOW)
    assert (shown["memory"], shown["percent"], shown["is_much"]) == ("1 of 1 GB", 100, True)
    assert (shown["home"], shown["out_of_memory"]) == (None, None)
    without_limit = describe_use(make_use("ben", server="running", memory_bytes=GIB), NOW)
    assert (without_limit["memory"], without_limit["percent"], without_limit["is_much"]) == ("1 GB", 0, False)


def test_homes_are_measured_at_night_and_new_ones_at_once() -> None:
    def tried(hours: float) -> HomeSize:
        return HomeSize((now - timedelta(hours=hours)).isoformat())

    for hour, due in ((3, ["/home/new", "/home/old", "/home/older"]), (12, ["/home/new", "/home/older"])):
        now = NOW.replace(hour=hour)
        sizes = {"/home/fresh": tried(10), "/home/old": tried(24), "/home/older": tried(48)}
        assert list_due(["/home/new", *sizes], sizes, now) == tuple(due)
