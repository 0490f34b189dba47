"""Is the hub well? Asked the way a browser reaches it: through the proxy."""

import importlib.metadata
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.plan.steps import EnsureSecret, WaitUntilReady
from littlest.system.machine import Machine
from littlest.system.secrets import read_secret
from littlest.system.units import read_journal

PAUSE = 0.1
"""Seconds between two questions."""


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nobody: a login page may lead to another organization's."""


def is_hub_ready(machine: Machine, step: WaitUntilReady) -> bool:
    """Whether the hub is well, as far as looking at it tells."""
    return not machine.is_live or find_problem(machine, step.url) is None


def wait_until_ready(machine: Machine, step: WaitUntilReady) -> None:
    """Wait until the hub is well, and let it write to its database.

    Raises NotReady with the last journal lines of hub and proxy at the deadline.
    """
    began = time.time()
    deadline = time.monotonic() + step.seconds
    while (problem := find_problem(machine, step.url) or _try_to_write(machine, step.url)) is not None:
        if time.monotonic() > deadline:
            journal = (
                line for unit in (paths.PROXY_UNIT, paths.HUB_UNIT) for line in read_journal(machine, unit, began)
            )
            raise NotReady(
                "\n".join((f"the hub was not well within {step.seconds:.0f} seconds: {problem}", *journal)),
                "See all of it: sudo littlest logs hub",
            )
        time.sleep(PAUSE)


def find_problem(machine: Machine, url: str) -> str | None:
    """What is not well with the hub whose API is at this address; None when all is."""
    expected = importlib.metadata.version("jupyterhub")
    try:
        version = read_hub_version(url)
        if version != expected:
            return f"JupyterHub {version} answers there, not {expected}"
        check_login_page(url)
        count_users(url, read_command_token(machine))
    except LittlestError as error:
        return error.message
    return None


def read_command_token(machine: Machine) -> str:
    """The token with which `littlest` itself speaks to the hub. Raises LittlestError when there is none."""
    return read_secret(machine, EnsureSecret(paths.COMMAND_TOKEN_FILE))


def send(
    url: str, method: str = "GET", headers: Mapping[str, str] | None = None, timeout: float = 10.0
) -> tuple[int, bytes]:
    """Send an HTTP request, and return the answer's status and content; no redirect is followed.

    Raises NotReady when there is no answer within `timeout` seconds.
    """
    # JupyterHub takes no other type, even where nothing is sent
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, method=method, headers=all_headers)  # noqa: S310  # we made the address
    # a proxy that the environment names must never see this: the hub is on this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)
    try:
        with opener.open(request, timeout=timeout) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except urllib.error.URLError as error:
        raise NotReady(f"{url}: {error.reason}") from error
    except (OSError, ValueError) as error:
        raise NotReady(f"{url}: {error}") from error


def ask_hub(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The hub's JSON answer to a GET request. Raises NotReady with the reason when there is none."""
    status, content = send(url, headers=headers)
    if status != HTTPStatus.OK:
        raise NotReady(f"{url} answered {render_status(status)}")
    try:
        return json.loads(content)
    except ValueError as error:
        raise NotReady(f"{url}: {error}") from error


def read_hub_version(url: str) -> str:
    """The version with which the hub answers. Raises NotReady when it does not answer."""
    answer = ask_hub(url)
    version = answer.get("version") if isinstance(answer, dict) else None
    if not isinstance(version, str):
        raise NotReady(f"{url} did not answer as a JupyterHub does")
    return version


def check_login_page(url: str) -> None:
    """Look at the page on which people log in; one that leads on to another organization's is fine.

    `url` is that of the hub's API. Raises NotReady when there is none.
    """
    page = url.removesuffix("api/") + "login"
    status, content = send(page)
    is_led_on = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    if not is_led_on and (status != HTTPStatus.OK or b"</html>" not in content):
        raise NotReady(f"the login page {page} answered {render_status(status)}")


def count_users(url: str, token: str, state: str = "") -> int:
    """How many users the hub knows, or how many are in this state, such as `active`. Raises NotReady.

    The answer's media type is the one of JupyterHub's REST API that tells the total of a paged list.
    """
    headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
    answer = ask_hub(f"{url}users?limit=1" + (f"&state={state}" if state else ""), headers)
    try:
        return int(answer["_pagination"]["total"])
    except (TypeError, KeyError, ValueError) as error:
        raise NotReady(f"{url} did not count its users") from error


def ask_about_canary(url: str, token: str, method: str, path: str = "", timeout: float = 30.0) -> tuple[int, Any]:
    """Send the hub a request about the user `littlest-canary`, the only one of whom our token may change anything.

    Returns the answer's status and its JSON, None where there is none. Raises NotReady when there is no answer.
    """
    address = f"{url}users/{paths.CANARY_USER}{path}"
    status, content = send(address, method, {"Authorization": f"token {token}"}, timeout)
    try:
        return status, json.loads(content)
    except ValueError:
        return status, None


def render_status(status: int) -> str:
    """An HTTP status in words."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _try_to_write(machine: Machine, url: str) -> str | None:
    """Let the hub add a user and remove it again; None when it did."""
    token = read_command_token(machine)
    try:
        # one that an interrupted trial left is there already
        ask_about_canary(url, token, "DELETE")
        for method, expected in (("POST", HTTPStatus.CREATED), ("DELETE", HTTPStatus.NO_CONTENT)):
            status, answer = ask_about_canary(url, token, method)
            if status != expected:
                reason = answer.get("message") if isinstance(answer, dict) else None
                return f"it could not write to its database: {reason or render_status(status)}"
    except NotReady as error:
        return error.message
    return None
