"""`littlest uninstall`: the empty plan, and with `--purge` all that people keep here as well."""

import importlib
import shlex
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.errors import LittlestError, NeedsAPerson
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.steps import Plan
from littlest.report import Report
from littlest.system.accounts.accounts import find_user_accounts, remove_user_account
from littlest.system.accounts.groups import find_our_groups, remove_group
from littlest.system.apply_plan import Progress, apply_plan, ignore_progress
from littlest.system.record_file import read_record
from littlest.system.releases.manifest import MANIFEST_FILE
from littlest.system.units.units import reload_units

KEPT = (paths.ETC_DIR, paths.STATE_DIR, paths.LOG_DIR, paths.USER_ENVIRONMENT_DIR)
"""What people made or may want to look at, so only `--purge` removes it."""
RUNTIME = (
    paths.PROXY_RUNTIME_DIR,
    paths.SERVERS_RUNTIME_DIR,
    paths.PROXY_STATE_DIR,
    paths.SERVERS_ENVIRONMENT_DIR,
    paths.ACCOUNTS_LOCK_FILE,
)
"""What hub and proxy made while they ran, and can make again."""
UNITS = (paths.PROXY_UNIT, paths.HUB_SOCKET_UNIT, paths.HUB_UNIT, paths.CULLER_UNIT, paths.USERS_SLICE)


def run_uninstall(machine: Machine, purge: bool, *, progress: Progress = ignore_progress) -> Report:
    """Stop everything that is ours, users' servers too, and remove it; doing it twice is the same as once.

    Settings, the hub's database, the user environment, accounts and homes stay, unless `purge` is given. Raises
    NeedsAPerson, naming what it is, when something could not be removed.
    """
    check_root(machine)
    _check_terminal(machine, purge)
    # the release that this program runs from is removed last, and then there is nothing left to import from
    for module in ("json", "encodings.idna", "littlest.cli.output", "traceback"):
        importlib.import_module(module)
    with hold_lock(machine):
        releases = _find_releases(machine)
        was_there = bool(releases) or machine.read_state(paths.RECORD_FILE) is not None
        if read_record(machine).units:
            progress("stop the hub, the proxy and all users' servers")
        # an installer that finds the mark would say that all is in place, should this be interrupted
        for release in releases:
            machine.remove(release / paths.COMPLETE_MARKER)
        failures: list[str] = []
        _apply_empty_plan(machine, progress)
        if purge:
            failures += _purge_accounts(machine, progress)
        else:
            machine.remove(paths.RECORD_FILE)
        purged = (*KEPT, *(paths.SYSTEMD_DIR / f"{unit}.d" for unit in UNITS)) if purge else ()
        for path in (*RUNTIME, *purged, *releases, paths.RELEASES_DIR):
            if machine.read_state(path) is not None:
                progress(f"remove {path}")
                failures += _remove(machine, path)
        for path in (paths.STATE_DIR, paths.OPT_DIR):
            machine.remove(path)
        reload_units(machine)
    if failures:
        raise NeedsAPerson("\n".join(("not everything could be removed:", *failures)), "Remove these by hand.")
    return _report(machine, purge, was_there)


def _apply_empty_plan(machine: Machine, progress: Progress) -> None:
    try:
        apply_plan(machine, Plan(), "", progress=progress)
    except (LittlestError, OSError) as error:
        raise NeedsAPerson(
            f"only a part was removed: {error}", "Once the cause is gone: sudo littlest uninstall"
        ) from error


def _check_terminal(machine: Machine, purge: bool) -> None:
    # stopping the users' servers would end us too, with the half of it done
    if paths.USERS_SLICE in (machine.read_text(Path("/proc/self/cgroup")) or ""):
        command = f"littlest uninstall --yes{' --purge' if purge else ''}"
        raise LittlestError(
            "this terminal belongs to a server of JupyterHub, and would end before everything is removed",
            f"Log in to the machine itself (SSH, or its console), or leave it to systemd: sudo systemd-run {command}",
        )


def _find_releases(machine: Machine) -> tuple[Path, ...]:
    found = [paths.RELEASES_DIR / name for name in machine.list_directory(paths.RELEASES_DIR)]
    current = machine.read_link(paths.CURRENT_LINK)
    # the installer's -p puts a release elsewhere; its receipt tells that it is one
    if current is not None and current not in found and machine.read_state(current / MANIFEST_FILE) is not None:
        found.append(current)
    return tuple(found)


def _purge_accounts(machine: Machine, progress: Progress) -> list[str]:
    failures = []
    for account in find_user_accounts(machine):
        progress(f"remove the account {account.name} and its home {account.home}")
        try:
            remove_user_account(machine, account)
        except (LittlestError, OSError) as error:
            failures.append(f"{account.name}: {error}")
    for name in find_our_groups(machine):
        try:
            remove_group(machine, name)
        except LittlestError as error:
            failures.append(f"the group {name}: {error}")
    return failures


def _remove(machine: Machine, path: Path) -> list[str]:
    try:
        machine.remove_tree(path)
    except OSError as error:
        return [f"{path}: {error.strerror}"]
    if machine.read_state(path) is not None and path != paths.RELEASES_DIR:
        return [f"{path}: something is mounted in it"]
    return []


def _report(machine: Machine, purge: bool, was_there: bool) -> Report:
    kept = [str(path) for path in KEPT if machine.read_state(path) is not None]
    accounts = [account.name for account in find_user_accounts(machine)]
    groups = list(find_our_groups(machine))
    lines = ["JupyterHub was removed from this machine." if was_there else "There was nothing to remove."]
    if kept or accounts:
        lines += ["These stay:", *(f"  {path}" for path in kept)]
        lines += [f"  the account {name} with its home" for name in accounts]
        lines += ["To remove them as well:"]
        lines += [f"  sudo userdel --remove {shlex.quote(name)}" for name in accounts]
        lines += [f"  sudo groupdel {name}" for name in groups]
        lines += [f"  sudo rm -rf {' '.join(kept)}"] if kept else []
    data = {"removed": was_there, "purged": purge, "kept": kept, "accounts": accounts, "groups": groups}
    return Report(tuple(lines), data)
