"""Which forwarded headers are believed: those of the web servers that `proxy.trusted` names, and nobody else's.

Our proxy adds the address of whoever connected to it, and the protocol, at the end of X-Forwarded-For and
X-Forwarded-Proto. Everything before that is what this visitor says of himself.
"""

import ipaddress
from collections.abc import Awaitable, Iterable, MutableMapping

from tornado import httputil

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
FOR, PROTO = "X-Forwarded-For", "X-Forwarded-Proto"
UNBELIEVED = ("Forwarded", "X-Scheme", "X-Real-Ip")
"""Other headers with the same meaning, which JupyterHub and tornado would prefer."""


def parse_networks(trusted: Iterable[str]) -> Networks:
    """Return networks as the configuration has them, an address being a network of one."""
    return tuple(ipaddress.ip_network(network) for network in trusted)


def clean_headers(headers: MutableMapping[str, str], trusted: Networks) -> None:
    """Leave of a request's forwarded headers what is to be believed: one address and one protocol.

    A request that did not come through the proxy has none and stays as it is.
    """
    addresses = _split(headers.get(FOR, ""))
    if not addresses:
        return
    protocols = _split(headers.get(PROTO, ""))
    is_led_by_trusted = _is_within(addresses[-1], trusted)
    for name in UNBELIEVED:
        headers.pop(name, None)
    untrusted = [address for address in addresses if not _is_within(address, trusted)]
    headers[FOR] = untrusted[-1] if untrusted else addresses[0]
    if protocols:
        headers[PROTO] = protocols[-2] if is_led_by_trusted and len(protocols) > 1 else protocols[-1]
    if not is_led_by_trusted:
        headers.pop("X-Forwarded-Host", None)


def _split(header: str) -> list[str]:
    return [part for part in (word.strip() for word in header.split(",")) if part]


def _is_within(address: str, networks: Networks) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        # a proxy that listens on :: sees IPv4 visitors like this
        found = found.ipv4_mapped
    return any(found in network for network in networks if network.version == found.version)


class ForwardedHeaders(httputil.HTTPMessageDelegate):
    """Cleans the headers of one request before anything else sees them."""

    def __init__(self, delegate: httputil.HTTPMessageDelegate, trusted: Networks) -> None:
        self._delegate = delegate
        self._trusted = trusted

    def headers_received(
        self, start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Awaitable[None] | None:
        """Clean them and hand them on."""
        clean_headers(headers, self._trusted)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand it on."""
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        """Hand it on."""
        self._delegate.finish()

    def on_connection_close(self) -> None:
        """Hand it on."""
        self._delegate.on_connection_close()
