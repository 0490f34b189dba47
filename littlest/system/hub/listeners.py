"""Who listens at an address of this machine: a token is sent only to our own programs and to systemd."""

import os
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from littlest import paths
from littlest.errors import NotReady
from littlest.machine.machine import Machine

_LISTENING = "0A"
_TABLES = {4: Path("/proc/thread-self/net/tcp"), 6: Path("/proc/thread-self/net/tcp6")}
"""Of the network that this thread is in; /proc/net is that of the process."""
_Address = IPv4Address | IPv6Address


def check_listener(machine: Machine, url: str) -> None:
    """Raises NotReady when a user of this machine, or nobody, listens where the address of this URL leads.

    The account is that of the process that made the socket, proc(5): root's for those that systemd holds.
    """
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    uid = find_listener(ip_address(parts.hostname or ""), port)
    proxy = machine.read_account(paths.PROXY_USER)
    if uid is None:
        raise NotReady(f"{url}: nothing listens on port {port}")
    if uid not in {0, os.geteuid(), proxy.uid if proxy else 0}:
        account = machine.read_account_of(uid)
        raise NotReady(
            f"port {port} is taken by a program of the account {account.name if account else uid}",
            f"See which one it is: sudo ss -ltnp sport = :{port}",
        )


def find_listener(address: _Address, port: int) -> int | None:
    """Return the number of the account whose socket gets a new connection to this address; None for nobody's."""
    found = {at: uid for at, its_port, uid in _list_listeners() if its_port == port}
    # the kernel takes the socket that fits best; one for every address of IPv6 may be for those of IPv4 too
    every: tuple[_Address, ...] = (IPv4Address(0),) if address.version == 4 else ()
    return next((found[at] for at in (address, *every, IPv6Address(0)) if at in found), None)


def _list_listeners() -> Iterator[tuple[_Address, int, int]]:
    """Yield address, port and account of every socket on which somebody waits for connections."""
    for version, table in _TABLES.items():
        # without IPv6 there is no table of it
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, _, state, _, _, _, uid, *_ = line.split()
            if state == _LISTENING:
                host, port = local.split(":")
                yield _parse_address(host, version), int(port, 16), int(uid)


def _parse_address(text: str, version: int) -> _Address:
    """Parse an address as the kernel prints it: words of 32 bits, each in the order of this processor."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if version == 4:
        return IPv4Address(packed)
    address = IPv6Address(packed)
    return address.ipv4_mapped or address
