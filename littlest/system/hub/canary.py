"""The canary: a hub user who exists only for tests. It shows whether the hub can write to its database, and whether a
server starts and computes.
"""

import asyncio
import json
import secrets
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name
from littlest.plan.steps import TryServer
from littlest.system.accounts.user_accounts import find_account_made_for, remove_user_account
from littlest.system.hub.api import HubApi
from littlest.system.units.units import read_journal

CANARY = f"users/{paths.CANARY_USER}"
"""The only user whom our token may change."""
PAUSE = 0.1
"""Seconds between two checks."""
ANSWER_SECONDS = 30.0
"""How long to wait for one answer."""
REMOVE_SECONDS = 60.0
MOST_REDIRECTS = 5
CODE = "__import__('sys').prefix, 6*7"
RESULT = f"('{paths.USER_ENVIRONMENT_DIR}', 42)"
"""Of the users' environment: where that has no kernel, the server offers one of its own."""
JUPYTER_PROTOCOL = "5.3"
"""Version of the Jupyter messaging protocol in which the kernel is asked."""


def find_write_problem(api: HubApi) -> str | None:
    """Let the hub add the canary and remove it again; return why it could not, None when it could."""
    try:
        # an interrupted trial may have left one
        api.send("DELETE", CANARY, seconds=ANSWER_SECONDS)
        for method, expected in (("POST", HTTPStatus.CREATED), ("DELETE", HTTPStatus.NO_CONTENT)):
            answer = api.send(method, CANARY, seconds=ANSWER_SECONDS)
            if answer.status != expected:
                return f"it could not write to its database: {answer.reason}"
    except NotReady as error:
        return error.message
    return None


def try_server(machine: Machine, step: TryServer) -> None:
    """Start a server, compute in it, and remove the server, its user, its account and its home.

    Raises NotReady with the last journal lines of the server and the hub when it does not work within the time.
    """
    began = time.time()
    api = HubApi(machine, step.url, time.monotonic() + step.seconds)
    try:
        # what a trial that was killed has left
        remove_canary(machine, step.url)
        _start_server(api)
        _open_pages(api)
        _compute(api)
    except BaseException as error:
        with suppress(LittlestError, OSError):
            remove_canary(machine, step.url)
        if not isinstance(error, NotReady):
            raise
        units = (make_unit_name(paths.CANARY_USER), paths.HUB_UNIT)
        journal = (line for unit in units for line in read_journal(machine, unit, began))
        raise NotReady(
            "\n".join((f"the hub runs, but its test server did not work: {error.message}", *journal)),
            error.hint,
        ) from error
    remove_canary(machine, step.url)


def remove_canary(machine: Machine, url: str) -> None:
    """Remove the canary from the hub, and its account and home. Raises NotReady when the hub does not remove it."""
    api, deadline = HubApi(machine, url), time.monotonic() + REMOVE_SECONDS
    gone = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)
    while (answer := api.send("DELETE", CANARY, seconds=REMOVE_SECONDS)).status not in gone:
        # its server is still stopping
        if time.monotonic() > deadline:
            raise NotReady(f"the hub did not remove the user {paths.CANARY_USER}: {answer.reason}")
        time.sleep(PAUSE)
    remove_canary_account(machine)


def remove_canary_account(machine: Machine) -> None:
    """Remove the canary's account and home, where they exist. Raises LittlestError when userdel(8) fails."""
    account = find_account_made_for(machine, paths.CANARY_USER)
    if account is not None:
        remove_user_account(machine, account)


def _start_server(api: HubApi) -> None:
    for path in (CANARY, f"{CANARY}/server"):
        answer = api.send("POST", path, seconds=ANSWER_SECONDS)
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            raise NotReady(answer.reason)
    while True:
        match api.send("GET", CANARY, seconds=ANSWER_SECONDS).data:
            case {"servers": {"": {"ready": is_ready}}}:
                if is_ready:
                    return
            case _:
                raise NotReady("it did not start")
        if time.monotonic() > api.deadline:
            raise NotReady("it did not answer in time")
        time.sleep(PAUSE)


def _open_pages(api: HubApi) -> None:
    """Open the page that a user sees first, and the list of files. Raises NotReady when one does not work."""
    server = f"../../user/{paths.CANARY_USER}/"
    for page, sign in ((server, b"</html>"), (f"{server}api/contents", b'"content"')):
        answer = api.send("GET", page, seconds=ANSWER_SECONDS)
        for _ in range(MOST_REDIRECTS):
            if answer.location:
                answer = api.send("GET", answer.location, seconds=ANSWER_SECONDS)
        if answer.status != HTTPStatus.OK or sign not in answer.content:
            raise NotReady(f"its page {answer.url} answered {answer.phrase}")


def _compute(api: HubApi) -> None:
    kernels = f"../../user/{paths.CANARY_USER}/api/kernels"
    answer = api.send("POST", kernels, seconds=max(api.deadline - time.monotonic(), 1.0))
    if answer.status != HTTPStatus.CREATED:
        raise NotReady(f"its kernel did not start: {answer.phrase}")
    channels = f"ws{answer.url.removeprefix('http')}/{answer.data['id']}/channels"
    try:
        asked = _ask_kernel(channels, api.make_authorization())
        result = asyncio.run(asyncio.wait_for(asked, max(api.deadline - time.monotonic(), 1.0)))
    except TimeoutError as error:
        raise NotReady("its kernel did not compute 6*7 in time") from error
    if result != RESULT:
        raise NotReady(f"its kernel says {result} where it should say {RESULT}")


async def _ask_kernel(address: str, headers: dict[str, str]) -> str:
    """Return what the kernel says to our code. Raises NotReady when the connection cannot be made or ends."""
    from tornado.httpclient import HTTPError, HTTPRequest  # noqa: PLC0415  # only an install needs it
    from tornado.websocket import websocket_connect  # noqa: PLC0415

    message = _make_execute_request()
    try:
        # the certificate is for the name that people use; `HubApi` has made sure whose program listens here
        connection = await websocket_connect(HTTPRequest(address, headers=headers, validate_cert=False))
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
