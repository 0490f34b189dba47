"""`littlest status`: is everything as it should be?"""

import importlib.metadata
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from littlest import __version__, paths
from littlest.config.model import Config
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.converge import find_differences
from littlest.errors import ConfigError, ExitCode, LittlestError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.build import make_probe_url
from littlest.plan.changes import find_changes
from littlest.plan.effects import make_restart_digest
from littlest.plan.limits import render_size
from littlest.plan.login import list_login_addresses
from littlest.plan.record import Record
from littlest.plan.steps import Release
from littlest.report import Report
from littlest.system.config_checks import load_active_config
from littlest.system.hub.api import check_login_page, count_users, read_command_token, read_hub_version
from littlest.system.hub.reload import read_hub_settings
from littlest.system.network.addresses import find_addresses
from littlest.system.record_file import read_record
from littlest.system.releases.current import read_current_release
from littlest.system.servers.memory import read_free_memory, read_machine_memory
from littlest.system.settings.active import read_good_config
from littlest.system.settings.revisions import strip_bom
from littlest.system.units.units import read_active_state

SOON = timedelta(days=14)
"""How long before its end a certificate is a problem."""
LOW_DISK = 2**30
"""Bytes free under which new servers and installs begin to fail."""


def run_status(machine: Machine, *, release: Release | None = None) -> Report:
    """Units, versions, address, users and servers, settings, disk and memory; exit code 4 when something is amiss.

    Raises LittlestError where nothing is installed.
    """
    check_root(machine)
    record = read_record(machine)
    if not record.units:
        raise LittlestError("The Littlest JupyterHub is not installed on this machine", "Run its installer.")
    config, settings = _read_settings(machine, release or read_current_release(machine))
    units = {unit: read_active_state(machine, unit) for unit in record.units if not unit.endswith(".slice")}
    disk = shutil.disk_usage(machine.path(paths.STATE_DIR))
    data: dict[str, Any] = {
        "version": __version__,
        **_ask_hub(machine, config),
        "addresses": list(find_addresses(machine, config)),
        "login_addresses": list_login_addresses(config),
        "units": units,
        **settings,
        "certificate_ends": _read_certificate_end(machine, config),
        "disk_total_bytes": disk.total,
        "disk_free_bytes": disk.free,
        **_read_memory(machine),
    }
    problems = _find_problems(record, data)
    data["problems"] = problems
    data["healthy"] = not problems
    return Report(_render(data), data, ExitCode.DRIFT if problems else ExitCode.DONE)


def _read_settings(machine: Machine, release: Release) -> tuple[Config, dict[str, Any]]:
    """The applied settings, and what keeps those in the file from being in force."""
    found: dict[str, Any] = {"settings_problem": None, "settings_problems": [], "settings_not_applied": []}
    good = read_good_config(machine)
    try:
        config = load_active_config(machine)
    except ConfigError as error:
        found["settings_problem"] = _explain_invalid(machine)
        found["settings_problems"] = (
            [asdict(problem) for problem in error.problems] if isinstance(error, InvalidConfig) else []
        )
        return good or Config(), found
    changed = () if good is None else find_changes(good, config)
    if changed:
        keys = [change.key for change in changed]
        found["settings_not_applied"] = keys
        found["settings_problem"] = (
            f"{paths.CONFIG_FILE} was changed and not applied since: {', '.join(keys)}. To apply: sudo littlest apply"
        )
    elif machine.read_state(paths.CONFIG_FILE) is None:
        found["settings_problem"] = f"{paths.CONFIG_FILE} is missing; to put it back: sudo littlest apply"
    elif find_differences(machine, config, release):
        found["settings_problem"] = "not everything is as the settings say; to see what: sudo littlest plan"
    return good or config, found


def _explain_invalid(machine: Machine) -> str:
    """What it means that the settings are not valid: those in force may have become so, as when a file is gone."""
    content = machine.read_bytes(paths.CONFIG_FILE) or b""
    is_missing = machine.read_state(paths.CONFIG_FILE) is None
    if is_missing or strip_bom(content) == machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE):
        return "the applied settings need something that is missing or broken now: apply would refuse them"
    return f"{paths.CONFIG_FILE} is not valid, so the last known good settings are used"


