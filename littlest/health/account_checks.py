"""Checks of homes, of secrets, of sudo, and of what an interrupted run has left."""

from collections.abc import Iterator
from shlex import quote

from littlest import paths
from littlest.health.finding import Examined, Fault
from littlest.health.status_checks import APPLY
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine, PathKind, PathState
from littlest.system.accounts.homes import HOME_MODE
from littlest.system.accounts.user_accounts import find_account_made_for, find_user_accounts

INCOMPLETE_MARKER = ".littlest-incomplete"
"""Below a release: construct/header.sh removes it at its end."""
_OTHERS = 0o077
_ENVIRONMENT_MODE = 0o2775


def _list_homes(machine: Machine) -> Iterator[tuple[Account, PathState]]:
    for account in find_user_accounts(machine):
        state = machine.read_state(account.home)
        # one that is missing is made at the next start of the server
        if state is not None and state.kind is PathKind.DIRECTORY:
            yield account, state


def check_home_owner(examined: Examined) -> Iterator[Fault]:
    """A user whose home belongs to somebody else, or is closed to its owner, cannot save anything."""
    for account, state in _list_homes(examined.machine):
        home, seen = quote(str(account.home)), f"{state.mode:04o}"
        if state.uid != account.uid and examined.machine.can_chown():
            owner = examined.machine.read_account_of(state.uid)
            name = owner.name if owner else str(state.uid)
            fix = f"sudo chown {quote(account.name)}: {home}"
            yield Fault(f"{account.home} belongs to {name}, and not to {account.name}", fix, name, is_safe=True)
        if state.mode & HOME_MODE != HOME_MODE:
            yield Fault(f"{account.name} cannot use {account.home}", f"sudo chmod u+rwx {home}", seen, is_safe=True)


def check_home_open(examined: Examined) -> Iterator[Fault]:
    """In an open home everybody can read the owner's work, and perhaps change it."""
    for account, state in _list_homes(examined.machine):
        if state.mode & _OTHERS:
            fix = f"sudo chmod go-rwx {quote(str(account.home))}"
            yield Fault(f"other users can look into {account.home}", fix, f"{state.mode:04o}", is_safe=True)


def check_environment_rights(examined: Examined) -> Iterator[Fault]:
    """Admins install packages by the rights of their group, and everybody's kernels read them."""
    folder = paths.USER_ENVIRONMENT_DIR
    state, group = examined.machine.read_state(folder), examined.machine.read_group(paths.ADMINS_GROUP)
    if state is None or group is None or not examined.machine.can_chown():
        return
    if state.gid != group[0] or state.mode & _ENVIRONMENT_MODE != _ENVIRONMENT_MODE:
        fix = f"sudo chgrp {paths.ADMINS_GROUP} {folder} && sudo chmod {_ENVIRONMENT_MODE:o} {folder}"
        yield Fault(f"{folder} has wrong rights", fix, f"{state.mode:04o}", is_safe=True)


def check_secrets(examined: Examined) -> Iterator[Fault]:
    """Who can read a secret can become any user of the hub."""
    machine = examined.machine
    files = [*machine.list_files(paths.SECRETS_DIR), paths.DATABASE_FILE, paths.PASSWORDS_FILE]
    for file in files:
        state = machine.read_state(file)
        if state is None or state.kind is not PathKind.FILE:
            continue
        if state.mode & _OTHERS:
            fix = f"sudo chmod go-rwx {quote(str(file))}"
            yield Fault(f"others may read the secret {file}", fix, f"{state.mode:04o}", is_safe=True)
        if state.uid and machine.can_chown():
            fix = f"sudo chown root:root {quote(str(file))}"
            yield Fault(f"the secret {file} does not belong to root", fix, str(state.uid), is_safe=True)


def check_sudoers(examined: Examined) -> Iterator[Fault]:
    """A mistake in one file of sudo can keep every admin from using sudo."""
    machine = examined.machine
    if not machine.is_live or not machine.has_command("visudo"):
        return
    for name in machine.list_directory(paths.SUDOERS_FILE.parent):
        file = paths.SUDOERS_FILE.parent / name
        # sudo leaves out names with a dot and those that end in ~
        if "." in name or name.endswith("~"):
            continue
        done = machine.run(["visudo", "-c", "-f", str(file)], check=False)
        if done.status:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            fix = APPLY if file == paths.SUDOERS_FILE else f"sudo mv {quote(str(file))} {quote(f'{file}.broken')}"
            seen = f"{file}: {said[0] if said else 'not readable'}"
            yield Fault(f"sudo cannot use {seen}", fix, seen)


def check_leftovers(examined: Examined) -> Iterator[Fault]:
    """What an interrupted run has left takes disk, or waits for a command that goes on."""
    machine = examined.machine
    if machine.read_state(paths.GOING_BACK_FILE) is not None:
        yield Fault("an apply was ended while it rolled back", APPLY, is_safe=True)
    for name in machine.list_directory(paths.RELEASES_DIR):
        folder = paths.RELEASES_DIR / name
        is_unfinished = machine.read_state(folder / INCOMPLETE_MARKER) is not None
        if is_unfinished and folder != examined.release.directory and not _is_locked(machine):
            fix = f"sudo rm -rf {quote(str(folder))}"
            yield Fault(f"{folder} is what an interrupted installation has left", fix, str(folder), is_safe=True)
    canary = find_account_made_for(machine, paths.CANARY_USER)
    if canary is not None and not _is_locked(machine):
        fix = f"sudo userdel --remove {quote(canary.name)}"
        yield Fault(
            f"the account {canary.name} is what an interrupted trial has left", fix, canary.name, is_safe=True
        )


def _is_locked(machine: Machine) -> bool:
    """Whether another command is changing the machine now: then nothing is a leftover."""
    return bool(machine.read_bytes(paths.LOCK_FILE))
