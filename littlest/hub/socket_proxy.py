"""Tells configurable-http-proxy about user servers that listen on Unix sockets."""

from typing import Any

from jupyterhub.proxy import ConfigurableHTTPProxy

_SCHEME = "http+unix://"
_PORT = ":80"


class SocketProxy(ConfigurableHTTPProxy):
    """The proxy, without ports in the addresses of sockets.

    JupyterHub gives every server a port, so the address of a socket ends in `.sock:80`, and the proxy would look for
    a file of that name. JupyterHub compares its routes with the proxy's, so those get the port back.
    """

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Add a route; see JupyterHub's `Proxy.add_route`."""
        await super().add_route(routespec, remove_port(target), data)

    async def delete_route(self, routespec: str) -> None:
        """Delete a route; see JupyterHub's `Proxy.delete_route`.

        That of all addresses is the hub's again, as in a proxy that has just started: a hub at `/` had it before
        `base_url` changed, and its old address still leads to the new one.
        """
        if routespec == "/":
            await self.api_request("/", method="POST", body={"target": self.hub.host})
        else:
            await super().delete_route(routespec)

    async def delete_user(self, user: Any, server_name: str = "") -> None:
        """Remove the route of a server, which may be that of an old address; see JupyterHub's `Proxy.delete_user`."""
        spawner = user.spawners.get(server_name)
        if spawner is None:
            await super().delete_user(user, server_name)
        else:
            await self.delete_route(spawner.proxy_spec)

    async def get_all_routes(self) -> dict[str, Any]:
        """Return every route of the hub; see JupyterHub's `Proxy.get_all_routes`."""
        routes: dict[str, Any] = await super().get_all_routes()
        for route in routes.values():
            route["target"] = put_port_back(route["target"])
        return routes


def remove_port(target: str) -> str:
    """Return the address as the proxy takes it."""
    return target.removesuffix(_PORT) if target.startswith(_SCHEME) else target


def put_port_back(target: str) -> str:
    """Return the address as JupyterHub has it."""
    if target.startswith(_SCHEME) and not target.endswith(_PORT):
        return target + _PORT
    return target
