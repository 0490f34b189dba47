"""Is the installed release intact? Its files are compared with their receipt."""

from littlest.errors import ExitCode
from littlest.machine.machine import Machine
from littlest.plan.steps import Release
from littlest.report import Report
from littlest.system.releases.manifest import find_damaged_files

MOST_NAMES = 10
"""How many damaged files the report names."""


def verify_release(machine: Machine, release: Release) -> Report:
    """Report whether the release is intact, and how to repair it; exit code 4 when it is not. Changes nothing."""
    damaged = find_damaged_files(machine, release.directory)
    installed = f"Version {release.version} is installed in {release.directory}"
    data = {"version": release.version, "directory": str(release.directory), "changed": False}
    if damaged == ():
        return Report((f"{installed} and intact. Nothing was changed.",), {**data, "intact": True})
    # the installer's own words, construct/header.sh
    repair = (
        "To install it again (settings and users' files stay):"
        f" sudo mv {release.directory} {release.directory}.damaged, then run the installer again."
    )
    if damaged is None:
        lines: tuple[str, ...] = (f"{installed}, but it has no list of its files.", repair)
        return Report(lines, {**data, "intact": None}, ExitCode.DRIFT)
    names = (f"  {name}" for name in damaged[:MOST_NAMES])
    lines = (f"{installed}, but {len(damaged)} of its files are missing or changed:", *names, repair)
    return Report(lines, {**data, "intact": False, "damaged": list(damaged)}, ExitCode.DRIFT)
