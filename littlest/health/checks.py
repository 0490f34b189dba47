"""Named checks: each looks at what was read from the machine, and finds what is not as it should be. Pure."""

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from littlest.health.readings import Readings
from littlest.plan.limits import render_size

SOON = timedelta(days=14)
"""How long before its end a certificate is a problem."""
LOW_DISK = 2**30
"""Bytes free under which new servers and installs begin to fail."""
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
        yield f"the certificate of https ends at {end}", f"renew it, then {_APPLY}"


def check_disk(found: Readings) -> Found:
    """There is space for new servers."""
    if found.disk_free_bytes < LOW_DISK:
        yield f"only {render_size(found.disk_free_bytes)} of disk are free", ""


CHECKS: Mapping[str, Callable[[Readings], Found]] = {
    "units": check_units,
    "hub": check_hub,
    "installation": check_installation,
    "settings": check_settings,
    "certificate": check_certificate,
    "disk": check_disk,
}
"""Every check by its name, in the order of the report."""


def find_findings(found: Readings) -> tuple[Finding, ...]:
    """Return what the checks find."""
    return tuple(Finding(name, *one) for name, check in CHECKS.items() for one in check(found))
