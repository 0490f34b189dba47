"""The addresses on which the proxy listens. systemd opens them, and hands them to the proxy in this order. Pure."""

from littlest.config.model import Config
from littlest.config.sections.section import Place


def list_ports(config: Config) -> dict[Place, tuple[str, int]]:
    """Return the address and the port of everything on which the proxy listens, by the key that sets it.

    The first one has the pages; the other one leads from http to https. An empty address means every one.
    """
    address = "" if config.http.address in ("0.0.0.0", "::") else config.http.address  # noqa: S104  # only compared
    http: dict[Place, tuple[str, int]] = {("http", "port"): (address, config.http.port)}
    if not config.https.enabled:
        return http
    return {("https", "port"): (address, config.https.port), **(http if config.https.redirect else {})}


def render_streams(config: Config) -> str:
    """Return these addresses as lines of a socket unit, see systemd.socket(5)."""
    # as it is in the settings: 0.0.0.0 leaves out IPv6, and a port alone does not
    address = config.http.address
    host = f"[{address}]:" if ":" in address else f"{address}:" if address else ""
    return "\n".join(f"ListenStream={host}{port}" for _, port in list_ports(config).values())
