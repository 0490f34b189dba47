"""Where a browser reaches the hub."""

import json
import socket

from littlest.config.model import Config
from littlest.errors import CommandFailed
from littlest.system.machine import Machine


def find_addresses(machine: Machine, config: Config) -> tuple[str, ...]:
    """The page's addresses: the one that the admin gave, or else by the machine's name and its own addresses."""
    if config.external_url:
        return (config.external_url,)
    protocol, number, usual = (
        ("https", config.https.port, 443) if config.https.enabled else ("http", config.http.port, 80)
    )
    port = "" if number == usual else f":{number}"
    if config.http.address not in ("", "0.0.0.0", "::"):  # noqa: S104  # compared, not listened on
        hosts = [config.http.address]
    else:
        hosts = [socket.gethostname(), *(_find_ip_addresses(machine)[:2] or ["127.0.0.1"])]
    return tuple(f"{protocol}://{f'[{host}]' if ':' in host else host}{port}{config.base_url}" for host in hosts)


def _find_ip_addresses(machine: Machine) -> list[str]:
    """The machine's own IPv4 addresses, asked of the kernel without a packet or a connection."""
    try:
        shown = machine.run(["ip", "-json", "-4", "address", "show", "up", "scope", "global"], check=False)
        found = [
            address["local"] for link in json.loads(shown.stdout or "[]") for address in link.get("addr_info", [])
        ]
    except (CommandFailed, ValueError):
        return []
    return [str(address) for address in found]
