"""What the processes of a unit use now: memory and processor time, from its control group, cgroups(7).

The kernel counts for a group where the machine has cgroup v2. On others (v1, containers) its processes are added up.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.machine.machine import Machine

CGROUPS = Path("/sys/fs/cgroup")
_OWN_TREES = ("", "/systemd", "/unified")
"""Where systemd keeps its groups below `CGROUPS`: with v2, with v1, and with both."""
_KEPT_IN_MEMORY = ("anon", "shmem", "kernel_stack", "pagetables", "slab_unreclaimable")
"""Lines of memory.stat: what the kernel cannot reclaim. (It reclaims its cache of files by itself.)"""
_KEPT_BY_PROCESS = ("RssAnon", "RssShmem")
"""The like of one process, in /proc/PID/status."""
_TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 13)
"""utime and stime among the fields of /proc/PID/stat behind the name."""


@dataclass(frozen=True, slots=True)
class GroupUse:
    """What the processes of a control group use."""

    memory_bytes: int = 0
    """What they keep in memory, without the cache of files."""
    cpu_seconds: float = 0.0
    """Processor time since they began; only differences mean something."""


def read_group_use(machine: Machine, group: str) -> GroupUse:
    """Return what a control group, as systemd names it, uses; nothing where it has ended."""
    if not group:
        return GroupUse()
    counts = _read_counts(machine, group, "memory.stat")
    if not all(name in counts for name in ("anon", "shmem")):
        return _add_processes(machine, group)
    memory = sum(counts.get(name, 0) for name in _KEPT_IN_MEMORY)
    return GroupUse(memory, _read_counts(machine, group, "cpu.stat").get("usage_usec", 0) / 1e6)


def _read_counts(machine: Machine, group: str, file: str) -> dict[str, int]:
    fields = (line.split() for line in _read(machine, f"{CGROUPS}{group}/{file}").splitlines())
    return {name: int(count) for name, count in fields}


def _add_processes(machine: Machine, group: str) -> GroupUse:
    uses = [_read_process(machine, number) for number in _list_processes(machine, group)]
    return GroupUse(sum(use.memory_bytes for use in uses), sum(use.cpu_seconds for use in uses))


def _list_processes(machine: Machine, group: str) -> Iterator[str]:
    for tree in _OWN_TREES:
        found = _read(machine, f"{CGROUPS}{tree}{group}/cgroup.procs").split()
        if found:
            yield from found
            return


def _read_process(machine: Machine, number: str) -> GroupUse:
    status = dict(line.split(":", 1) for line in _read(machine, f"/proc/{number}/status").splitlines() if ":" in line)
    memory = sum(int(status.get(name, "0 kB").split()[0]) * 1024 for name in _KEPT_BY_PROCESS)
    # the name before the last bracket may have brackets and spaces in it
    times = _read(machine, f"/proc/{number}/stat").rpartition(")")[2].split()[_TIMES]
    return GroupUse(memory, sum(map(int, times)) / _TICKS)


def _read(machine: Machine, path: str) -> str:
    try:
        # a process may call itself whatever it likes
        return (machine.read_bytes(Path(path)) or b"").decode(errors="replace")
    except OSError:
        # it ended in between
        return ""
