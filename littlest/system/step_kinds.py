"""How each kind of step is checked and carried out, in one table.

A new kind of step is a dataclass in `littlest.plan.steps` and an entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan import steps
from littlest.plan.record import Record
from littlest.plan.steps import Step
from littlest.system import files
from littlest.system.accounts import groups, members, passwords, user_accounts
from littlest.system.environment import create as environments
from littlest.system.folders import folder_rights as folders
from littlest.system.https import certificates
from littlest.system.hub import canary, reload
from littlest.system.hub import ready as probe
from littlest.system.pages import logo, proxy_page
from littlest.system.record_file import write_record
from littlest.system.removal import is_there
from littlest.system.secrets import generated as secrets
from littlest.system.servers import running_limits as server_limits
from littlest.system.settings import drop_in_copies as drop_ins
from littlest.system.settings import settings_file as settings
from littlest.system.units import units

Progress = Callable[[str], None]
S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class StepKind:
    """How one kind of step is checked and carried out."""

    is_done: Callable[[Machine, Any, Record], bool]
    """Changes nothing."""
    do: Callable[[Machine, Any, Record, Progress], Record]
    """Returns the record, which the start of a unit changes. Raises LittlestError when it fails."""


def _is_unit_up_to_date(machine: Machine, step: steps.RunUnit, record: Record) -> bool:
    return units.is_unit_running(machine, step, record.started) and not reload.runs_others(machine, step)


def _start_unit(machine: Machine, step: steps.RunUnit, record: Record, _progress: Progress) -> Record:
    if step.unit == paths.HUB_UNIT:
        # this run watches how the start ends, so it may try again what failed before
        machine.remove(paths.HUB_TRIAL_FILE)
    # systemd finishes a restart even if this process ends now, so the unit may then run with either digest
    others = {unit: digest for unit, digest in record.started.items() if unit != step.unit}
    write_record(machine, replace(record, started=others, proved=False))
    digest = units.start_unit(machine, step)
    started = replace(record, started={**others, step.unit: digest}, proved=False)
    write_record(machine, started)
    return started


def _is_ready(machine: Machine, step: steps.WaitUntilReady, record: Record) -> bool:
    # a restarted hub must prove more than one request shows, even if the run that restarted it was interrupted
    return record.proved and probe.is_hub_ready(machine, step)


def _wait_until_ready(machine: Machine, step: steps.WaitUntilReady, record: Record, _progress: Progress) -> Record:
    probe.wait_until_ready(machine, step)
    return replace(record, proved=True)


def _are_settings_kept(machine: Machine, step: steps.KeepSettings) -> bool:
    kept = settings.are_settings_kept(machine, once=step.once)
    return kept and (step.once or drop_ins.are_drop_ins_good(machine))


def _keep_settings(machine: Machine, _step: steps.KeepSettings) -> None:
    settings.keep_settings(machine)
    drop_ins.keep_drop_ins(machine, drop_ins.read_drop_ins(machine))


def _pair(
    kind: type[S], is_done: Callable[[Machine, S], bool], do: Callable[[Machine, S], object]
) -> tuple[type[Step], StepKind]:
    """Return the entry of a kind that neither uses the record nor reports progress."""
    return _pair_progress(kind, is_done, lambda machine, step, _progress: do(machine, step))


def _pair_progress(
    kind: type[S], is_done: Callable[[Machine, S], bool], do: Callable[[Machine, S, Progress], object]
) -> tuple[type[Step], StepKind]:
    """Return the entry of a kind that does not use the record."""

    def carry_out(machine: Machine, step: S, record: Record, progress: Progress) -> Record:
        do(machine, step, progress)
        return record

    return kind, StepKind(lambda machine, step, _record: is_done(machine, step), carry_out)


STEP_KINDS: Mapping[type[Step], StepKind] = dict(
    (
        _pair(steps.EnsureGroup, lambda machine, step: is_there(machine, f"group:{step.name}"), groups.ensure_group),
        _pair(steps.SetGroupMembers, members.are_group_members_set, members.set_group_members),
        _pair(steps.EnsureSharedFolder, folders.is_shared_folder_made, folders.ensure_shared_folder),
        _pair(steps.CloseSharedFolder, folders.is_shared_folder_closed, folders.close_shared_folder),
        _pair(steps.EnsureSystemUser, user_accounts.is_system_user_there, user_accounts.ensure_system_user),
        _pair(steps.MakeDirectory, files.is_directory_made, files.make_directory),
        _pair(steps.WriteFile, files.is_file_written, files.write_file),
        _pair(steps.MakeLink, lambda machine, step: machine.read_link(step.path) == step.target, files.make_link),
        _pair(steps.EnsureSecret, secrets.is_secret_there, secrets.ensure_secret),
        _pair(steps.WriteEnvironmentFile, secrets.is_environment_file_written, secrets.write_environment_file),
        _pair(steps.CopyCertificate, certificates.is_certificate_copied, certificates.copy_certificate),
        _pair(steps.CopyLogo, logo.is_logo_copied, logo.copy_logo),
        _pair(steps.WriteProxyPage, proxy_page.is_proxy_page_written, proxy_page.write_proxy_page),
        _pair(steps.SetInitialPassword, passwords.is_initial_password_set, passwords.set_initial_password),
        _pair_progress(steps.CreateEnvironment, environments.is_environment_there, environments.create_environment),
        _pair(steps.EnableUnit, units.is_unit_enabled, units.enable_unit),
        (steps.RunUnit, StepKind(_is_unit_up_to_date, _start_unit)),
        (steps.WaitUntilReady, StepKind(_is_ready, _wait_until_ready)),
        _pair_progress(steps.ReloadHub, reload.is_hub_up_to_date, reload.reload_hub),
        _pair(steps.SetServerLimits, server_limits.are_server_limits_set, server_limits.set_server_limits),
        _pair(steps.TryServer, lambda machine, _step: not machine.is_live, canary.try_server),
        _pair(steps.KeepSettings, _are_settings_kept, _keep_settings),
        _pair(steps.RemoveUnits, units.are_units_removed, units.remove_units),
        _pair(steps.RemovePath, files.is_path_removed, lambda machine, step: machine.remove(step.path)),
        _pair(
            steps.RemoveSystemUser,
            lambda machine, step: not is_there(machine, f"account:{step.name}"),
            user_accounts.remove_system_user,
        ),
    )
)
