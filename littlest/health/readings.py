"""What `littlest status` reads from a machine, once, for the report and for the checks. Changes nothing."""

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.converge import find_differences
from littlest.errors import ConfigError, LittlestError
from littlest.machine.machine import Machine
from littlest.plan.build import make_probe_url
from littlest.plan.changes import find_changes
from littlest.plan.effects import make_restart_digest
from littlest.plan.login import list_login_addresses
from littlest.plan.record import Record
from littlest.plan.steps import Release, SetInitialPassword, Step
from littlest.server.extensions import describe_half, find_halves, list_extensions_of_servers
from littlest.system.config_checks import load_active_config
from littlest.system.environment.kernel import find_environment_problem
from littlest.system.https.certificates import read_certificate_end
from littlest.system.hub.api import HubApi
from littlest.system.hub.one_time_passwords import read_users_passwords
from littlest.system.hub.reload import read_hub_settings
from littlest.system.hub.set_aside import list_set_aside, read_database_id, read_note
from littlest.system.network.addresses import find_addresses
from littlest.system.releases.manifest import list_changed_files
from littlest.system.servers.memory import is_memory_limited, read_free_memory, read_machine_memory
from littlest.system.servers.usage import UserUse, look_at_servers, read_user_uses
from littlest.system.settings.active import read_good_config
from littlest.system.settings.revisions import strip_bom
from littlest.system.units.units import read_active_state

_NOT_COMPARED = "not everything could be compared with the settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read. The names are those of `littlest status --json`."""

    jupyterhub_version: str | None = None
    """Of the hub that answers; None where none does."""
    users: int | None = None
    """Those who may log in; `removed_users` are not among them."""
    removed_users: list[str] = field(default_factory=list)
    """Users of the hub who may not log in any more."""
    servers: int | None = None
    """Users with a server that runs or starts."""
    unclaimed_names: list[str] = field(default_factory=list)
    """Names under which nobody has logged in yet: the first login chooses the password."""
    unused_one_time_passwords: list[str] = field(default_factory=list)
    """Users who have not used their one-time password yet."""
    users_without_password: list[str] = field(default_factory=list)
    """Users who cannot log in before somebody makes a one-time password for them."""
    hub_problem: str | None = None
    """Why the hub does not answer as it should."""
    drop_in_problems: list[str] = field(default_factory=list)
    runs_other_settings: bool = False
    """The hub was started with other settings than those last applied."""
    hub_settings_file: str | None = None
    """Where the hub's settings come from; empty for the defaults."""
    hub_settings_problems: list[str] = field(default_factory=list)
    """Why the hub does not use config.yaml, as `file:line: key: problem`."""
    addresses: list[str]
    login_addresses: dict[str, str]
    units: dict[str, str]
    """The active state of each unit, in systemd's words."""
    settings_problem: str | None = None
    """What keeps the settings in config.yaml from being applied."""
    settings_fix: str | None = None
    """A command that fixes it, or shows more."""
    settings_problems: list[Problem] = field(default_factory=list)
    settings_not_applied: list[str] = field(default_factory=list)
    """Keys whose values in config.yaml are not those last applied."""
    first_passwords_missing: list[str] = field(default_factory=list)
    """Admins for whom an apply would make a first password."""
    steps_not_done: list[str] = field(default_factory=list)
    """What an apply would do although no setting has changed, because somebody changed the machine."""
    certificate_ends: str | None = None
    """ISO 8601, UTC; None without https."""
    disk_total_bytes: int
    disk_free_bytes: int
    disk_free_inodes: int = sys.maxsize
    """Files that the hub can still make."""
    read_only: list[str] = field(default_factory=list)
    """Folders in which the hub or users must write, on a disk that can only be read now."""
    memory_total_bytes: int
    memory_free_bytes: int
    is_install_unfinished: bool
    database_problems: list[str] = field(default_factory=list)
    """What happened to the hub's database, and why it cannot be used."""
    rows_left_out: list[str] = field(default_factory=list)
    """Rows of the hub's database that JupyterHub cannot work with."""
    left_out_extensions: list[str] = field(default_factory=list)
    """Extensions of JupyterLab in the user environment that users do not get, a sentence for each."""
    environment_problem: str | None = None
    """Why no kernel of the user environment starts."""
    damaged_files: list[str] | None = field(default_factory=list)
    """Files of the release that are missing or changed; None where the release has no receipt of its files."""
    is_memory_limited: bool = True
    """The kernel enforces limits of memory."""
    homes_free_bytes: int = sys.maxsize
    """On the disk of the users' homes."""
    homes_free_inodes: int = sys.maxsize
    """Files that can still be made there."""
    usage: list[UserUse] = field(default_factory=list)
    """What each user's servers use; those first who may need help."""


def read_machine(machine: Machine, record: Record, release: Release) -> Readings:
    """Read everything. Raises LittlestError when a command of the system fails."""
    # before everything else: how much of the processor servers use, shows only after a while
    first = look_at_servers(machine)
    config, settings = _read_settings(machine, release)
    people, hub = _ask_hub(machine, config)
    disk = shutil.disk_usage(machine.path(paths.STATE_DIR))
    end = read_certificate_end(machine) if config.https.enabled else None
    return Readings(
        addresses=list(find_addresses(machine, config)),
        login_addresses=list_login_addresses(config),
        units={unit: read_active_state(machine, unit) for unit in record.units if not unit.endswith(".slice")},
        certificate_ends=end.isoformat(timespec="seconds") if end else None,
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
        disk_free_inodes=_count_free_inodes(os.statvfs(machine.path(paths.STATE_DIR))),
        read_only=_find_read_only(machine, config),
        memory_total_bytes=read_machine_memory(machine),
        memory_free_bytes=read_free_memory(machine),
        is_install_unfinished=bool(record.made),
        environment_problem=find_environment_problem(machine),
        left_out_extensions=_list_left_out(machine, release),
        damaged_files=list_changed_files(machine, release.directory),
        is_memory_limited=is_memory_limited(machine),
        **_read_database(machine),
        **_read_homes(machine, config),
        **settings,
        **hub,
        usage=list(
            read_user_uses(
                machine,
                first,
                # without the hub, at least those whose servers run
                people or {server.user: None for server in first.servers},
                config.users.unix_name,
            )
        ),
    )


