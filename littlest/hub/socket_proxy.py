"""Tells configurable-http-proxy about user servers that listen on Unix sockets."""

from typing import Any

from jupyterhub.proxy import ConfigurableHTTPProxy

_SCHEME = "http+unix://"
_PORT = ":80"


class SocketProxy(ConfigurableHTTPProxy):
    """The proxy, with one correction.

    JupyterHub keeps a port for every server, so the address of one on a socket ends in `.sock:80`. The proxy would
    look for a file of that name: the port is cut off on the way out and put back on the way in, since JupyterHub
    compares the two.
    """

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Add a route; see JupyterHub's `Proxy.add_route`."""
        await super().add_route(routespec, remove_port(target), data)

    async def get_all_routes(self) -> dict[str, Any]:
        """Every route that is the hub's; see JupyterHub's `Proxy.get_all_routes`."""
        routes: dict[str, Any] = await super().get_all_routes()
        for route in routes.values():
            route["target"] = put_port_back(route["target"])
        return routes


def remove_port(target: str) -> str:
    """The address as the proxy takes it."""
    return target.removesuffix(_PORT) if target.startswith(_SCHEME) else target


def put_port_back(target: str) -> str:
    """The address as JupyterHub has it."""
    if target.startswith(_SCHEME) and not target.endswith(_PORT):
        return target + _PORT
    return target
