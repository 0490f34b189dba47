"""Removing what an unfinished install made, and nothing else."""

from dataclasses import replace
from pathlib import PurePosixPath

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.record import Record
from littlest.plan.steps import (
    CopyCertificate,
    CreateEnvironment,
    EnsureGroup,
    EnsureSecret,
    EnsureSystemUser,
    KeepSettings,
    MakeDirectory,
    MakeLink,
    Plan,
    RemoveSystemUser,
    RemoveUnits,
    SetInitialPassword,
    Step,
    TryServer,
    WriteEnvironmentFile,
    WriteFile,
)
from littlest.system.accounts import accounts, groups, passwords
from littlest.system.environment.create import list_leftovers
from littlest.system.hub import canary
from littlest.system.record_file import read_record, write_record
from littlest.system.units import units


def remember_before_install(machine: Machine, plan: Plan) -> tuple[str, ...]:
    """Record, and return, what the plan will make that is not there yet: it can be taken back, even after a crash."""
    record = read_record(machine)
    missing = [target for step in plan.steps for target in _list_targets(step) if not _exists(machine, target)]
    # the record's own directory comes first, so it is removed last
    state = f"path:{paths.STATE_DIR}"
    first = (state,) if state in missing else ()
    made = tuple(dict.fromkeys((*record.made, *first, *missing)))
    write_record(machine, replace(record, made=made))
    return made


def is_install_complete(machine: Machine, remembered: tuple[str, ...]) -> bool:
    """Whether the install that remembered this finished: then nothing is recorded as made by it."""
    return bool(remembered) and machine.read_state(paths.RECORD_FILE) is not None and not read_record(machine).made


def undo_install(machine: Machine) -> tuple[str, ...]:
    """Remove what the unfinished install made, the latest first; return what could not be removed, and why."""
    record = read_record(machine)
    failures: list[str] = []
    made_units = tuple(
        PurePosixPath(name).name
        for kind, _, name in (target.partition(":") for target in record.made)
        if kind == "path" and PurePosixPath(name).parent == paths.SYSTEMD_DIR
    )
    if made_units:
        units.remove_units(machine, RemoveUnits(made_units))
    for target in reversed(record.made):
        try:
            _remove(machine, target)
        except (LittlestError, OSError) as error:
            failures.append(f"{target.partition(':')[2]}: {error}")
    if made_units:
        units.reload_units(machine)
    if machine.read_state(paths.STATE_DIR) is not None:
        _forget(machine, record)
    return tuple(failures)


def _forget(machine: Machine, record: Record) -> None:
    """Nothing of the failed install is ours any more; what was ours before it stays ours."""
    made = set(record.made)
    kept = {path: kind for path, kind in record.paths.items() if f"path:{path}" not in made}
    if f"path:{paths.RECORD_FILE}" in made or not kept:
        machine.remove(paths.RECORD_FILE)
        return
    write_record(
        machine,
        replace(
            record,
            paths=kept,
            units=tuple(unit for unit in record.units if str(paths.SYSTEMD_DIR / unit) in kept),
            accounts=tuple(name for name in record.accounts if f"account:{name}" not in made),
            started={},
            made=(),
        ),
    )


def _list_targets(step: Step) -> tuple[str, ...]:  # noqa: PLR0911  # one line for each kind of step
    match step:
        case EnsureGroup():
            return (f"group:{step.name}",)
        case EnsureSystemUser():
            return (f"account:{step.name}",)
        case MakeDirectory() | WriteFile() | MakeLink() | EnsureSecret() | WriteEnvironmentFile() | CopyCertificate():
            return (f"path:{step.path}",)
        case CreateEnvironment():
            # the interrupted installation of a package may write for a moment longer
            return (f"path:{step.prefix}", *(f"path:{path}" for path in list_leftovers(step)))
        case SetInitialPassword():
            # a password whose note is gone would be one that nobody knows
            return (
                f"path:{paths.PASSWORDS_FILE}",
                f"path:{paths.INITIAL_PASSWORD_DIR / step.user}",
                f"password:{step.user}",
            )
        case TryServer():
            # the hub makes these with its first server
            made = (paths.SERVERS_RUNTIME_DIR, paths.SERVERS_ENVIRONMENT_DIR, paths.ACCOUNTS_LOCK_FILE)
            return (*(f"path:{path}" for path in made), f"user:{paths.CANARY_USER}")
        case KeepSettings():
            return (f"path:{paths.LAST_GOOD_CONFIG_FILE}", f"path:{paths.LAST_GOOD_DROP_IN_DIR}")
        case _:
            return ()


def _exists(machine: Machine, target: str) -> bool:
    kind, _, name = target.partition(":")
    if kind == "group":
        return machine.read_group(name) is not None
    if kind == "account":
        return machine.read_account(name) is not None
    if kind == "user":
        return accounts.find_account_made_for(machine, name) is not None
    if kind == "password":
        return passwords.has_password(machine.path(paths.PASSWORDS_FILE), name)
    return machine.read_state(PurePosixPath(name)) is not None


def _remove(machine: Machine, target: str) -> None:
    kind, _, name = target.partition(":")
    if not _exists(machine, target):
        return
    if kind == "group":
        groups.remove_group(machine, name)
    elif kind == "account":
        accounts.remove_system_user(machine, RemoveSystemUser(name))
    elif kind == "user":
        canary.remove_canary_account(machine)
    elif kind == "password":
        passwords.remove_password(machine.path(paths.PASSWORDS_FILE), name)
    else:
        machine.remove_tree(PurePosixPath(name))
