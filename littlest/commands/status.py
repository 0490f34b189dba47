"""`littlest status`: is everything as it should be?"""

import importlib.metadata
import shutil
from collections.abc import Mapping
from pathlib import PurePosixPath as Path
from typing import Any

from littlest import __version__, paths
from littlest.config.load import load_config
from littlest.config.model import Config
from littlest.converge import check_root, find_differences, read_config
from littlest.errors import ConfigError, ExitCode, LittlestError, NotReady
from littlest.plan.build import make_probe_url
from littlest.plan.record import Record
from littlest.plan.steps import Release
from littlest.report import Report
from littlest.system.addresses import find_addresses
from littlest.system.machine import Machine
from littlest.system.probe import check_login_page, count_users, read_hub_version
from littlest.system.record import read_record
from littlest.system.releases import read_current_release
from littlest.system.units import read_active_state

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
    config, settings_problem = _read_settings(machine, release or read_current_release(machine))
    units = {unit: read_active_state(machine, unit) for unit in record.units if not unit.endswith(".slice")}
    disk = shutil.disk_usage(machine.path(paths.STATE_DIR))
    data: dict[str, Any] = {
        "version": __version__,
        **_ask_hub(machine, config),
        "addresses": list(find_addresses(machine, config)),
        "units": units,
        "settings_problem": settings_problem,
        "disk_total_bytes": disk.total,
        "disk_free_bytes": disk.free,
        **_read_memory(machine),
    }
    problems = _find_problems(record, data)
    data["problems"] = problems
    data["healthy"] = not problems
    return Report(_render(data), data, ExitCode.DRIFT if problems else ExitCode.DONE)


def _read_settings(machine: Machine, release: Release) -> tuple[Config, str | None]:
    """The settings in force, and what keeps those in the file from being in force."""
    try:
        config = read_config(machine)
    except ConfigError as error:
        good = machine.read_text(paths.LAST_GOOD_CONFIG_FILE) or ""
        config = load_config(good, str(paths.LAST_GOOD_CONFIG_FILE))
        return config, f"the settings are not valid, so the last good ones are in force: {error.message}"
    steps = find_differences(machine, config, release)
    return config, "not everything is as the settings say; to see what: sudo littlest plan" if steps else None


def _ask_hub(machine: Machine, config: Config) -> dict[str, Any]:
    url = make_probe_url(config)
    answers: dict[str, Any] = {"jupyterhub_version": None, "users": None, "servers": None, "hub_problem": None}
    try:
        answers["jupyterhub_version"] = read_hub_version(url)
        check_login_page(url)
        token = (machine.read_text(paths.COMMAND_TOKEN_FILE) or "").strip()
        answers["users"] = count_users(url, token)
        answers["servers"] = count_users(url, token, state="active")
    except NotReady as error:
        answers["hub_problem"] = error.message
    return answers


def _read_memory(machine: Machine) -> dict[str, int]:
    text = machine.read_text(Path("/proc/meminfo")) or ""
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()}
    return {"memory_total_bytes": sizes.get("MemTotal", 0), "memory_free_bytes": sizes.get("MemAvailable", 0)}


def _find_problems(record: Record, data: Mapping[str, Any]) -> list[str]:
    installed = importlib.metadata.version("jupyterhub")
    running = data["jupyterhub_version"]
    found = (
        *(
            (state != "active", f"{unit} is {state}: sudo journalctl -u {unit}")
            for unit, state in data["units"].items()
        ),
        (data["hub_problem"], f"the hub does not answer as it should: {data['hub_problem']}"),
        (
            running not in (None, installed),
            f"JupyterHub {running} runs, {installed} is installed: sudo littlest apply",
        ),
        (record.made, "the install did not come to its end: run the installer again"),
        (data["settings_problem"], data["settings_problem"]),
        (data["disk_free_bytes"] < LOW_DISK, f"only {_render_size(data['disk_free_bytes'])} of disk are free"),
    )
    return [problem for is_so, problem in found if is_so]


def _render(data: Mapping[str, Any]) -> tuple[str, ...]:
    users, servers = ("unknown" if data[key] is None else data[key] for key in ("users", "servers"))
    disk, disk_total, memory, memory_total = (
        _render_size(data[key])
        for key in ("disk_free_bytes", "disk_total_bytes", "memory_free_bytes", "memory_total_bytes")
    )
    return (
        f"The Littlest JupyterHub {data['version']}, JupyterHub {data['jupyterhub_version'] or 'does not answer'}",
        f"  address  {' or '.join(data['addresses'])}",
        *(f"  {unit:<32} {state}" for unit, state in data["units"].items()),
        f"  users    {users}, with a server running: {servers}",
        f"  disk     {disk} of {disk_total} free",
        f"  memory   {memory} of {memory_total} free",
        *(("Not as it should be:", *(f"  {problem}" for problem in data["problems"])) if data["problems"] else ()),
    )


def _render_size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
