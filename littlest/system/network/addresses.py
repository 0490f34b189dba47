"""Where a browser reaches the hub, and whether the proxy can listen there."""

import json
import socket

from littlest.config.model import Config
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import CommandFailed
from littlest.machine.machine import Machine


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


def find_address_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Whether `http.address` is an address that the proxy can listen on, as the kernel says.

    One that the machine gets later is one as soon as it has it, or where net.ipv4.ip_nonlocal_bind lets programs
    wait for it.
    """
    address = loaded.config.http.address
    if not address or not machine.is_live:
        return ()
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind((address, 0))
    except OSError:
        own = ", ".join((*_find_ip_addresses(machine, "-4"), *_find_ip_addresses(machine, "-6"), "127.0.0.1"))
        problem = f"{address} is no address of this machine, which has {own}"
        return (loaded.make_problem(("http", "address"), problem, "leave it empty to listen on every address"),)
    return ()


def _find_ip_addresses(machine: Machine, family: str = "-4") -> list[str]:
    """The machine's own addresses, asked of the kernel without a packet or a connection."""
    try:
        shown = machine.run(["ip", "-json", family, "address", "show", "up", "scope", "global"], check=False)
        # of what it leaves out, some versions print an empty group
        found = [
            address["local"]
            for link in json.loads(shown.stdout or "[]")
            for address in link.get("addr_info", [])
            if "local" in address
        ]
    except (CommandFailed, ValueError):
        return []
    return [str(address) for address in found]
