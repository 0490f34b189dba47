"""What the proxy's bounds leave alone: the traffic of users' servers, however long and slow."""

import asyncio
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from tests.hub.world import TOKEN, World

URL = "http://127.0.0.1"
# longer than anything for the hub may take
LONG = 24


async def receive(request: web.Request) -> web.Response:
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
    return web.Response(text=f"{size} {request.headers.get('X-Littlest-Proxy')}")


async def send(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(200):
        await response.write(b"x" * 100_000)
    return response


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(str(message.data))
    return socket


async def run_server(world: World) -> web.AppRunner:
    """A user's server, on its socket."""
    application = web.Application(client_max_size=0)
    application.add_routes(
        [web.post("/user/ada/up", receive), web.get("/user/ada/down", send), web.get("/user/ada/ws", echo)]
    )
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, str(world.path("/run/ada.sock"))).start()
    return runner


def test_uploads_downloads_and_websockets_of_servers_may_last(world: World) -> None:
    world.start_proxy()
    world.ask_proxy("POST", "/user/ada", {"target": "http+unix://%2Frun%2Fada.sock"})

    async def upload_slowly() -> Any:
        for _ in range(LONG):
            yield b"x" * 10_000
            await asyncio.sleep(1)

    async def upload_much() -> Any:
        for _ in range(300):
            yield b"x" * 1_000_000

    async def use() -> tuple[str, str, int, str]:
        runner = await run_server(world)
        async with ClientSession(timeout=ClientTimeout(total=120)) as session:

            async def post(body: Any) -> str:
                headers = {"X-Littlest-Proxy": "mine"}
                async with session.post(f"{URL}/user/ada/up", data=body, headers=headers) as answer:
                    return await answer.text()

            async def download() -> int:
                async with session.get(f"{URL}/user/ada/down") as answer:
                    await asyncio.sleep(LONG)
                    return len(await answer.read())

            async def talk() -> str:
                async with session.ws_connect(f"{URL}/user/ada/ws") as socket:
                    await asyncio.sleep(LONG)
                    await socket.send_str("still here")
                    return str((await socket.receive()).data)

            found = await asyncio.gather(post(upload_slowly()), post(upload_much()), download(), talk())
        await runner.cleanup()
        return found

    slow, much, downloaded, said = world.network.run(use(), 120)
    assert (slow, much) == (f"{LONG * 10_000} None", "300000000 None")
    assert (downloaded, said) == (20_000_000, "still here")


def test_a_slow_request_for_the_hub_is_ended_and_never_reaches_it(world: World) -> None:
    world.start_proxy()
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async def ask() -> tuple[bytes, bytes]:
        hub = await asyncio.start_server(answer, sock=world.listening)

        async def post(body: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", 80)
            head = b"POST /hub/login HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nConnection: close\r\n\r\n"
            writer.write(head + body)
            return await reader.read()

        found = await asyncio.gather(post(b"half"), post(b"complete"))
        hub.close()
        return found

    slow, whole = world.network.run(ask(), 60)
    assert slow.startswith(b"HTTP/1.1 408 ")
    assert whole.startswith(b"HTTP/1.1 204 ")
    assert len(seen) == 1
    assert f"x-littlest-proxy: {TOKEN}".encode() in seen[0].lower()
