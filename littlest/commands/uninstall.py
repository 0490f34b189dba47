"""`littlest uninstall`: the empty plan, and with `--purge` what people own as well."""

import importlib
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.errors import LittlestError, NeedsAPerson
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.shared_folders import list_folders
from littlest.plan.steps import Plan
from littlest.report import Report
from littlest.system.accounts.groups import find_our_groups
from littlest.system.accounts.home_links import list_linked_folders
from littlest.system.accounts.user_accounts import find_user_accounts
from littlest.system.apply_plan import Progress, apply_plan, ignore_progress
from littlest.system.record_file import read_record
from littlest.system.releases.manifest import MANIFEST_FILE
from littlest.system.removal import PEOPLES, RUNTIME, remove_all
from littlest.system.settings.active import find_active_settings
from littlest.system.units.units import reload_units

UNITS = (
    paths.PROXY_SOCKET_UNIT,
    paths.PROXY_UNIT,
    paths.HUB_SOCKET_UNIT,
    paths.HUB_UNIT,
    paths.CULLER_UNIT,
    paths.SERVERS_MOUNT_UNIT,
    paths.USERS_SLICE,
)


def run_uninstall(machine: Machine, purge: bool, *, progress: Progress = ignore_progress) -> Report:
    """Stop everything that is ours, users' servers too, and remove it; a second call changes nothing.

    Settings, the hub's database, the user environment, accounts and homes stay, unless `purge` is given. Raises
    NeedsAPerson, which names what could not be removed.
    """
    check_root(machine)
    _check_terminal(machine, purge)
    # the release that this program runs from is removed last, and then there is nothing left to import from
    for module in ("json", "encodings.idna", "littlest.cli.output", "traceback"):
        importlib.import_module(module)
    with hold_lock(machine):
        releases = _find_releases(machine)
        shared = _find_shared_folders(machine)
        was_there = bool(releases) or machine.read_state(paths.RECORD_FILE) is not None
        if read_record(machine).units:
            progress("stop the hub, the proxy and all users' servers")
        # should this be interrupted, an installer that finds the mark would say that the release is complete
        for release in releases:
            machine.remove(release / paths.COMPLETE_MARKER)
        _apply_empty_plan(machine, progress)
        machine.remove(paths.RECORD_FILE)
        things = (*(_list_peoples(machine) if purge else ()), *(f"path:{path}" for path in (*RUNTIME, *releases)))
        failures = remove_all(machine, things, progress)
        for path in (paths.STATE_DIR, paths.RELEASES_DIR, paths.OPT_DIR):
            machine.remove(path)
        reload_units(machine)
    if failures:
        raise NeedsAPerson("\n".join(("not everything could be removed:", *failures)), "Remove these yourself.")
    return _report(machine, purge, was_there, shared)


def _list_peoples(machine: Machine) -> Iterator[str]:
    """Name what people own here: accounts with their homes, groups, files, and what an admin added to units."""
    yield from (f"user:{account.name}" for account in find_user_accounts(machine))
    yield from (f"group:{name}" for name in find_our_groups(machine))
    yield from (f"path:{path}" for path in (*PEOPLES, *(paths.SYSTEMD_DIR / f"{unit}.d" for unit in UNITS)))


def _apply_empty_plan(machine: Machine, progress: Progress) -> None:
    try:
        apply_plan(machine, Plan(), "", progress=progress)
    except (LittlestError, OSError) as error:
        raise NeedsAPerson(
            f"only a part was removed: {error}", "Once the cause is gone: sudo littlest uninstall"
        ) from error


def _check_terminal(machine: Machine, purge: bool) -> None:
    # stopping the users' servers would end this command as well, half-way
    if paths.USERS_SLICE in (machine.read_text(Path("/proc/self/cgroup")) or ""):
        command = f"littlest uninstall --yes{' --purge' if purge else ''}"
        raise LittlestError(
            "this terminal belongs to a server of JupyterHub, and would end before everything is removed",
            f"Log in to the machine itself (SSH, or its console), or leave it to systemd: sudo systemd-run {command}",
        )


def _find_releases(machine: Machine) -> tuple[Path, ...]:
    found = [paths.RELEASES_DIR / name for name in machine.list_directory(paths.RELEASES_DIR)]
    current = machine.read_link(paths.CURRENT_LINK)
    # the installer's -p puts a release elsewhere; it is one if it has a receipt
    if current is not None and current not in found and machine.read_state(current / MANIFEST_FILE) is not None:
        found.append(current)
    return tuple(found)


def _find_shared_folders(machine: Machine) -> frozenset[Path]:
    """Return the folders that people shared, as far as anything here still names them."""
    named = {paths.SHARED_DIR / name for name in machine.list_directory(paths.SHARED_DIR)}
    with suppress(LittlestError):
        named |= {folder.path for folder in list_folders(find_active_settings(machine, must_be_safe=False).load())}
    return list_linked_folders(machine) | named


def _find_kept(machine: Machine) -> list[Path]:
    """Return what of ours is still there, but shared folders."""
    own = {paths.OPT_DIR / name for name in machine.list_directory(paths.OPT_DIR)}
    added = (paths.SYSTEMD_DIR / f"{unit}.d" for unit in UNITS)
    places = (*PEOPLES, *sorted(own - {*PEOPLES, paths.RELEASES_DIR}), *added)
    return [path for path in places if machine.read_state(path) is not None]


def _report(machine: Machine, purge: bool, was_there: bool, shared: Iterable[Path]) -> Report:
    kept = [str(path) for path in _find_kept(machine)]
    folders = sorted(str(path) for path in shared if machine.read_state(path) is not None)
    accounts = [account.name for account in find_user_accounts(machine)]
    groups = list(find_our_groups(machine))
    lines = ["JupyterHub was removed from this machine." if was_there else "There was nothing to remove."]
    if kept or accounts or folders:
        lines += ["These stay:", *(f"  {path}" for path in kept)]
        lines += [f"  the shared folder {path}" for path in folders]
        lines += [f"  the account {name} with its home" for name in accounts]
        lines += ["To remove them as well:"]
        lines += [f"  sudo userdel --remove {shlex.quote(name)}" for name in accounts]
        lines += [f"  sudo groupdel {name}" for name in groups]
        # shared folders may have been there before us
        lines += [f"  sudo rm -rf {shlex.join(kept)}"] if kept else []
    data = {
        "removed": was_there,
        "purged": purge,
        "kept": kept,
        "shared_folders": folders,
        "accounts": accounts,
        "groups": groups,
    }
    return Report(tuple(lines), data)
