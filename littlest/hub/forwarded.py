"""Which forwarded headers the hub trusts: those of the web servers that `proxy.trusted` names.

Our proxy appends the address of its visitor and the protocol to X-Forwarded-For and X-Forwarded-Proto. Everything
before these comes from the visitor.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Iterable, MutableMapping

from tornado import httputil

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
FOR, PROTO = "X-Forwarded-For", "X-Forwarded-Proto"
PROXY = "X-Littlest-Proxy"
"""With the proxy's token: littlest/proxy/limits.cjs sends it with every request for the hub."""
UNTRUSTED = ("Forwarded", "X-Scheme", "X-Real-Ip")
"""Other headers with the same meaning, which JupyterHub and tornado would prefer."""


def parse_networks(trusted: Iterable[str]) -> Networks:
    """Return the networks of the configuration; an address is a network of one."""
    return tuple(ipaddress.ip_network(network) for network in trusted)


def clean_headers(headers: MutableMapping[str, str], trusted: Networks, proxy_token: str = "") -> None:
    """Keep only one address and one protocol of a request's forwarded headers: the last that are trusted.

    With `proxy_token`, a request that does not have it is from a program on this machine, and keeps no address: it
    could name any, and guess a password from each.
    """
    is_from_proxy = hmac.compare_digest(headers.pop(PROXY, "").encode(), proxy_token.encode())
    if not is_from_proxy:
        headers.pop(FOR, None)
        headers.pop("X-Real-Ip", None)
        headers.pop("Forwarded", None)
    addresses = _split(headers.get(FOR, ""))
    if not addresses:
        return
    protocols = _split(headers.get(PROTO, ""))
    is_led_by_trusted = _is_within(addresses[-1], trusted)
    for name in UNTRUSTED:
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


def clean_request(
    delegate: httputil.HTTPMessageDelegate, trusted: Networks, proxy_token: str = ""
) -> httputil.HTTPMessageDelegate:
    """Let a request's delegate get its headers only after they are cleaned."""
    receive = delegate.headers_received

    def clean_and_receive(
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Awaitable[None] | None:
        clean_headers(headers, trusted, proxy_token)
        return receive(start_line, headers)

    delegate.headers_received = clean_and_receive  # type: ignore[method-assign]
    return delegate
