"""A server that a user put in the place of the own one: it keeps what it is sent, and answers as a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.hub.world import World

BODY = "a page of a user's server"


class HostileServer:
    """What came to the server, and the headers that it answers with."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.headers: list[tuple[str, str]] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        if request.headers.get("Upgrade") == "websocket":
            socket = web.WebSocketResponse()
            for name, value in self.headers:
                socket.headers.add(name, value)
            await socket.prepare(request)
            self.sockets.append(socket)
            async for message in socket:
                await socket.send_str(f"echo {message.data}")
            return socket
        response = web.Response(body=BODY.encode())
        response.headers["Content-Type"] = "text/html"
        for name, value in self.headers:
            response.headers.add(name, value) if name == "Set-Cookie" else response.headers.update({name: value})
        return response


@asynccontextmanager
async def serve(
    world: World, user: str, server: str = "", socket: str = "", base: str = "/"
) -> AsyncIterator[HostileServer]:
    """Listen on a socket, and route the user's server to it as a hub at this base does."""
    hostile = HostileServer()
    socket = socket or f"/run/{len(user)}-{server}-{abs(hash((user, server)))}.sock"
    world.path(socket).parent.mkdir(parents=True, exist_ok=True)
    runner = web.ServerRunner(web.Server(hostile.answer))
    await runner.setup()
    await web.UnixSite(runner, str(world.path(socket))).start()
    path = base + "/".join(("user", quote(user, safe="@~"), *([quote(server)] if server else [])))
    route: dict[str, Any] = {"target": f"http+unix://{quote(socket, safe='')}", "user": user, "server_name": server}
    await world.tell_proxy("POST", path, route | {"jupyterhub": True})
    try:
        yield hostile
    finally:
        await runner.cleanup()
