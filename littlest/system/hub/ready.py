"""Is the hub well? Asked the way a browser reaches it: through the proxy."""

import importlib.metadata
import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureSecret, WaitUntilReady
from littlest.system.secrets.generated import read_secret
from littlest.system.units.units import UnitLife, read_journal, read_lives

PAUSE = 0.1
"""Seconds between two questions."""

MOST_RESTARTS = 3
"""So many times systemd may start the hub or the proxy again while we wait: what ends more often ends always."""
STEADY_SECONDS = 2.0
"""So long a unit that does not tell when it is ready must have run, to count as one that runs on."""
_TELLING = (paths.PROXY_UNIT, paths.HUB_UNIT)
"""Units whose start ends when they answer."""
_ANSWER_SECONDS = 10.0
_CANARY_SECONDS = 30.0
_PAGE = 100
"""Users in one answer; JupyterHub gives at most 200."""


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nobody: a login page may lead to another organization's."""


def is_hub_ready(machine: Machine, step: WaitUntilReady) -> bool:
    """Whether the hub is well, as far as looking at it tells."""
    return not machine.is_live or find_problem(machine, step.url) is None


def wait_until_ready(machine: Machine, step: WaitUntilReady) -> None:
    """Wait until the hub is well, and let it write to its database.

    Raises NotReady with the last journal lines of the units at the deadline, and before it when one of them has ended
    and will not come back, or comes back and ends again.
    """
    began = time.time()
    deadline = time.monotonic() + step.seconds
    now = before = read_lives(machine, step.units)
    ended_last: dict[str, str] = {}
    while True:
        problem = find_problem(machine, step.url, deadline) or _try_to_write(machine, step.url, deadline)
        looked, now = now, read_lives(machine, step.units)
        # a hub that ends after each start answers what waited for it before it ends again
        if problem is None and (problem := find_unsettled(looked, now)) is None:
            return
        # what a start of it said before it ended is more than what the next one has said so far
        ended_last |= {
            unit: life.invocation
            for unit, life in looked.items()
            if unit in now and life.invocation != now[unit].invocation
        }
        ended = find_ended(before, now)
        if ended is None and time.monotonic() <= deadline:
            time.sleep(PAUSE)
            continue
        journal = (
            line
            for unit in step.units
            for line in read_journal(machine, unit, began, ended_last.get(unit, "") if ended else "")
        )
        why = ended or f"the hub was not well within {step.seconds:.0f} seconds"
        raise NotReady(
            "\n".join((f"{why}: {problem}", *journal)),
            "See all of it: sudo littlest logs hub",
        )


def find_unsettled(before: Mapping[str, UnitLife], now: Mapping[str, UnitLife]) -> str | None:
    """Which of the units does not run, or is another start of it than before, or has not run for long enough to tell;
    None when all run on."""
    for unit, life in now.items():
        if life.state != "active":
            return f"{unit} is {life.state}"
        if unit in before and life.invocation != before[unit].invocation:
            return f"{unit} was started again"
        if unit not in _TELLING and life.seconds < STEADY_SECONDS:
            return f"{unit} has only just started"
    return None


def find_ended(before: Mapping[str, UnitLife], now: Mapping[str, UnitLife]) -> str | None:
    """Which of the units will not be well, however long one waits: what became of it, None for none."""
    for unit, life in now.items():
        # not one that is inactive: the next request starts it again, through its socket
        if life.state == "failed":
            return f"{unit} has failed"
        restarts = life.restarts - before[unit].restarts if unit in before else life.restarts
        if restarts >= MOST_RESTARTS:
            return f"{unit} ended {restarts} times by itself, and was started again each time"
    return None


def find_problem(machine: Machine, url: str, deadline: float = math.inf) -> str | None:
    """What is not well with the hub whose API is at this address; None when all is. `deadline` is a time of
    `time.monotonic`, after which no answer is waited for."""
    expected = importlib.metadata.version("jupyterhub")
    try:
        version = read_hub_version(url, deadline)
        if version != expected:
            return f"JupyterHub {version} answers there, not {expected}"
        check_login_page(url, deadline)
        count_users(url, read_command_token(machine), deadline=deadline)
    except LittlestError as error:
        return error.message
    return None


def read_command_token(machine: Machine) -> str:
    """The token with which `littlest` itself speaks to the hub. Raises LittlestError when there is none."""
    return read_secret(machine, EnsureSecret(paths.COMMAND_TOKEN_FILE))


