"""Whether the ports of the settings are free. Otherwise the proxy would not start, and nobody could reach the hub."""

import errno
import re
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import CommandFailed
from littlest.machine.machine import Machine
from littlest.plan.public_ports import list_ports
from littlest.system.network.addresses import find_bind_error
from littlest.system.settings.active import read_good_config

_PROGRAM = re.compile(r'users:\(\("([^"]+)",pid=(\d+)')
_UNIT = re.compile(r"([^/\s]+\.(?:service|scope))$", re.MULTILINE)


def find_port_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return a problem for each port that another program has.

    The proxy has the ports of the last known good settings. A port below 1024 is only checked for root (ip(7)).
    """
    good = read_good_config(machine)
    before = () if good is None else tuple(list_ports(good).values())
    problems = []
    for place, (address, port) in list_ports(loaded.config).items():
        if not machine.is_live or (address, port) in before or find_bind_error(address, port) != errno.EADDRINUSE:
            continue
        holder = find_holder(machine, port)
        if holder:
            problem = f"port {port} is taken by {holder}"
            problems.append(loaded.make_problem(place, problem, "choose another port, or stop that program for good"))
    return tuple(problems)


def find_holder(machine: Machine, port: int) -> str:
    """Return the program that listens on a port, and its unit, as ss(8) shows them; empty for our own proxy.

    For a port that systemd holds, the unit is that of the socket.
    """
    socket = _find_socket_unit(machine, port)
    if socket:
        return "" if socket == paths.PROXY_SOCKET_UNIT else f"systemd, of {socket}"
    unknown = "another program" if machine.can_chown() else "a program that only root can name"
    try:
        shown = machine.run(["ss", "-H", "-ltnpe", "sport", "=", f":{port}"], check=False).stdout.splitlines()
    except CommandFailed:
        return unknown
    proxy = machine.read_account(paths.PROXY_USER)
    others = [line for line in shown if proxy is None or f" uid:{proxy.uid} " not in line]
    found = next(filter(None, map(_PROGRAM.search, others)), None)
    if found is None:
        return unknown if others else ""
    try:
        unit = _UNIT.search(machine.read_text(Path(f"/proc/{found[2]}/cgroup")) or "")
    except OSError:
        unit = None  # the process has just ended
    return f"{found[1]}, of {unit[1]}" if unit else found[1]


def _find_socket_unit(machine: Machine, port: int) -> str:
    """Return the socket unit for which systemd listens on a port; empty for none."""
    try:
        shown = machine.run(["systemctl", "list-sockets", "--plain", "--full", "--no-legend"], check=False).stdout
    except CommandFailed:
        return ""
    rows = (line.split() for line in shown.splitlines())
    return next((unit for address, unit, *_ in rows if address.endswith(f":{port}")), "")
