"""The canary: a user of the hub that is only there for tests. It shows whether the hub can write to its database, and
whether a server starts and computes."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name
from littlest.plan.steps import TryServer
from littlest.system.accounts.accounts import find_account_made_for, remove_user_account
from littlest.system.hub.api import find_timeout, read_command_token, render_status, send
from littlest.system.units.units import read_journal

PAUSE = 0.1
"""Seconds between two questions."""
ANSWER_SECONDS = 30.0
"""How long to wait for one answer."""
REMOVE_SECONDS = 60.0
CODE = "__import__('sys').prefix, 6*7"
RESULT = f"('{paths.USER_ENVIRONMENT_DIR}', 42)"
"""Of the users' environment: where that has no kernel, the server offers one of its own."""
JUPYTER_PROTOCOL = "5.3"
"""Version of the Jupyter messaging protocol in which the kernel is asked."""


def ask_about_canary(
    url: str, token: str, method: str, path: str = "", timeout: float = ANSWER_SECONDS
) -> tuple[int, Any]:
    """Send the hub a request about the user `littlest-canary`, the only one whom our token may change.

    Returns the answer's status and its JSON, None where there is none. Raises NotReady when there is no answer within
    `timeout` seconds.
    """
    address = f"{url}users/{paths.CANARY_USER}{path}"
    status, content = send(address, method, {"Authorization": f"token {token}"}, timeout)
    try:
        return status, json.loads(content)
    except ValueError:
        return status, None


def find_write_problem(machine: Machine, url: str, deadline: float) -> str | None:
    """Let the hub add the canary and remove it again, and return why it could not; None when it could.

    `deadline` is a time of `time.monotonic`.
    """
    token = read_command_token(machine)

    def ask(method: str) -> tuple[int, Any]:
        return ask_about_canary(url, token, method, timeout=find_timeout(deadline, ANSWER_SECONDS))

    try:
        # an interrupted trial may have left one
        ask("DELETE")
        for method, expected in (("POST", HTTPStatus.CREATED), ("DELETE", HTTPStatus.NO_CONTENT)):
            status, answer = ask(method)
            if status != expected:
                return f"it could not write to its database: {_explain(status, answer)}"
    except NotReady as error:
        return error.message
    return None


def try_server(machine: Machine, step: TryServer) -> None:
    """Start a server, compute in it, and remove the server, its user, its account and its home.

    Raises NotReady with the last journal lines of the server and the hub when it does not work within the time.
    """
    began = time.time()
    deadline = time.monotonic() + step.seconds
    token = read_command_token(machine)
    try:
        # what a trial that was killed has left
        remove_canary(machine, step.url, token)
        _start_server(step.url, token, deadline)
        _compute(step.url, token, deadline)
    except BaseException as error:
        with suppress(LittlestError, OSError):
            remove_canary(machine, step.url, token)
        if not isinstance(error, NotReady):
            raise
        units = (make_unit_name(paths.CANARY_USER), paths.HUB_UNIT)
        journal = (line for unit in units for line in read_journal(machine, unit, began))
        raise NotReady(
            "\n".join((f"the hub runs, but its test server did not work: {error.message}", *journal)),
            error.hint,
        ) from error
    remove_canary(machine, step.url, token)


def remove_canary(machine: Machine, url: str, token: str) -> None:
    """Remove the trial's user from the hub, and its account and home. Raises NotReady when the hub does not do it."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        status, answer = ask_about_canary(url, token, "DELETE", timeout=REMOVE_SECONDS)
        if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
            break
        # its server is still stopping
        if time.monotonic() > deadline:
            raise NotReady(f"the hub did not remove the user {paths.CANARY_USER}: {_explain(status, answer)}")
        time.sleep(PAUSE)
    remove_canary_account(machine)


def remove_canary_account(machine: Machine) -> None:
    """Remove the trial's account and home, where they are there. Raises LittlestError when userdel(8) does not."""
    account = find_account_made_for(machine, paths.CANARY_USER)
    if account is not None:
        remove_user_account(machine, account)


def _start_server(url: str, token: str, deadline: float) -> None:
    for path, expected in (("", (HTTPStatus.CREATED,)), ("/server", (HTTPStatus.CREATED, HTTPStatus.ACCEPTED))):
        status, answer = ask_about_canary(url, token, "POST", path)
        if status not in expected:
            raise NotReady(_explain(status, answer))
    while True:
        status, answer = ask_about_canary(url, token, "GET")
        if status != HTTPStatus.OK or not answer.get("servers"):
            raise NotReady("it did not start")
        if answer["servers"][""]["ready"]:
            return
        if time.monotonic() > deadline:
            raise NotReady("it did not answer in time")
        time.sleep(PAUSE)


def _compute(url: str, token: str, deadline: float) -> None:
    server = f"{url.removesuffix('hub/api/')}user/{paths.CANARY_USER}/api"
    headers = {"Authorization": f"token {token}"}
    seconds = max(deadline - time.monotonic(), 1.0)
    status, content = send(f"{server}/kernels", "POST", headers, timeout=seconds)
    if status != HTTPStatus.CREATED:
        raise NotReady(f"its kernel did not start: {render_status(status)}")
    channels = f"ws{server.removeprefix('http')}/kernels/{json.loads(content)['id']}/channels"
    try:
        result = asyncio.run(asyncio.wait_for(_ask_kernel(channels, headers), max(deadline - time.monotonic(), 1.0)))
    except TimeoutError as error:
        raise NotReady("its kernel did not compute 6*7 in time") from error
    if result != RESULT:
        raise NotReady(f"its kernel says {result} where it should say {RESULT}")


async def _ask_kernel(address: str, headers: Mapping[str, str]) -> str:
    """What the kernel says to our code. Raises NotReady when the connection cannot be made or ends."""
    from tornado.httpclient import HTTPError, HTTPRequest  # noqa: PLC0415  # only an install needs it
    from tornado.websocket import websocket_connect  # noqa: PLC0415

    message = _make_execute_request()
    try:
        connection = await websocket_connect(HTTPRequest(address, headers=dict(headers)))
        await connection.write_message(json.dumps(message))
        while (text := await connection.read_message()) is not None:
            said: dict[str, Any] = json.loads(text)
            if said["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if said["msg_type"] == "execute_result":
                connection.close()
                return str(said["content"]["data"]["text/plain"])
            if said["msg_type"] == "error":
                raise NotReady(f"its kernel failed: {said['content']['ename']}: {said['content']['evalue']}")
    except (OSError, HTTPError) as error:
        raise NotReady(f"its kernel could not be reached: {error}") from error
    raise NotReady("its kernel ended")


def _make_execute_request() -> dict[str, Any]:
    header = {
        "msg_id": secrets.token_hex(16),
        "msg_type": "execute_request",
        "username": paths.CANARY_USER,
        "session": secrets.token_hex(16),
        "date": "",
        "version": JUPYTER_PROTOCOL,
    }
    content = {"code": CODE, "silent": False, "store_history": False, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


def _explain(status: int, answer: Any) -> str:
    message = answer.get("message") if isinstance(answer, dict) else None
    return str(message or render_status(status))