def send(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    timeout: float = _ANSWER_SECONDS,
    body: bytes | None = None,
) -> tuple[int, bytes]:
    """Send an HTTP request, and return the answer's status and content; no redirect is followed.

    Raises NotReady when there is no answer within `timeout` seconds.
    """
    # JupyterHub takes no other type, even where nothing is sent
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, method=method, headers=all_headers)  # noqa: S310  # we made the address
    # a proxy that the environment names must never see this: the hub is on this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere, *_make_https_handlers(url))
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


def _make_https_handlers(url: str) -> list[urllib.request.BaseHandler]:
    if not url.startswith("https:"):
        return []
    import ssl  # noqa: PLC0415  # most hubs of a closed network have no https

    context = ssl.create_default_context()
    # the certificate is for the name that people use; we ask at the machine's own address
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return [urllib.request.HTTPSHandler(context=context)]


def ask_hub(url: str, headers: Mapping[str, str] | None = None, deadline: float = math.inf) -> Any:
    """The hub's JSON answer to a GET request. Raises NotReady with the reason when there is none."""
    status, content = send(url, headers=headers, timeout=_find_timeout(deadline, _ANSWER_SECONDS))
    if status != HTTPStatus.OK:
        raise NotReady(f"{url} answered {render_status(status)}")
    try:
        return json.loads(content)
    except ValueError as error:
        raise NotReady(f"{url}: {error}") from error


def _find_timeout(deadline: float, most: float) -> float:
    """Seconds for which an answer is waited for: not past the deadline, and never none, which would mean no limit."""
    return max(0.1, min(most, deadline - time.monotonic()))


def read_hub_version(url: str, deadline: float = math.inf) -> str:
    """The version with which the hub answers. Raises NotReady when it does not answer."""
    answer = ask_hub(url, deadline=deadline)
    version = answer.get("version") if isinstance(answer, dict) else None
    if not isinstance(version, str):
        raise NotReady(f"{url} did not answer as a JupyterHub does")
    return version


def check_login_page(url: str, deadline: float = math.inf) -> None:
    """Look at the page on which people log in; one that leads on to another organization's is fine.

    `url` is that of the hub's API. Raises NotReady when there is none.
    """
    page = url.removesuffix("api/") + "login"
    status, content = send(page, timeout=_find_timeout(deadline, _ANSWER_SECONDS))
    is_led_on = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    if not is_led_on and (status != HTTPStatus.OK or b"</html>" not in content):
        raise NotReady(f"the login page {page} answered {render_status(status)}")


def count_users(url: str, token: str, state: str = "", deadline: float = math.inf) -> int:
    """How many users the hub knows, or how many are in this state, such as `active`. Raises NotReady.

    The answer's media type is the one of JupyterHub's REST API that tells the total of a paged list.
    """
    headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
    answer = ask_hub(f"{url}users?limit=1" + (f"&state={state}" if state else ""), headers, deadline)
    try:
        return int(answer["_pagination"]["total"])
    except (TypeError, KeyError, ValueError) as error:
        raise NotReady(f"{url} did not count its users") from error


def list_active_users(url: str, token: str) -> tuple[str, ...]:
    """The users who have a server running or starting. Raises NotReady."""
    headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
    found: list[str] = []
    while True:
        answer = ask_hub(f"{url}users?state=active&limit={_PAGE}&offset={len(found)}", headers)
        try:
            found += [str(user["name"]) for user in answer["items"]]
            is_last = answer["_pagination"]["next"] is None or not answer["items"]
        except (TypeError, KeyError) as error:
            raise NotReady(f"{url} did not list its users") from error
        if is_last:
            return tuple(found)


def ask_about_canary(
    url: str, token: str, method: str, path: str = "", timeout: float = _CANARY_SECONDS
) -> tuple[int, Any]:
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


def _try_to_write(machine: Machine, url: str, deadline: float) -> str | None:
    """Let the hub add a user and remove it again; None when it did."""
    token = read_command_token(machine)

    def ask(method: str) -> tuple[int, Any]:
        return ask_about_canary(url, token, method, timeout=_find_timeout(deadline, _CANARY_SECONDS))

    try:
        # one that an interrupted trial left is there already
        ask("DELETE")
        for method, expected in (("POST", HTTPStatus.CREATED), ("DELETE", HTTPStatus.NO_CONTENT)):
            status, answer = ask(method)
            if status != expected:
                reason = answer.get("message") if isinstance(answer, dict) else None
                return f"it could not write to its database: {reason or render_status(status)}"
    except NotReady as error:
        return error.message
    return None
