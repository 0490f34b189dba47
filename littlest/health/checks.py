"""Named checks: each looks at what was read from the machine, and finds what is not as it should be. Pure."""

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from littlest import paths
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
"""How many files or rows the report names."""
REINSTALL = "move the release away and run its installer again (the installer says how)"
_APPLY = "sudo littlest apply"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    check: str
    """The name of the check that found it."""
    problem: str
    fix: str = ""
    """What mends it, mostly a command; empty where only a person can know."""

    def __str__(self) -> str:
        return f"{self.problem}: {self.fix}" if self.fix else self.problem


Found = Iterator[tuple[str, str]]
"""Problems, each with what mends it."""


def check_units(found: Readings) -> Found:
    """Every unit runs."""
    for unit, state in found.units.items():
        if state != "active":
            yield f"{unit} is {state}", f"sudo journalctl -u {unit}"


def check_hub(found: Readings) -> Found:
    """The hub answers, has the installed version, and was started with the applied settings."""
    installed = importlib.metadata.version("jupyterhub")
    if found.runs_other_settings:
        yield "the hub was started with other settings than those last applied", _APPLY
    if found.hub_problem:
        yield f"the hub does not answer correctly: {found.hub_problem}", ""
    if found.jupyterhub_version not in (None, installed):
        yield f"JupyterHub {found.jupyterhub_version} runs, {installed} is installed", _APPLY


def check_installation(found: Readings) -> Found:
    """The installer came to its end."""
    if found.is_install_unfinished:
        yield "the installation did not finish", "run the installer again"


def check_settings(found: Readings) -> Found:
    """The settings in config.yaml are valid and applied, and the hub uses them and all drop-ins."""
    if found.settings_problem:
        yield found.settings_problem, found.settings_fix or ""
    lines = [str(problem) for problem in found.settings_problems]
    yield from ((line, "") for line in lines)
    # of a file that is not valid the hub gives the same lines
    for line in found.hub_settings_problems:
        if line not in lines:
            yield f"the hub runs with {found.hub_settings_file or 'the defaults'}, because of {line}", ""
    for line in found.drop_in_problems:
        yield f"a drop-in failed when the hub started: {line}", ""


def check_certificate(found: Readings) -> Found:
    """The certificate of https is valid for a while."""
    end = found.certificate_ends
    if end is not None and datetime.fromisoformat(end) - datetime.now(UTC) < SOON:
        yield f"the https certificate expires at {end}", f"renew it, then {_APPLY}"


def check_disk(found: Readings) -> Found:
    """There is space for new servers, and the hub can write."""
    if found.disk_free_bytes < LOW_DISK:
        yield f"only {render_size(found.disk_free_bytes)} of disk are free", ""
    if found.disk_free_inodes < LEAST_INODES:
        yield f"only {found.disk_free_inodes} more files fit on the disk of {paths.STATE_DIR}", ""
    for folder in found.read_only:
        yield f"nothing can be written to {folder}: its disk is read-only", "sudo journalctl -k -p err"


def check_database(found: Readings) -> Found:
    """The hub has its database, and can work with everything in it."""
    repair = "sudo littlest repair database"
    yield from ((problem, repair) for problem in found.database_problems)
    if found.rows_left_out:
        shown = "; ".join(found.rows_left_out[:MOST_NAMES])
        more = len(found.rows_left_out) - MOST_NAMES
        yield (
            f"the hub cannot work with rows of its database: {shown}" + (f"; and {more} more" if more > 0 else ""),
            repair,
        )


def check_environment(found: Readings) -> Found:
    """Kernels of the user environment start."""
    if found.environment_problem:
        yield f"no kernel of the user environment starts: {found.environment_problem}", ""


def check_release(found: Readings) -> Found:
    """The files of the release are those that were installed."""
    if found.damaged_files is None:
        yield "the release has no list of its files, so nobody can check whether they are intact", REINSTALL
    elif found.damaged_files:
        shown = ", ".join(found.damaged_files[:MOST_NAMES])
        count = len(found.damaged_files)
        files = "one file of the release is" if count == 1 else f"{count} files of the release are"
        yield f"{files} missing or changed: {shown}", REINSTALL


def check_memory_limits(found: Readings) -> Found:
    """The kernel enforces the limits of memory."""
    if not found.is_memory_limited:
        yield "the kernel of this machine enforces no limit of memory (no cgroup v2 with the memory controller)", ""


def check_homes(found: Readings) -> Found:
    """Users can save their work."""
    if found.homes_free_bytes < LEAST_HOMES:
        yield f"only {render_size(found.homes_free_bytes)} are free for the users' homes", ""
    if found.homes_free_inodes < LEAST_INODES:
        yield f"only {found.homes_free_inodes} more files fit on the disk of the users' homes", ""


CHECKS: Mapping[str, Callable[[Readings], Found]] = {
    "units": check_units,
    "hub": check_hub,
    "installation": check_installation,
    "settings": check_settings,
    "certificate": check_certificate,
    "disk": check_disk,
    "homes": check_homes,
    "memory limits": check_memory_limits,
    "environment": check_environment,
    "release": check_release,
    "database": check_database,
}
"""Every check by its name, in the order of the report."""


def find_findings(found: Readings) -> tuple[Finding, ...]:
    """Return what the checks find."""
    return tuple(Finding(name, *one) for name, check in CHECKS.items() for one in check(found))
