"""Checks of what `littlest status` has read. Pure, but for the clock."""

import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from shlex import quote

from littlest import paths
from littlest.health.finding import Fault
from littlest.health.readings import Readings
from littlest.plan.usage_words import render_size

SOON = timedelta(days=14)
"""How long before its end a certificate is a problem."""
LOW_DISK = 2**30
"""Bytes free under which new servers and installs begin to fail."""
LEAST_HOMES = 2**28
"""Bytes free under which users soon cannot save any more."""
LEAST_INODES = 10_000
"""Files under which the same is true."""
MOST_NAMES = 5
"""How many files or rows a sentence names."""
REINSTALL = "move the release away and run its installer again (the installer says how)"
APPLY = "sudo littlest apply"
REPAIR = "sudo littlest repair database"
ROLLBACK = "sudo littlest config rollback"
NEW_ENVIRONMENT = f"sudo mv {paths.USER_ENVIRONMENT_DIR} {paths.USER_ENVIRONMENT_DIR}.broken && sudo littlest apply"
Faults = Iterator[Fault]
_WHY = "to see why: sudo journalctl -k -p err"


def check_units(found: Readings) -> Faults:
    """Without hub, proxy and their sockets nobody can log in; without the culler servers run for ever."""
    for unit, state in found.units.items():
        if state != "active":
            yield Fault(f"{unit} is {state} (its log: sudo journalctl -u {unit})", APPLY, state, is_safe=True)


def check_hub(found: Readings) -> Faults:
    """A hub that runs may still not answer, or be another version, or have other settings, than was installed."""
    installed = importlib.metadata.version("jupyterhub")
    if found.runs_other_settings:
        yield Fault("the hub was started with other settings than those last applied", APPLY, is_safe=True)
    if found.hub_problem:
        yield Fault(f"the hub does not answer correctly: {found.hub_problem}", observed=found.hub_problem)
    running = found.jupyterhub_version
    if running not in (None, installed):
        yield Fault(f"JupyterHub {running} runs, {installed} is installed", APPLY, running or "")


def check_installation(found: Readings) -> Faults:
    """An installer that was ended has left some of its work undone."""
    if found.is_install_unfinished:
        yield Fault("the installation did not finish", "run the installer again")


def check_settings(found: Readings) -> Faults:
    """Settings that are not valid or not applied do not hold: the hub goes on with the last known good ones."""
    if found.settings_problem:
        is_apply = found.settings_fix == APPLY
        fix = found.settings_fix or (ROLLBACK if found.settings_problems else "")
        yield Fault(found.settings_problem, fix, is_safe=is_apply and not found.settings_problems)
    lines = [str(problem) for problem in found.settings_problems]
    yield from (Fault(line) for line in lines)
    # of a file that is not valid the hub gives the same lines
    for line in found.hub_settings_problems:
        if line not in lines:
            yield Fault(f"the hub runs with {found.hub_settings_file or 'the defaults'}, because of {line}")


def check_applied(found: Readings) -> Faults:
    """A file, a right or a service that somebody changed by hand is not what the settings say."""
    steps = found.steps_not_done
    if steps:
        more = len(steps) - MOST_NAMES
        shown = "; ".join(steps[:MOST_NAMES]) + (f"; and {more} more" if more > 0 else "")
        # a new password of an admin is for a person to know
        is_safe = not found.first_passwords_missing
        yield Fault(f"the machine is not as the settings say ({shown})", APPLY, "; ".join(steps), is_safe=is_safe)


def check_passwords(found: Readings) -> Faults:
    """Without the file with the passwords, nobody can log in who had one."""
    names = [*found.first_passwords_missing, *found.users_without_password]
    if found.first_passwords_missing:
        shown = ", ".join(names)
        fix = f"sudo littlest user passwd {' '.join(dict.fromkeys(map(quote, names)))}"
        yield Fault(f"the passwords of {shown} are gone; to make new ones, to be used once", fix, shown)


def check_drop_ins(found: Readings) -> Faults:
    """A drop-in that fails is left out, and the hub runs without what it says."""
    yield from (Fault(f"a drop-in failed when the hub started: {line}") for line in found.drop_in_problems)


def check_certificate(found: Readings) -> Faults:
    """After its end, browsers refuse the certificate, and nobody can log in."""
    end = found.certificate_ends
    if end is not None and datetime.fromisoformat(end) - datetime.now(UTC) < SOON:
        yield Fault(f"the https certificate expires at {end}", f"renew it, then {APPLY}", end)


def check_disk(found: Readings) -> Faults:
    """On a disk that is full or can only be read, the hub cannot write its database, and nobody can log in."""
    if found.disk_free_bytes < LOW_DISK:
        free = render_size(found.disk_free_bytes)
        yield Fault(f"only {free} of disk are free", "", free)
    if found.disk_free_inodes < LEAST_INODES:
        count = str(found.disk_free_inodes)
        yield Fault(f"only {count} more files fit on the disk of {paths.STATE_DIR}", "", count)
    for folder in found.read_only:
        # the kernel makes a disk read-only when it finds an error on it
        fix = f'sudo mount -o remount,rw "$(findmnt -n -o TARGET --target {quote(folder)})"'
        yield Fault(f"nothing can be written to {folder}, because its disk is read-only ({_WHY})", fix, folder)


def check_homes(found: Readings) -> Faults:
    """On a full disk users lose what they try to save."""
    if found.homes_free_bytes < LEAST_HOMES:
        free = render_size(found.homes_free_bytes)
        yield Fault(f"only {free} are free for the users' homes", "", free)
    if found.homes_free_inodes < LEAST_INODES:
        yield Fault(
            f"only {found.homes_free_inodes} more files fit on the disk of the users' homes",
            "",
            str(found.homes_free_inodes),
        )


def check_memory_limits(found: Readings) -> Faults:
    """Where the kernel does not enforce limits, one user's notebook can take the memory of everybody."""
    if not found.is_memory_limited:
        yield Fault(
            "the kernel of this machine enforces no limit of memory (no cgroup v2 with the memory controller); choose"
            " a machine with a newer system, or ask its provider"
        )


def check_environment(found: Readings) -> Faults:
    """Without a kernel, notebooks open but compute nothing."""
    if found.environment_problem:
        yield Fault(
            f"no kernel of the user environment starts: {found.environment_problem}; a new environment, without the"
            " packages that admins installed, comes with",
            NEW_ENVIRONMENT,
            observed=found.environment_problem,
        )


def check_release(found: Readings) -> Faults:
    """A file that was changed or lost may break the hub or a user's server at any time."""
    if found.damaged_files is None:
        yield Fault("the release has no list of its files, so nobody can check whether they are intact", REINSTALL)
    elif found.damaged_files:
        shown = ", ".join(found.damaged_files[:MOST_NAMES])
        count = len(found.damaged_files)
        files = "one file of the release is" if count == 1 else f"{count} files of the release are"
        yield Fault(f"{files} missing or changed: {shown}", REINSTALL, shown)


def check_database(found: Readings) -> Faults:
    """The database holds users, tokens and groups. What the hub cannot read of it, it leaves out."""
    yield from (Fault(problem, REPAIR, problem) for problem in found.database_problems)
    if found.rows_left_out:
        shown = "; ".join(found.rows_left_out[:MOST_NAMES])
        more = len(found.rows_left_out) - MOST_NAMES
        rows = shown + (f"; and {more} more" if more > 0 else "")
        yield Fault(f"the hub cannot work with rows of its database: {rows}", REPAIR, rows)
