"""From a configuration to a machine that is like it: load → make_plan → apply → record."""

from littlest import paths
from littlest.config.load import decode_config, load_config
from littlest.config.model import Config
from littlest.errors import NeedsRoot
from littlest.plan.build import make_plan
from littlest.plan.steps import Release, Step
from littlest.system.apply import Progress, apply_plan, find_pending_steps, ignore_progress
from littlest.system.machine import Machine


def check_root(machine: Machine) -> None:
    """Raises NeedsRoot for anybody else: only root may look at or change what belongs to the hub."""
    if machine.is_live and not machine.may_own():
        raise NeedsRoot("only root may do this", "Put sudo in front of the command.")


def read_config_text(machine: Machine) -> str | None:
    """The configuration file as it stands, None when there is none. Raises ConfigError when it is no text."""
    content = machine.read_bytes(paths.CONFIG_FILE)
    return None if content is None else decode_config(content, str(paths.CONFIG_FILE))


def read_config(machine: Machine) -> Config:
    """The configuration in force; the defaults where there is no file. Raises ConfigError with every problem."""
    return load_config(read_config_text(machine) or "", str(paths.CONFIG_FILE))


def converge(
    machine: Machine, config: Config, release: Release, *, progress: Progress = ignore_progress
) -> tuple[Step, ...]:
    """Make the machine what the configuration says, and return the steps that it took.

    Raises LittlestError when a step fails. Calling it again goes on from there.
    """
    return apply_plan(machine, make_plan(config, release), release.version, progress=progress)


def find_differences(machine: Machine, config: Config, release: Release) -> tuple[Step, ...]:
    """The steps that `converge` would take. Changes nothing."""
    return find_pending_steps(machine, make_plan(config, release), release.version)
