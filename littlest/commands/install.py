"""`littlest install`: the first install, which the installer's last step calls."""

import shlex
from dataclasses import dataclass, replace
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.values import parse_user_name
from littlest.config.text.render import render_default_config
from littlest.errors import LittlestError, NeedsAPerson, UsageError, find_failure
from littlest.health.release_files import verify_release
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.build import make_plan
from littlest.plan.describe import list_first_passwords, render_first_passwords
from littlest.plan.steps import Plan, Release, SetInitialPassword
from littlest.report import Report
from littlest.system.accounts.passwords import is_initial_password_set
from littlest.system.apply_plan import Progress, apply_plan, ignore_progress
from littlest.system.config_checks import load_checked_config
from littlest.system.environment.kernel import find_environment_problem
from littlest.system.network.addresses import find_addresses
from littlest.system.record_file import read_record
from littlest.system.releases.current import read_own_release
from littlest.system.releases.manifest import MANIFEST_FILE, write_manifest
from littlest.system.servers.memory import read_machine_memory
from littlest.system.settings.active import read_settings_text
from littlest.system.settings.revisions import add_revision, find_invoking_user
from littlest.system.undo_install import is_install_complete, remember_before_install, undo_install
from littlest.transaction import explain, run_transaction

DEFAULT_ADMIN = "admin"


def run_install(
    machine: Machine,
    admin: str | None,
    start: bool,
    log_file: str | None,
    *,
    release: Release | None = None,
    progress: Progress = ignore_progress,
) -> Report:
    """Set the server up from the release that this program runs from.

    `admin` is `NAME` or `NAME:FILE`; the file holds the first password. If the same release is already installed, its
    files are compared with their receipt, and nothing is changed. Raises LittlestError when a step fails, after
    everything that this install made was removed (NeedsAPerson if that failed as well).
    """
    check_root(machine)
    release = release or read_own_release()
    with hold_lock(machine):
        _check_current(machine, release)
        if machine.read_state(release.directory / paths.COMPLETE_MARKER) is not None:
            return _verify(machine, release, admin)
        install = _plan_install(machine, release, admin, start)
        _carry_out(machine, install, progress)
    return _report_installed(machine, install, log_file)


@dataclass(frozen=True, slots=True)
class _Install:
    """What a first install will do."""

    release: Release
    config: Config
    plan: Plan
    first_admin: str | None
    password_file: Path | None
    other_passwords: dict[str, str]
    """The other admins for whom it makes a first password, each with the file."""
    start: bool

    @property
    def first_password(self) -> Path:
        """The file with the first password of the first admin."""
        return self.password_file or paths.INITIAL_PASSWORD_DIR / (self.first_admin or "")


def _plan_install(machine: Machine, release: Release, admin: str | None, start: bool) -> _Install:
    name, password_file = _parse_admin(admin)
    text = read_settings_text(machine)
    text = render_default_config((name or DEFAULT_ADMIN,)) if text is None else text
    config = load_checked_config(machine, text, str(paths.CONFIG_FILE))
    first_admin = _choose_admin(config, name)
    plan = make_plan(
        config,
        release,
        first_admin=first_admin,
        password_file=password_file,
        start=start,
        is_install=True,
        machine_memory=read_machine_memory(machine),
    )
    others = (step for step in plan.steps if isinstance(step, SetInitialPassword) and step.user != first_admin)
    without_password = [step for step in others if not is_initial_password_set(machine, step)]
    passwords = list_first_passwords(without_password)
    return _Install(release, config, plan, first_admin, password_file, passwords, start)


def _carry_out(machine: Machine, install: _Install, progress: Progress) -> None:
    """Make everything, or remove what was made. Raises LittlestError."""
    release = install.release
    remembered = remember_before_install(machine, install.plan)

    def make() -> None:
        if machine.read_state(release.directory / MANIFEST_FILE) is None:
            progress("write the list of the release's files and their checksums")
            write_manifest(machine, release.directory)
        apply_plan(machine, install.plan, release.version, progress=progress)
        if install.start:
            _begin_history(machine)

    def put_back(error: BaseException) -> BaseException | None:
        # after the very last change, a signal finds a complete install
        return None if is_install_complete(machine, remembered) else _take_back(machine, error, progress)

    run_transaction(make, put_back)


def _begin_history(machine: Machine) -> None:
    text = machine.read_text(paths.LAST_GOOD_CONFIG_FILE)
    if text is not None:
        add_revision(machine, text, who=find_invoking_user(), how="install", changed=())


