"""The addresses at which a browser reaches the hub, and on which the proxy can listen."""

import errno
import socket

from littlest.config.model import Config
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import CommandFailed
from littlest.machine.machine import Machine


def find_addresses(machine: Machine, config: Config) -> tuple[str, ...]:
    """Return the hub's addresses: `external_url`, or else those with the machine's name and its IP addresses."""
    if config.external_url:
        return (config.external_url,)
    protocol, number, usual = (
        ("https", config.https.port, 443) if config.https.enabled else ("http", config.http.port, 80)
    )
    port = "" if number == usual else f":{number}"
    if config.http.address not in ("", "0.0.0.0", "::"):  # noqa: S104  # compared, not listened on
        hosts = [config.http.address]
    else:
        own = [address for address in _find_ip_addresses(machine) if ":" not in address]
        hosts = [socket.gethostname(), *(own[:2] or ["127.0.0.1"])]
    return tuple(f"{protocol}://{f'[{host}]' if ':' in host else host}{port}{config.base_url}" for host in hosts)


def find_address_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return a problem when the proxy cannot listen on `http.address`.

    An address that the machine gets later passes once it is there, or at once with net.ipv4.ip_nonlocal_bind.
    """
    address = loaded.config.http.address
    if not address or not machine.is_live or not find_bind_error(address, 0):
        return ()
    own = ", ".join((*_find_ip_addresses(machine), "127.0.0.1"))
    problem = f"{address} is no address of this machine, which has {own}"
    return (loaded.make_problem(("http", "address"), problem, "leave it empty to listen on every address"),)


def find_bind_error(address: str, port: int) -> int:
    """Try to bind a port of an address, as the proxy would; return the `errno` of bind(2), 0 when it works.

    An empty address means every address; port 0 means any free port.
    """
    address = address or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")  # noqa: S104  # nothing listens on it
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            # connections that are being closed keep nobody from listening
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if address == "::":
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind((address, port))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _find_ip_addresses(machine: Machine) -> list[str]:
    """Return the machine's own addresses as hostname(1) shows them, those of IPv4 first."""
    try:
        shown = machine.run(["hostname", "-I"], check=False)
    except CommandFailed:
        return []
    return sorted(shown.stdout.split(), key=lambda address: ":" in address)
