"""`littlest status`: is everything as it should be?"""

import shutil
from pathlib import PurePosixPath as Path
from typing import Any

from littlest import __version__, paths
from littlest.config.load import load_config
from littlest.config.model import Config
from littlest.converge import check_root, read_config
from littlest.errors import ConfigError, ExitCode, LittlestError, NotReady
from littlest.plan.build import make_probe_url
from littlest.report import Report
from littlest.system.addresses import find_addresses
from littlest.system.machine import Machine
from littlest.system.probe import ask_hub, read_hub_version
from littlest.system.record import read_record
from littlest.system.units import read_unit_states

LOW_DISK = 2**30
"""Bytes free under which new servers and installs begin to fail."""


def run_status(machine: Machine) -> Report:
    """Units, versions, address, users and servers, settings, disk and memory; exit code 4 when something is amiss."""
    check_root(machine)
    record = read_record(machine)
    if not record.units:
        raise LittlestError("The Littlest JupyterHub is not installed on this machine", "Run its installer.")
    problems: list[str] = []
    config, config_problem = _read_config(machine)
    if config_problem:
        problems.append(config_problem)
    units = read_unit_states(machine, tuple(unit for unit in record.units if not unit.endswith(".slice")))
    problems += [
        f"{unit} is {state}: sudo journalctl -u {unit}" for unit, state in units.items() if state != "active"
    ]
    addresses = find_addresses(machine, config)
    hub, users, servers = _ask_hub(machine, config, problems)
    disk = shutil.disk_usage(machine.path(paths.STATE_DIR))
    if disk.free < LOW_DISK:
        problems.append(f"only {_render_size(disk.free)} are free on the disk of {paths.STATE_DIR}")
    memory_total, memory_free = _read_memory(machine)
    lines = (
        f"The Littlest JupyterHub {__version__}, JupyterHub {hub or 'does not answer'}",
        f"  address  {' or '.join(addresses)}",
        *(f"  {unit:<32} {state}" for unit, state in units.items()),
        f"  users    {_render_count(users)}, of whom {_render_count(servers)} have a server running",
        f"  disk     {_render_size(disk.free)} of {_render_size(disk.total)} free",
        f"  memory   {_render_size(memory_free)} of {_render_size(memory_total)} free",
        *(("", "Not as it should be:", *(f"  {problem}" for problem in problems)) if problems else ()),
    )
    data: dict[str, Any] = {
        "version": __version__,
        "applied_version": record.release,
        "jupyterhub_version": hub,
        "addresses": list(addresses),
        "units": units,
        "users": users,
        "servers": servers,
        "config_valid": config_problem is None,
        "disk_free_bytes": disk.free,
        "memory_free_bytes": memory_free,
        "memory_total_bytes": memory_total,
        "problems": problems,
    }
    return Report(lines, data, ExitCode.DRIFT if problems else ExitCode.DONE)


def _read_config(machine: Machine) -> tuple[Config, str | None]:
    try:
        return read_config(machine), None
    except ConfigError as error:
        good = machine.read_text(paths.LAST_GOOD_CONFIG_FILE) or ""
        return (
            load_config(good, str(paths.LAST_GOOD_CONFIG_FILE)),
            f"{paths.CONFIG_FILE} is not valid, so the hub goes on with the last good one: {error.message}",
        )


def _ask_hub(machine: Machine, config: Config, problems: list[str]) -> tuple[str | None, int | None, int | None]:
    """Version, number of users, number of running servers; None for what the hub does not tell."""
    url = make_probe_url(config)
    try:
        version = read_hub_version(url)
        token = (machine.read_text(paths.COMMAND_TOKEN_FILE) or "").strip()
        users = ask_hub(f"{url}users?limit=1000&include_stopped_servers=false", token=token)
    except NotReady as error:
        problems.append(f"the hub does not answer: {error.message}")
        return None, None, None
    if not isinstance(users, list):
        return version, None, None
    return version, len(users), sum(len(user.get("servers") or ()) for user in users)


def _read_memory(machine: Machine) -> tuple[int, int]:
    """Bytes of memory in all, and bytes that programs can still get."""
    text = machine.read_text(Path("/proc/meminfo")) or ""
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()}
    return sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)


def _render_size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _render_count(count: int | None) -> str:
    return "unknown" if count is None else str(count)