def _parse_admin(admin: str | None) -> tuple[str | None, Path | None]:
    if not admin:
        return None, None
    name, _, file = admin.partition(":")
    try:
        name = parse_user_name(name)
    except ValueError as error:
        raise UsageError(f"--admin {name}: {error}") from None
    if file and not file.startswith("/"):
        raise UsageError(f"--admin {admin}: the password file {file} must be a path from /")
    return name, Path(file) if file else None


def _choose_admin(config: Config, name: str | None) -> str | None:
    """Return who gets the first password: the named admin, or the first one of settings that were there before."""
    if name is not None and name not in config.users.admin:
        raise UsageError(
            f"--admin {name}: {paths.CONFIG_FILE} exists already and does not name {name} in users.admin",
            "Add the name there, or leave --admin out.",
        )
    return name or next(iter(config.users.admin), None)


def _check_current(machine: Machine, release: Release) -> None:
    current = machine.read_link(paths.CURRENT_LINK)
    if current not in (None, release.directory) and machine.read_state(current or paths.CURRENT_LINK) is not None:
        raise LittlestError(
            f"another version is installed in {current}; this is {release.version} in {release.directory}",
            "To replace it: sudo littlest uninstall (settings, users and homes stay), then run this installer again.",
        )


def _verify(machine: Machine, release: Release, admin: str | None) -> Report:
    found = verify_release(machine, release)
    if not admin:
        return found
    name, _ = _parse_admin(admin)
    command = f"sudo littlest config add users.admin {shlex.quote(name or '')}"
    note = f"Note: --admin {name} is only for a first installation, and was ignored. To add an admin: {command}"
    return replace(found, lines=(*found.lines, note), data={**found.data, "ignored": ["admin"]})


def _take_back(machine: Machine, error: BaseException, progress: Progress) -> LittlestError:
    progress("the install failed; removing what it made")
    why = explain(error)
    hint = error.hint if isinstance(error, LittlestError) else None
    # the one thing that was there before, and that the trial of a server needs
    was_there = f"path:{paths.USER_ENVIRONMENT_DIR}" not in read_record(machine).made
    if was_there and (problem := find_environment_problem(machine)):
        broken = f"{paths.USER_ENVIRONMENT_DIR}.broken"
        why += f"\nno kernel of the user environment starts: {problem}"
        hint = f"Move the user environment away first: sudo mv {paths.USER_ENVIRONMENT_DIR} {broken}"
    left = undo_install(machine)
    if left:
        return NeedsAPerson(
            "\n".join((f"the install failed: {why}", "and these could not be removed:", *(f"  {x}" for x in left))),
            "Remove these yourself, then run the installer again.",
        )
    again = "Everything that it made was removed. When the cause is gone, run the installer again."
    return find_failure(error)(f"the install failed: {why}", f"{again}\n{hint}" if hint else again)


def _report_installed(machine: Machine, install: _Install, log_file: str | None) -> Report:
    addresses, first_admin = find_addresses(machine, install.config), install.first_admin
    state = "is running" if install.start else "is installed and starts at the next boot (or: sudo littlest apply)"
    lines = (
        f"The Littlest JupyterHub {install.release.version} {state}.",
        f"Open {' or '.join(addresses)}",
        _explain_login(machine, install),
        *render_first_passwords(install.other_passwords),
        f"Settings: {paths.CONFIG_FILE}, then sudo littlest apply",
        *((f"Log of this install: {log_file}",) if log_file else ()),
    )
    has_password = first_admin is not None and install.config.auth.keeps_passwords
    data = {
        "version": install.release.version,
        "directory": str(install.release.directory),
        "changed": True,
        "addresses": list(addresses),
        "admin": first_admin,
        "password_file": str(install.first_password) if has_password else None,
        "log": log_file,
    }
    return Report(lines, data)


def _explain_login(machine: Machine, install: _Install) -> str:
    name, auth = install.first_admin, install.config.auth
    if name is None:
        return f"No admin is named yet: add one to users.admin in {paths.CONFIG_FILE}"
    if not auth.keeps_passwords:
        return f"Log in as {name}, in the way that auth.type says: {auth.type}"
    if install.password_file:
        return f"Log in as {name}; the first password is in {install.password_file}"
    if machine.read_state(install.first_password):
        return f"Log in as {name}; to see the first password: sudo cat {install.first_password}"
    return f"Log in as {name} with your earlier password"
