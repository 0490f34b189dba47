"""What an apply finds before it changes anything: it is read once and handed down."""

import json
from dataclasses import dataclass

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan import describe
from littlest.plan.build import make_plan, make_probe_url
from littlest.plan.changes import find_changes
from littlest.plan.impact import Impact, find_affected
from littlest.plan.limits import find_memory_warnings, make_server_limits_step, render_total_exceeded
from littlest.plan.steps import Plan, Release, RunUnit, Step
from littlest.system.apply_plan import find_pending_steps
from littlest.system.https.certificates import find_certificate_warnings
from littlest.system.hub.api import HubApi
from littlest.system.servers.memory import read_machine_memory
from littlest.system.servers.running_limits import (
    RunningServer,
    count_used_memory,
    read_running_servers,
    render_held,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Settings, what they mean for this machine, and the state of the machine."""

    config: Config
    good_config: Config | None
    """The last known good settings; None where there are none that this release knows."""
    plan: Plan
    pending: tuple[Step, ...]
    """The steps that are not done yet."""
    servers: tuple[RunningServer, ...]
    """The users' running servers, with their limits in systemd."""
    machine_memory: int
    """Bytes that are installed; 0 where the machine does not say."""


def read_situation(machine: Machine, config: Config, good: str | None, release: Release) -> Situation:
    """Compare the machine with these settings; `good` is the text of the last known good ones. Changes nothing.

    Raises LittlestError when systemd or a file cannot be read.
    """
    memory = read_machine_memory(machine)
    plan = make_plan(config, release, machine_memory=memory)
    servers = read_running_servers(machine)
    pending = find_pending_steps(machine, plan, release.version, servers=servers)
    return Situation(config, _load_good(good), plan, pending, servers, memory)


def _load_good(text: str | None) -> Config | None:
    try:
        return None if text is None else load_config(text, str(paths.LAST_GOOD_CONFIG_FILE))
    except LittlestError:
        # they are from a release that knew other settings
        return None


def find_impact(machine: Machine, situation: Situation) -> Impact:
    """Return what it means to people if these settings are applied. Changes nothing."""
    restarts = tuple(step.unit for step in situation.pending if isinstance(step, RunUnit))
    before, config = situation.good_config, situation.config
    changes = () if before is None else find_changes(before, config)
    if before is None or not changes:
        return Impact(restarts=restarts)
    affected = find_affected(before, config, _list_running(machine, before), _read_guests(machine))
    return Impact(changes, restarts, affected)


def render_too_much_in_use(situation: Situation) -> tuple[str, ...]:
    """Return a sentence when the running servers use more memory than these settings allow for all of them. Pure."""
    return render_total_exceeded(situation.config, situation.machine_memory, count_used_memory(situation.servers))


def find_warnings(machine: Machine, situation: Situation) -> tuple[str, ...]:
    """Return a sentence about each setting that is probably a mistake, or cannot fully take effect now."""
    config = situation.config
    return (
        *describe.find_warnings(config),
        *find_certificate_warnings(machine, config),
        *_find_admins_without_account(machine, config),
        *find_memory_warnings(config, situation.machine_memory),
        *render_too_much_in_use(situation),
        *render_held(situation.servers, make_server_limits_step(config)),
    )


def _find_admins_without_account(machine: Machine, config: Config) -> tuple[str, ...]:
    """Return a sentence about each admin without an account, if people log in with the machine's own accounts."""
    if config.auth.type != "pam":
        return ()
    return tuple(
        f"Note: {name} is an admin, but this machine has no account {name} to log in with."
        for name in config.users.admin
        if machine.read_account(name) is None
    )


def _read_guests(machine: Machine) -> frozenset[str]:
    """Return the people whom a rule let in, as far as the hub remembers them."""
    try:
        return frozenset(json.loads(machine.read_text(paths.GUESTS_FILE) or "")["guests"])
    except (LittlestError, ValueError, KeyError, TypeError):
        return frozenset()


def _list_running(machine: Machine, config: Config) -> tuple[str, ...]:
    if not machine.is_live:
        return ()
    try:
        return HubApi(machine, make_probe_url(config)).list_active_users()
    except LittlestError:
        # a hub that is down cannot answer, and must not keep you from repairing it
        return ()
