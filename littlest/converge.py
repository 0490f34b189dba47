"""From a configuration to a machine that is like it: make_plan → apply_plan."""

from littlest.config.model import Config
from littlest.machine.machine import Machine
from littlest.plan.build import make_plan
from littlest.plan.steps import Release, Step
from littlest.system.apply_plan import Progress, apply_plan, find_pending_steps, ignore_progress
from littlest.system.servers.memory import read_machine_memory


def converge(
    machine: Machine, config: Config, release: Release, *, progress: Progress = ignore_progress
) -> tuple[Step, ...]:
    """Make the machine what the configuration says, and return the steps that were done.

    Raises LittlestError when a step fails. Calling it again goes on from there.
    """
    plan = make_plan(config, release, machine_memory=read_machine_memory(machine))
    return apply_plan(machine, plan, release.version, progress=progress)


def find_differences(machine: Machine, config: Config, release: Release) -> tuple[Step, ...]:
    """Return the steps that `converge` would do. Changes nothing."""
    plan = make_plan(config, release, machine_memory=read_machine_memory(machine))
    return find_pending_steps(machine, plan, release.version)
