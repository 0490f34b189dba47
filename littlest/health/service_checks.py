"""Checks of systemd's units, of the processes that run in them, and of the ports."""

import errno
from collections.abc import Iterator
from pathlib import PurePosixPath as Path
from shlex import quote

from littlest import paths
from littlest.errors import LittlestError
from littlest.health.finding import Examined, Fault
from littlest.health.status_checks import APPLY
from littlest.plan.public_ports import list_ports
from littlest.system.hub.api import find_hub_api
from littlest.system.network.addresses import find_bind_error
from littlest.system.network.ports import find_holder
from littlest.system.servers.running_limits import read_running_servers
from littlest.system.units.units import show_units

MOST_RESTARTS = 3
"""Restarts by systemd itself that are no reason to worry."""
_SERVICES = (paths.HUB_UNIT, paths.PROXY_UNIT, paths.CULLER_UNIT)
_SHOWN = ("Id", "LoadState", "DropInPaths", "FragmentPath", "NRestarts", "MainPID")


def _show(examined: Examined) -> list[dict[str, str]]:
    units = examined.record.units
    return show_units(examined.machine, _SHOWN, units, check=False) if examined.machine.is_live and units else []


def check_masked(examined: Examined) -> Iterator[Fault]:
    """A masked unit cannot be started by anything, so not even an apply can bring it back."""
    for unit in _show(examined):
        if unit.get("LoadState") == "masked":
            name = unit["Id"]
            fix = f"sudo systemctl unmask {quote(name)} && {APPLY}"
            yield Fault(f"{name} is masked, so nothing can start it", fix, "masked", is_safe=True)


def check_overridden(examined: Examined) -> Iterator[Fault]:
    """What an admin changes with `systemctl edit` stays over upgrades, and may not fit the next release."""
    for unit in _show(examined):
        drop_ins = unit.get("DropInPaths", "").split()
        foreign = [file for file in drop_ins if not file.startswith(("/run/", "/usr/lib/", "/lib/"))]
        if foreign:
            name = unit["Id"]
            yield Fault(
                f"{name} is changed by {', '.join(foreign)}",
                f"sudo systemctl revert {quote(name)} && {APPLY}",
                " ".join(foreign),
            )
        fragment = unit.get("FragmentPath", "")
        if fragment and Path(fragment).parent != paths.SYSTEMD_DIR:
            yield Fault(f"{unit['Id']} comes from {fragment} and not from us", APPLY, fragment, is_safe=True)


def check_restarts(examined: Examined) -> Iterator[Fault]:
    """A service that ends by itself again and again loses requests each time."""
    for unit in _show(examined):
        count = unit.get("NRestarts", "")
        if count.isdigit() and int(count) > MOST_RESTARTS:
            name = quote(unit["Id"])
            yield Fault(
                f"systemd had to restart {unit['Id']} {count} times (see sudo journalctl -u {name})",
                f"sudo systemctl reset-failed {name}",
                count,
            )


def check_running_release(examined: Examined) -> Iterator[Fault]:
    """A process that runs on another release, or on files that are gone, is not what was tested and installed."""
    directory = f"{examined.release.directory}/"
    for unit in _show(examined):
        pid = unit.get("MainPID", "0")
        if unit.get("Id") not in _SERVICES or pid == "0":
            continue
        try:
            program = str(examined.machine.path(Path(f"/proc/{pid}/exe")).readlink())
        except OSError:
            continue  # it has just ended
        if not program.startswith(directory) or program.endswith(" (deleted)"):
            yield Fault(
                f"{unit['Id']} runs {program}, not the installed release",
                f"sudo systemctl restart {quote(unit['Id'])}",
                program,
            )


def check_ports(examined: Examined) -> Iterator[Fault]:
    """When another program has the port of the hub, people see that program's page, or none."""
    if not examined.machine.is_live:
        return
    for address, port in list_ports(examined.config).values():
        if find_bind_error(address, port) != errno.EADDRINUSE:
            continue
        holder = find_holder(examined.machine, port)
        if holder:
            unit = holder.rpartition(", of ")[2] if ", of " in holder else ""
            fix = f"sudo systemctl disable --now {quote(unit)} && {APPLY}" if unit else "end that program"
            yield Fault(f"port {port} is taken by {holder}", fix, holder)


def check_orphans(examined: Examined) -> Iterator[Fault]:
    """A server that the hub does not know uses memory, and nobody can reach or stop it in the browser."""
    running = read_running_servers(examined.machine)
    if not running:
        return
    try:
        known = set(find_hub_api(examined.machine).list_active_users())
    except LittlestError:
        return  # the check of the hub says so
    for server in running:
        unit = server.properties["Id"]
        if server.user.partition(" ")[0] not in known and server.user not in known:
            yield Fault(
                f"the server {unit} of {server.user} runs, and the hub does not know it",
                f"sudo systemctl stop {quote(unit)}",
                unit,
                is_safe=True,
            )
