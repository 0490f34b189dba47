"""What servers use, as control groups and processes have it, and the sizes of homes."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath as Path
from typing import Any

import pytest

from littlest import paths
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.system.accounts import home_sizes
from littlest.system.servers.control_groups import GroupUse, read_group_use

GROUP = "/jupyterhub.slice/jupyterhub-users.slice/jupyter-ada.service"
STAT = "{} (python (a) b) S 1 1 1 0 -1 4194560 1 0 0 0 150 50 9 9 20 0 1 0 1 1 1\n"
NIGHT = datetime(2026, 11, 30, 3, tzinfo=UTC)


def write(machine: Machine, path: str, content: str) -> None:
    machine.write_file(Path(path), content)


def write_process(machine: Machine, number: int, status: str) -> None:
    machine.write_file(Path(f"/proc/{number}/status"), b"Name:\t\xff: RssAnon\n" + status.encode())
    write(machine, f"/proc/{number}/stat", STAT.format(number))


def test_the_kernel_counts_with_the_second_version_of_control_groups(machine: Machine) -> None:
    folder = f"/sys/fs/cgroup{GROUP}"
    write(machine, f"{folder}/memory.stat", "anon 1000\nfile 5000\nkernel_stack 10\nshmem 100\nslab_reclaimable 7\n")
    write(machine, f"{folder}/cpu.stat", "usage_usec 2500000\nuser_usec 2000000\n")
    assert read_group_use(machine, GROUP) == GroupUse(1110, 2.5)


@pytest.mark.parametrize("tree", ["", "/systemd", "/unified"])
def test_processes_are_added_up_where_it_does_not(machine: Machine, tree: str) -> None:
    write(machine, f"/sys/fs/cgroup{tree}{GROUP}/cgroup.procs", "7\n8\n9\n")
    # without the memory controller there is a file with other lines
    write(machine, f"/sys/fs/cgroup{GROUP}/memory.stat", "cache 5000\nrss 1000\n")
    write_process(machine, 7, "RssAnon:\t  100 kB\nRssFile:\t  900 kB\nRssShmem:\t   24 kB\n")
    write_process(machine, 8, "RssAnon:\t  100 kB\nRssShmem:\t    0 kB\n")
    # 9 ended in between
    assert read_group_use(machine, GROUP) == GroupUse(224 * 1024, 4.0)


def test_what_has_ended_uses_nothing(machine: Machine) -> None:
    assert read_group_use(machine, GROUP) == read_group_use(machine, "") == GroupUse()


@pytest.fixture
def started(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Two users with homes, and the commands that were run; systemd says that nothing is being measured."""
    commands: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> CommandResult:
        commands.append(argv)
        return CommandResult(tuple(argv), 0, "ActiveState=inactive\n", "")

    monkeypatch.setattr(machine, "run", run)
    with machine.path(Path("/etc/passwd")).open("a") as accounts:
        accounts.write("jupyter-ada:x:1001:1001:littlest ada:/home/jupyter-ada:/bin/bash\n")
        accounts.write("ben:x:1002:1002:Ben:/home/ben:/bin/bash\n")
    with machine.path(Path("/etc/group")).open("a") as groups:
        groups.write(f"{paths.USERS_GROUP}:x:900:jupyter-ada,ben\n")
    return commands


def test_homes_are_measured_once_and_what_was_found_is_kept(machine: Machine, started: list[list[str]]) -> None:
    home_sizes.measure_homes(machine, NIGHT)
    assert started[-1][-2:] == ["/home/jupyter-ada", "/home/ben"]
    # the second one has too many files: nothing is known of it
    write(machine, str(paths.HOME_SIZES_OUTPUT), "4096\t/home/jupyter-ada\n12\t/etc\nbroken\n")
    count = len(started)
    home_sizes.measure_homes(machine, NIGHT + timedelta(minutes=1))
    assert [one[0] for one in started[count:]] == ["systemctl"]
    sizes = home_sizes.read_home_sizes(machine)
    assert {home: size.bytes for home, size in sizes.items()} == {"/home/jupyter-ada": 4096, "/home/ben": None}
    assert machine.read_state(paths.HOME_SIZES_OUTPUT) is None
    # the next night, again
    home_sizes.measure_homes(machine, NIGHT + timedelta(days=1))
    assert started[-1][0] == "systemd-run"
    assert home_sizes.read_home_sizes(machine)["/home/jupyter-ada"].bytes == 4096


@pytest.mark.parametrize("content", ["[]", "{", '{"/home/ada": 7}', '{"/home/ada": {"tried": "soon"}}'])
def test_a_damaged_file_of_sizes_is_as_none(machine: Machine, content: str) -> None:
    write(machine, str(paths.HOME_SIZES_FILE), content)
    assert home_sizes.read_home_sizes(machine) == {}
