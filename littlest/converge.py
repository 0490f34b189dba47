"""From a configuration to a machine that is like it: load → make_plan → apply → record."""

import json

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan import describe
from littlest.plan.build import make_plan, make_probe_url
from littlest.plan.changes import Outlook, find_affected, find_changes
from littlest.plan.limits import find_memory_warnings, make_server_limits_step, render_total_exceeded
from littlest.plan.steps import Release, RunUnit, Step
from littlest.system.apply_plan import Progress, apply_plan, find_pending_steps, ignore_progress
from littlest.system.https.certificates import find_certificate_warnings
from littlest.system.hub.ready import list_active_users, read_command_token
from littlest.system.servers.memory import read_machine_memory
from littlest.system.servers.running_limits import read_used_memory, render_held
from littlest.system.settings.active import read_good_config


def converge(
    machine: Machine, config: Config, release: Release, *, progress: Progress = ignore_progress
) -> tuple[Step, ...]:
    """Make the machine what the configuration says, and return the steps that it took.

    Raises LittlestError when a step fails. Calling it again goes on from there.
    """
    plan = make_plan(config, release, machine_memory=read_machine_memory(machine))
    return apply_plan(machine, plan, release.version, progress=progress)


def find_differences(machine: Machine, config: Config, release: Release) -> tuple[Step, ...]:
    """The steps that `converge` would take. Changes nothing."""
    plan = make_plan(config, release, machine_memory=read_machine_memory(machine))
    return find_pending_steps(machine, plan, release.version)


def find_warnings(machine: Machine, config: Config) -> tuple[str, ...]:
    """What is allowed and yet hardly meant, and what cannot be as it is meant now; a sentence each. Only looks."""
    return (
        *describe.find_warnings(config),
        *find_certificate_warnings(machine, config),
        *_find_admins_without_account(machine, config),
        *find_memory_warnings(config, read_machine_memory(machine)),
        *find_too_much_in_use(machine, config),
        *render_held(machine, make_server_limits_step(config)),
    )


def find_too_much_in_use(machine: Machine, config: Config) -> tuple[str, ...]:
    """A sentence when servers that run use more memory than all of them get by these settings. Only looks."""
    return render_total_exceeded(config, read_machine_memory(machine), read_used_memory(machine))


def _find_admins_without_account(machine: Machine, config: Config) -> tuple[str, ...]:
    """Of a way to log in with the machine's own accounts, the admins who have none."""
    if config.auth.type != "pam":
        return ()
    missing = [name for name in config.users.admin if machine.read_account(name) is None]
    return tuple(
        f"Note: {name} is an admin, but this machine has no account {name} to log in with." for name in missing
    )


def find_outlook(machine: Machine, config: Config, steps: tuple[Step, ...]) -> Outlook:
    """What it means to people when these steps put this configuration in force. Changes nothing."""
    restarts = tuple(step.unit for step in steps if isinstance(step, RunUnit))
    before = read_good_config(machine)
    changes = () if before is None else find_changes(before, config)
    if before is None or not changes:
        return Outlook(restarts=restarts)
    affected = find_affected(before, config, _list_running(machine, before), _read_guests(machine))
    return Outlook(changes, restarts, affected)


def _read_guests(machine: Machine) -> frozenset[str]:
    """Whom a rule let in, as the hub remembers it; nobody where it does not."""
    try:
        return frozenset(json.loads(machine.read_text(paths.GUESTS_FILE) or "")["guests"])
    except (LittlestError, ValueError, KeyError, TypeError):
        return frozenset()


def _list_running(machine: Machine, config: Config) -> tuple[str, ...]:
    if not machine.is_live:
        return ()
    try:
        return list_active_users(make_probe_url(config), read_command_token(machine))
    except LittlestError:
        # a hub that is down cannot tell, and must not keep anybody from putting it right
        return ()
