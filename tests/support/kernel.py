"""A kernel of a Jupyter Server over its websocket: start it, send it messages, read its replies, end it."""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from yarl import URL

from tests.support.refused import Refused


def make_message(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Make a message of the Jupyter messaging protocol 5.3 for a kernel's shell channel."""
    header = {
        "msg_id": secrets.token_hex(16),
        "msg_type": kind,
        "username": "",
        "session": secrets.token_hex(16),
        "date": "",
        "version": "5.3",
    }
    return {"header": header, "parent_header": {}, "metadata": {}, "content": dict(content), "channel": "shell"}


def make_execute_request(code: str) -> dict[str, Any]:
    """Make a message that asks a kernel to run code."""
    options = {"silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    return make_message("execute_request", {"code": code, **options})


@asynccontextmanager
async def open_kernel(
    session: ClientSession, server: URL, headers: Mapping[str, str], name: str = "python3"
) -> AsyncIterator[ClientWebSocketResponse]:
    """Start a kernel of the server at this address and give its websocket; the kernel ends with the block.

    Raises Refused when the kernel does not start.
    """
    kernels = URL(f"{server}api/kernels", encoded=True)
    async with session.post(kernels, json={"name": name}, headers=headers) as answer:
        if answer.status != 201:
            raise Refused("the kernel was not started", answer.status, await answer.text())
        kernel = URL(f"{kernels}/{(await answer.json())['id']}", encoded=True)
    try:
        channels = URL(f"{kernel}/channels", encoded=True)
        async with session.ws_connect(channels, headers=headers, max_msg_size=0) as socket:
            yield socket
    finally:
        async with session.delete(kernel, headers=headers):
            pass


async def read_messages(socket: ClientWebSocketResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Give the kernel's messages until the websocket closes, each with the id of the message that it answers."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            reply = json.loads(message.data)
            yield reply["parent_header"].get("msg_id", ""), reply


async def run_code(socket: ClientWebSocketResponse, code: str) -> str:
    """Run code in the kernel; gives what it printed and the value of its last line.

    Raises AssertionError with the traceback when the code fails, and when the websocket closes too early.
    """
    request = make_execute_request(code)
    output: list[str] = []
    await socket.send_json(request)
    async for answered, reply in read_messages(socket):
        if answered != request["header"]["msg_id"]:
            continue
        kind, content = reply["msg_type"], reply["content"]
        if kind == "stream":
            output.append(content["text"])
        elif kind == "execute_result":
            output.append(content["data"]["text/plain"])
        elif kind == "error":
            raise AssertionError("\n".join(content["traceback"]))
        elif kind == "status" and content["execution_state"] == "idle":
            return "".join(output)
    raise AssertionError("the kernel's websocket was closed before the code had run")
