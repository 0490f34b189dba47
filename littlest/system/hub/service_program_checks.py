"""Can the programs of `services.managed` be run?"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.machine.machine import Machine, PathKind


def find_service_problems(machine: Machine, loaded: LoadedConfig) -> Iterator[Problem]:
    """Yield what keeps the hub from starting a service."""
    for name, service in loaded.config.services.managed.items():
        problem = _find_problem(machine, service.command[0]) if service.command else ""
        if problem:
            yield loaded.make_problem(("services", "managed", name, "command", 0), problem)


def _find_problem(machine: Machine, program: str) -> str:
    path = machine.path(PurePosixPath(program)).resolve()
    try:
        state = machine.read_state(PurePosixPath("/") / path.relative_to(machine.root))
    except (OSError, ValueError):
        # in a folder that you may not read
        return ""
    if state is None:
        return f"there is no program {program}"
    if state.kind is not PathKind.FILE or not state.mode & 0o111:
        return f"{program} is not a program that can be run"
    return ""