def _list_settings_problems(data: Mapping[str, Any]) -> tuple[str, ...]:
    lines = tuple(str(Problem(**problem)) for problem in data["settings_problems"])
    # of a file that is not valid the hub says what was said already
    refused = tuple(
        f"the hub runs with {data['hub_settings_file'] or 'the defaults'}, because of {line}"
        for line in data["hub_settings_problems"]
        if line not in lines
    )
    drop_ins = tuple(f"a drop-in failed when the hub started: {line}" for line in data["drop_in_problems"])
    return (*((data["settings_problem"],) if data["settings_problem"] else ()), *lines, *refused, *drop_ins)


def _read_certificate_end(machine: Machine, config: Config) -> str | None:
    """When the certificate of https ends, as ISO 8601 in UTC."""
    if not config.https.enabled:
        return None
    # reading certificates takes a library that nothing else here needs
    from littlest.system.https.certificates import read_certificate_end  # noqa: PLC0415

    end = read_certificate_end(machine)
    return end.isoformat(timespec="seconds") if end else None


def _is_ending(end: str | None) -> bool:
    return end is not None and datetime.fromisoformat(end) - datetime.now(UTC) < SOON


def _ask_hub(machine: Machine, config: Config) -> dict[str, Any]:
    url = make_probe_url(config)
    answers: dict[str, Any] = {"jupyterhub_version": None, "users": None, "servers": None, "hub_problem": None}
    answers |= {"drop_in_problems": [], "runs_other_settings": False}
    answers |= {"hub_settings_file": None, "hub_settings_problems": []}
    try:
        answers["jupyterhub_version"] = read_hub_version(url)
        check_login_page(url)
        token = read_command_token(machine)
        answers["users"] = count_users(url, token)
        answers["servers"] = count_users(url, token, state="active")
        settings = read_hub_settings(machine, url)
        answers["drop_in_problems"] = list(settings.drop_in_problems)
        answers["hub_settings_file"] = settings.file
        answers["hub_settings_problems"] = list(settings.problems)
        answers["runs_other_settings"] = settings.started != make_restart_digest(config)
    except LittlestError as error:
        answers["hub_problem"] = error.message
    return answers


def _read_memory(machine: Machine) -> dict[str, int]:
    return {"memory_total_bytes": read_machine_memory(machine), "memory_free_bytes": read_free_memory(machine)}


def _find_problems(record: Record, data: Mapping[str, Any]) -> list[str]:
    installed = importlib.metadata.version("jupyterhub")
    running = data["jupyterhub_version"]
    found = (
        *(
            (state != "active", f"{unit} is {state}: sudo journalctl -u {unit}")
            for unit, state in data["units"].items()
        ),
        (
            data["runs_other_settings"],
            "the hub was started with other settings than those last applied: sudo littlest apply",
        ),
        (data["hub_problem"], f"the hub does not answer correctly: {data['hub_problem']}"),
        (
            running not in (None, installed),
            f"JupyterHub {running} runs, {installed} is installed: sudo littlest apply",
        ),
        (record.made, "the installation did not finish: run the installer again"),
        *((True, line) for line in _list_settings_problems(data)),
        (
            _is_ending(data["certificate_ends"]),
            f"the certificate of https ends at {data['certificate_ends']}: renew it, then sudo littlest apply",
        ),
        (data["disk_free_bytes"] < LOW_DISK, f"only {render_size(data['disk_free_bytes'])} of disk are free"),
    )
    return [problem for is_so, problem in found if is_so]


def _render(data: Mapping[str, Any]) -> tuple[str, ...]:
    users, servers = ("unknown" if data[key] is None else data[key] for key in ("users", "servers"))
    disk, disk_total, memory, memory_total = (
        render_size(data[key])
        for key in ("disk_free_bytes", "disk_total_bytes", "memory_free_bytes", "memory_total_bytes")
    )
    return (
        f"The Littlest JupyterHub {data['version']}, JupyterHub {data['jupyterhub_version'] or 'does not answer'}",
        f"  address  {' or '.join(data['addresses'])}",
        *(f"  login    {name}: {address}" for name, address in data["login_addresses"].items()),
        *(f"  {unit:<32} {state}" for unit, state in data["units"].items()),
        f"  users    {users}, with a server running: {servers}",
        f"  disk     {disk} of {disk_total} free",
        f"  memory   {memory} of {memory_total} free",
        *(("Problems:", *(f"  {problem}" for problem in data["problems"])) if data["problems"] else ()),
    )
