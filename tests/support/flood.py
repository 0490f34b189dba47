"""Program: holds many bad connections open against a port of 127.0.0.1, until it is ended.

python -m tests.support.flood PORT KIND COUNT

KIND is one of slow (half-sent posts), idle (nothing sent), large (posts of 95 MB whose last byte never comes) and
headers (headers that never end). A connection that the other side closes is opened again. Prints `ready` when each
was opened once.
"""

import asyncio
import contextlib
import sys

LARGE = 95_000_000
HEAD = "POST /hub/login HTTP/1.1\r\nHost: hub\r\nContent-Type: application/x-www-form-urlencoded\r\n"


async def hold(port: int, kind: str, opened: "asyncio.Queue[None]") -> None:
    first = True
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if first:
                opened.put_nowait(None)
                first = False
            await send(writer, kind)
            with contextlib.suppress(OSError):
                await reader.read()
            writer.close()
        await asyncio.sleep(0.2)


async def send(writer: asyncio.StreamWriter, kind: str) -> None:
    match kind:
        case "slow":
            writer.write(f"{HEAD}Content-Length: 100000\r\n\r\nusername=".encode())
        case "headers":
            writer.write(HEAD.encode())
        case "large":
            writer.write(f"{HEAD}Content-Length: {LARGE}\r\n\r\n".encode())
            for _ in range(LARGE // 100_000 - 1):
                writer.write(b"a" * 100_000)
                await writer.drain()
        case _:
            return
    await writer.drain()


async def main(port: int, kind: str, count: int) -> None:
    """Hold `count` connections of a kind."""
    opened: asyncio.Queue[None] = asyncio.Queue()
    holding = [asyncio.create_task(hold(port, kind, opened)) for _ in range(count)]
    for _ in range(count):
        await opened.get()
    print("ready", flush=True)
    await asyncio.gather(*holding)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