def _list_left_out(machine: Machine, release: Release) -> list[str]:
    served = list_extensions_of_servers(machine.path(release.directory))
    halves = find_halves(machine.path(paths.USER_ENVIRONMENT_DIR), served)
    return [describe_half(name, package) for name, package in sorted(halves.items())]


def _read_database(machine: Machine) -> dict[str, Any]:
    note = read_note(machine)
    problems, rows = list(note.problems), []
    # before its first start there is none
    if note.id:
        try:
            rows = [str(one) for one in list_set_aside(machine)]
            if read_database_id(machine) != note.id:
                problems.append("the hub's database is another one than the hub has used")
        except LittlestError as error:
            problems.append(error.message)
    return {"database_problems": problems, "rows_left_out": rows}


def _read_homes(machine: Machine, config: Config) -> dict[str, Any]:
    try:
        found = _ask_disk(machine, config.users.homes)
    except OSError:
        return {}
    return {"homes_free_bytes": found.f_bavail * found.f_frsize, "homes_free_inodes": _count_free_inodes(found)}


def _find_read_only(machine: Machine, config: Config) -> list[str]:
    """Return the folders that nobody can write to: a kernel that finds an error makes the whole disk read-only."""
    folders = (str(paths.STATE_DIR), str(paths.ETC_DIR), config.users.homes)
    found = []
    for folder in folders:
        with suppress(OSError):
            found += [folder] if _ask_disk(machine, folder).f_flag & os.ST_RDONLY else []
    return found


def _ask_disk(machine: Machine, folder: str) -> os.statvfs_result:
    wanted = machine.path(PurePosixPath(folder))
    return os.statvfs(next(one for one in (wanted, *wanted.parents) if one.is_dir()))


def _count_free_inodes(disk: os.statvfs_result) -> int:
    # some file systems have as many inodes as they have space for
    return disk.f_favail if disk.f_files else sys.maxsize


def _read_settings(machine: Machine, release: Release) -> tuple[Config, dict[str, Any]]:
    """Return the applied settings, and the fields that say what keeps those in config.yaml from being applied."""
    good = read_good_config(machine)
    try:
        config = load_active_config(machine)
    except ConfigError as error:
        problems = list(error.problems) if isinstance(error, InvalidConfig) else []
        return good or Config(), {"settings_problem": _explain_invalid(machine), "settings_problems": problems}
    changed = [] if good is None else [change.key for change in find_changes(good, config)]
    problem: str | None = None
    steps: tuple[Step, ...] = ()
    if changed:
        problem = f"{paths.CONFIG_FILE} has changes that are not applied ({', '.join(changed)})"
    elif machine.read_state(paths.CONFIG_FILE) is None:
        problem = f"{paths.CONFIG_FILE} is missing"
    else:
        problem, steps = _compare(machine, config, release)
    return good or config, {
        "settings_problem": problem,
        "settings_fix": "sudo littlest apply" if problem and not problem.startswith(_NOT_COMPARED) else None,
        "settings_not_applied": changed,
        "steps_not_done": [step.describe() for step in steps],
        "first_passwords_missing": [step.user for step in steps if isinstance(step, SetInitialPassword)],
    }


def _compare(machine: Machine, config: Config, release: Release) -> tuple[str | None, tuple[Step, ...]]:
    """Return why the machine could not be compared with the settings, and what an apply would do."""
    try:
        return None, find_differences(machine, config, release)
    except (LittlestError, OSError) as error:
        # the other readings may say why
        return f"{_NOT_COMPARED}: {error}", ()


def _explain_invalid(machine: Machine) -> str:
    # applied settings can become invalid, as when a file that they name is deleted
    is_missing = machine.read_state(paths.CONFIG_FILE) is None
    content = strip_bom(machine.read_bytes(paths.CONFIG_FILE) or b"")
    if is_missing or content == machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE):
        return "the applied settings need something that is missing or broken now: apply would refuse them"
    return f"{paths.CONFIG_FILE} is not valid, so the last known good settings are used"


def _ask_hub(machine: Machine, config: Config) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Return the users with their last activity, and the fields that the hub answers.

    After the first problem the others keep their defaults.
    """
    api = HubApi(machine, make_probe_url(config))
    people: dict[str, str | None] = {}
    found: dict[str, Any] = {}
    try:
        found["jupyterhub_version"] = api.read_version()
        api.check_login_page()
        users = api.list_users()
        people = {str(user["name"]): user.get("last_activity") for user in users}
        found["servers"] = sum(bool(user.get("servers")) for user in users)
        passwords = read_users_passwords(api)
        found["users"] = len(people.keys() - passwords.removed)
        found["removed_users"] = list(passwords.removed)
        found["unclaimed_names"] = list(passwords.unclaimed)
        found["unused_one_time_passwords"] = list(passwords.one_time)
        found["users_without_password"] = list(passwords.missing)
        settings = read_hub_settings(api)
        found["drop_in_problems"] = list(settings.drop_in_problems)
        found["runs_other_settings"] = settings.started != make_restart_digest(config)
        found["hub_settings_file"] = settings.file
        found["hub_settings_problems"] = list(settings.problems)
    except LittlestError as error:
        found["hub_problem"] = error.message
    return people, found
