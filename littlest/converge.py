"""From a configuration to a machine that is like it: load → make_plan → apply → record."""

import json
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import check_writers, decode_config, load_config
from littlest.errors import LittlestError, NeedsRoot
from littlest.machine.machine import Machine
from littlest.plan import describe
from littlest.plan.build import make_plan, make_probe_url
from littlest.plan.changes import Outlook, find_affected, find_changes
from littlest.plan.limits import find_memory_warnings, make_server_limits_step, render_total_exceeded
from littlest.plan.steps import Release, RunUnit, Step
from littlest.system.apply_plan import Progress, apply_plan, find_pending_steps, ignore_progress
from littlest.system.config_checks import load_checked_config
from littlest.system.https.certificates import find_certificate_warnings
from littlest.system.hub.api import list_active_users, read_command_token
from littlest.system.servers.memory import read_machine_memory
from littlest.system.servers.running_limits import read_used_memory, render_held
from littlest.system.settings.settings_file import find_real_file, read_good_text


def check_root(machine: Machine) -> None:
    """Raises NeedsRoot for anybody else: only root may look at or change what belongs to the hub."""
    if machine.is_live and not machine.may_own():
        raise NeedsRoot("only root may do this", "Put sudo in front of the command.")


def read_config_text(machine: Machine) -> str | None:
    """The configuration file as it stands, None when there is none.

    Raises ConfigError when it is no text, or a link that leads nowhere, LittlestError when it is not to be read.
    """
    try:
        content = machine.read_bytes(find_real_file(machine, paths.CONFIG_FILE))
    except OSError as error:
        raise LittlestError(f"{paths.CONFIG_FILE} cannot be read: {error.strerror}.") from None
    if content is None:
        return None
    check_writers(machine.path(paths.CONFIG_FILE), str(paths.CONFIG_FILE))
    return decode_config(content, str(paths.CONFIG_FILE))


def read_wanted_text(machine: Machine) -> tuple[str | None, Path]:
    """The settings that an apply puts in force, and the file that has them: the admin's, or where that is missing the
    copy of the last good ones; None and the admin's where both are. Raises ConfigError as `read_config_text` does.
    """
    text = read_config_text(machine)
    if text is None and (good := read_good_text(machine)) is not None:
        return good, paths.LAST_GOOD_CONFIG_FILE
    return text, paths.CONFIG_FILE


def read_checked_config(machine: Machine) -> Config:
    """The configuration that an apply puts in force, once it is known that it can work on this machine.

    Raises ConfigError with every problem.
    """
    text, file = read_wanted_text(machine)
    return load_checked_config(machine, text or "", str(file))


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


def read_good_config(machine: Machine) -> Config | None:
    """The settings that were put in force last; None where there are none that this release understands."""
    try:
        text = read_good_text(machine)
        return None if text is None else load_config(text, str(paths.LAST_GOOD_CONFIG_FILE))
    except LittlestError:
        return None


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
