"""Walk a plan: look at each step, and make it so where it is not.

Crash rules: the record is widened before the first change and narrowed after the last, so whatever stands on the
machine is always known to be ours; and a unit's digest is forgotten before its restart and recorded only after it, so
an interrupted run never loses a restart, nor the proof that the hub was well after it.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.describe import render_step
from littlest.plan.record import Record, make_record, make_removals, narrow, order_steps, widen
from littlest.plan.steps import (
    CloseSharedFolder,
    CopyCertificate,
    EnableUnit,
    EnsureGroup,
    EnsureSecret,
    EnsureSharedFolder,
    EnsureSystemUser,
    KeepSettings,
    LayDownEnvironment,
    MakeDirectory,
    MakeLink,
    Plan,
    ReloadHub,
    RemovePath,
    RemoveSystemUser,
    RemoveUnits,
    RunUnit,
    SetGroupMembers,
    SetInitialPassword,
    SetServerLimits,
    Step,
    TryServer,
    WaitUntilReady,
    WriteEnvironmentFile,
    WriteFile,
)
from littlest.system import files
from littlest.system.accounts import accounts, groups, members, passwords
from littlest.system.environment import create as environments
from littlest.system.folders import folder_rights as folders
from littlest.system.https import certificates
from littlest.system.hub import canary, reload
from littlest.system.hub import ready as probe
from littlest.system.record_file import read_record, write_record
from littlest.system.secrets import generated as secrets
from littlest.system.servers import running_limits as server_limits
from littlest.system.settings import drop_in_copies as drop_ins
from littlest.system.settings import settings_file as settings
from littlest.system.units import units

Progress = Callable[[str], None]


def ignore_progress(_line: str) -> None:
    """Progress that nobody watches."""


def find_pending_steps(machine: Machine, plan: Plan, release: str) -> tuple[Step, ...]:
    """The steps that are not so yet, and the restarts that they bring about, in order. Changes nothing."""
    record = read_record(machine)
    pending: list[Step] = []
    changing: set[PurePosixPath] = set()
    for step in order_steps(make_removals(record, _plan_record(machine, plan, release, record)), plan):
        if isinstance(step, ReloadHub) and any(
            isinstance(one, RunUnit) and one.unit == paths.HUB_UNIT for one in pending
        ):
            # a hub that starts reads the settings anyway
            continue
        restarts = machine.is_live and isinstance(step, RunUnit) and not changing.isdisjoint(step.inputs)
        if restarts or not is_done(machine, step, record):
            pending.append(step)
            if isinstance(step, WriteFile | WriteEnvironmentFile | EnsureSecret | CopyCertificate | MakeLink):
                changing.add(step.path)
    return tuple(pending)


def apply_plan(
    machine: Machine, plan: Plan, release: str, *, progress: Progress = ignore_progress
) -> tuple[Step, ...]:
    """Make everything in the plan so, take away what is ours and not in it, and return the steps that it took.

    Raises LittlestError when a step fails; the steps before it stay done, and the same call again goes on from there.
    """
    record = read_record(machine)
    planned = _plan_record(machine, plan, release, record)
    removals = make_removals(record, planned)
    record = widen(record, planned)
    done: list[Step] = []
    for step in order_steps(removals, plan):
        if is_done(machine, step, record):
            continue
        if not done:
            write_record(machine, record)
        progress(render_step(step))
        record = do_step(machine, step, record, progress)
        done.append(step)
    # a slice is never restarted, so a change of it would stay unread
    if any(isinstance(step, RemovePath) for step in done) or units.is_reload_needed(machine, planned.units):
        units.reload_units(machine)
    write_record(machine, narrow(record, planned))
    return tuple(done)


def _plan_record(machine: Machine, plan: Plan, release: str, record: Record) -> Record:
    """What is ours once the plan has been carried out; a shared directory only where we are who made it."""
    planned = make_record(plan, release)
    shared = {str(step.path) for step in plan.steps if isinstance(step, MakeDirectory) and step.shared}
    foreign = {path for path in shared - record.paths.keys() if machine.read_state(PurePosixPath(path)) is not None}
    return replace(planned, paths={path: kind for path, kind in planned.paths.items() if path not in foreign})


def is_done(machine: Machine, step: Step, record: Record) -> bool:  # noqa: PLR0911, PLR0912  # one line for each kind
    """Is it so already? Only looks."""
    match step:
        case EnsureGroup():
            return groups.is_group_there(machine, step)
        case SetGroupMembers():
            return members.are_group_members_set(machine, step)
        case EnsureSharedFolder():
            return folders.is_shared_folder_made(machine, step)
        case CloseSharedFolder():
            return folders.is_shared_folder_closed(machine, step)
        case EnsureSystemUser():
            return accounts.is_system_user_there(machine, step)
        case MakeDirectory():
            return files.is_directory_made(machine, step)
        case WriteFile():
            return files.is_file_written(machine, step)
        case MakeLink():
            return files.is_link_made(machine, step)
        case EnsureSecret():
            return secrets.is_secret_there(machine, step)
        case WriteEnvironmentFile():
            return secrets.is_environment_file_written(machine, step)
        case CopyCertificate():
            return certificates.is_certificate_copied(machine, step)
        case SetInitialPassword():
            return passwords.is_initial_password_set(machine, step)
        case LayDownEnvironment():
            return environments.is_environment_there(machine, step)
        case EnableUnit():
            return units.is_unit_enabled(machine, step)
        case RunUnit():
            return units.is_unit_running(machine, step, record.started) and not reload.runs_others(machine, step)
        case WaitUntilReady():
            # a hub that was started must prove more than a look at it shows, also when that start's run was ended
            return record.proved and probe.is_hub_ready(machine, step)
        case ReloadHub():
            return reload.is_hub_up_to_date(machine, step)
        case SetServerLimits():
            return server_limits.are_server_limits_set(machine, step)
        case TryServer():
            return not machine.is_live
        case KeepSettings():
            kept = settings.are_settings_kept(machine, once=step.once)
            return kept and (step.once or drop_ins.are_drop_ins_good(machine))
        case RemoveUnits():
            return units.are_units_removed(machine, step)
        case RemovePath():
            return files.is_path_removed(machine, step)
        case RemoveSystemUser():
            return accounts.is_system_user_removed(machine, step)


def do_step(machine: Machine, step: Step, record: Record, progress: Progress) -> Record:  # noqa: PLR0912, PLR0915
    """Make it so, and return the record, which a unit's start adds to."""
    match step:
        case EnsureGroup():
            groups.ensure_group(machine, step)
        case SetGroupMembers():
            members.set_group_members(machine, step)
        case EnsureSharedFolder():
            folders.ensure_shared_folder(machine, step)
        case CloseSharedFolder():
            folders.close_shared_folder(machine, step)
        case EnsureSystemUser():
            accounts.ensure_system_user(machine, step)
        case MakeDirectory():
            files.make_directory(machine, step)
        case WriteFile():
            files.write_file(machine, step)
        case MakeLink():
            files.make_link(machine, step)
        case EnsureSecret():
            secrets.ensure_secret(machine, step)
        case WriteEnvironmentFile():
            secrets.write_environment_file(machine, step)
        case CopyCertificate():
            certificates.copy_certificate(machine, step)
        case SetInitialPassword():
            passwords.set_initial_password(machine, step)
        case LayDownEnvironment():
            environments.create_environment(machine, step, progress)
        case EnableUnit():
            units.enable_unit(machine, step)
        case RunUnit():
            if step.unit == paths.HUB_UNIT:
                # somebody who sees how it ends tries what may have failed before
                machine.remove(paths.HUB_TRIAL_FILE)
            # systemd goes on with a restart for which nobody waits: should this end now, it may run with either
            others = {unit: digest for unit, digest in record.started.items() if unit != step.unit}
            write_record(machine, replace(record, started=others, proved=False))
            digest = units.start_unit(machine, step)
            record = replace(record, started={**others, step.unit: digest}, proved=False)
            write_record(machine, record)
        case WaitUntilReady():
            probe.wait_until_ready(machine, step)
            record = replace(record, proved=True)
        case ReloadHub():
            reload.reload_hub(machine, step, progress)
        case SetServerLimits():
            server_limits.set_server_limits(machine, step)
        case TryServer():
            canary.try_server(machine, step)
        case KeepSettings():
            settings.keep_settings(machine)
            drop_ins.keep_drop_ins(machine, drop_ins.read_drop_ins(machine))
        case RemoveUnits():
            units.remove_units(machine, step)
        case RemovePath():
            files.remove_path(machine, step)
        case RemoveSystemUser():
            accounts.remove_system_user(machine, step)
    return record
