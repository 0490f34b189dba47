"""Carry out a plan: each step that is not done yet.

Crash rules: the record is widened before the first change and narrowed after the last, so everything of ours on the
machine is always in it. A unit's digest is forgotten before its restart and recorded after it, so an interrupted run
never loses a restart, nor the proof that the hub was healthy after it.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.record import Record, make_record, make_removals, narrow, order_steps, widen
from littlest.plan.steps import (
    CopyCertificate,
    EnsureSecret,
    MakeDirectory,
    MakeLink,
    Plan,
    ReloadHub,
    RemovePath,
    RunUnit,
    SetServerLimits,
    Step,
    WriteEnvironmentFile,
    WriteFile,
)
from littlest.system.record_file import read_record, write_record
from littlest.system.servers.running_limits import RunningServer, are_limits_set
from littlest.system.step_kinds import STEP_KINDS
from littlest.system.units import units

Progress = Callable[[str], None]


def ignore_progress(_line: str) -> None:
    """Report progress to nobody."""


def find_pending_steps(
    machine: Machine, plan: Plan, release: str, *, servers: tuple[RunningServer, ...] | None = None
) -> tuple[Step, ...]:
    """Return the steps that are not done yet and the restarts that they cause, in order. Changes nothing.

    `servers` are the running servers, if you have read them already.
    """
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
        if servers is not None and isinstance(step, SetServerLimits):
            done = are_limits_set(servers, step)
        else:
            done = not restarts and is_done(machine, step, record)
        if not done:
            pending.append(step)
            if isinstance(step, WriteFile | WriteEnvironmentFile | EnsureSecret | CopyCertificate | MakeLink):
                changing.add(step.path)
    return tuple(pending)


def apply_plan(
    machine: Machine,
    plan: Plan,
    release: str,
    *,
    pending: tuple[Step, ...] | None = None,
    progress: Progress = ignore_progress,
) -> tuple[Step, ...]:
    """Carry out the plan, remove what is ours and not in it, and return the steps that it took.

    `pending` is what `find_pending_steps` has just returned for this plan: the steps before its first one are not
    checked again. From that one on each step is checked when its turn comes, because the steps before it may have
    changed the answer, and because somebody may have saved a file that the step would overwrite.
    Raises LittlestError when a step fails; the steps before it stay done, and the same call again continues there.
    """
    record = read_record(machine)
    planned = _plan_record(machine, plan, release, record)
    removals = make_removals(record, planned)
    record = widen(record, planned)
    done: list[Step] = []
    is_known = pending is not None
    for step in order_steps(removals, plan):
        is_known = is_known and step not in (pending or ())
        if is_known or is_done(machine, step, record):
            continue
        if not done:
            write_record(machine, record)
        progress(step.describe())
        record = STEP_KINDS[type(step)].do(machine, step, record, progress)
        done.append(step)
    # a slice is never restarted, so a change of it would stay unread
    if any(isinstance(step, RemovePath) for step in done) or units.is_reload_needed(machine, planned.units):
        units.reload_units(machine)
    write_record(machine, narrow(record, planned))
    return tuple(done)


def _plan_record(machine: Machine, plan: Plan, release: str, record: Record) -> Record:
    """Return what is ours once the plan has been carried out; a shared directory only if we made it."""
    planned = make_record(plan, release)
    shared = {str(step.path) for step in plan.steps if isinstance(step, MakeDirectory) and step.shared}
    foreign = {path for path in shared - record.paths.keys() if machine.read_state(PurePosixPath(path)) is not None}
    return replace(planned, paths={path: kind for path, kind in planned.paths.items() if path not in foreign})


def is_done(machine: Machine, step: Step, record: Record) -> bool:
    """Return whether the step is done already. Only looks."""
    return STEP_KINDS[type(step)].is_done(machine, step, record)
