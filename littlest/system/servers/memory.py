"""How much memory the machine has, and whether the settings leave enough for users' servers."""

from pathlib import PurePosixPath as Path

from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.machine.machine import Machine
from littlest.plan.limits import LEAST_TOTAL, count_total_memory
from littlest.plan.usage_words import render_size

_CONTROLLERS = "/sys/fs/cgroup/cgroup.controllers"


def read_machine_memory(machine: Machine) -> int:
    """Return the bytes that are installed; 0 where the machine does not say."""
    return _read_sizes(machine).get("MemTotal", 0)


def read_free_memory(machine: Machine) -> int:
    """Return the bytes that programs may still use; 0 where the machine does not say."""
    return _read_sizes(machine).get("MemAvailable", 0)


def is_memory_limited(machine: Machine) -> bool:
    """Whether the kernel enforces `MemoryMax=` of units, cgroups(7); a tree that does not run counts as limited."""
    return not machine.is_live or "memory" in (machine.read_text(Path(_CONTROLLERS)) or "").split()


def find_memory_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return a problem when all servers together may not use as much memory as one needs to start."""
    memory = read_machine_memory(machine)
    if not memory or count_total_memory(loaded.config, memory) >= LEAST_TOTAL:
        return ()
    place = "reserve" if "reserve" in loaded.config.limits.model_fields_set else "total_memory"
    problem = (
        f"all servers together get only {render_size(count_total_memory(loaded.config, memory))}"
        f" of this machine's {render_size(memory)}, too little for one server to start"
    )
    return (loaded.make_problem(("limits", place), problem, f"leave them at least {render_size(LEAST_TOTAL)}"),)


def _read_sizes(machine: Machine) -> dict[str, int]:
    lines = (machine.read_text(Path("/proc/meminfo")) or "").splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
