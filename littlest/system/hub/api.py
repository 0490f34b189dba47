"""The client of the hub's REST API. It asks the way a browser does: through the proxy."""

import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureSecret
from littlest.system.secrets.generated import read_secret

ANSWER_SECONDS = 10.0
"""How long to wait for one answer."""
_PAGE = 100
"""Users in one answer; JupyterHub gives at most 200."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: a login page may lead to another organization's."""


def read_command_token(machine: Machine) -> str:
    """The token that `littlest` itself uses with the hub. Raises LittlestError when there is none."""
    return read_secret(machine, EnsureSecret(paths.COMMAND_TOKEN_FILE))


def send(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    timeout: float = ANSWER_SECONDS,
    body: bytes | None = None,
) -> tuple[int, bytes]:
    """Send an HTTP request, and return the answer's status and content; no redirect is followed.

    Raises NotReady when there is no answer within `timeout` seconds.
    """
    # JupyterHub accepts no other type, even for an empty request
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, method=method, headers=all_headers)  # noqa: S310  # we made the address
    # a proxy that the environment names must never see this: the hub is on this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect, *_make_https_handlers(url))
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
    status, content = send(url, headers=headers, timeout=find_timeout(deadline, ANSWER_SECONDS))
    if status != HTTPStatus.OK:
        raise NotReady(f"{url} answered {render_status(status)}")
    try:
        return json.loads(content)
    except ValueError as error:
        raise NotReady(f"{url}: {error}") from error


def find_timeout(deadline: float, most: float) -> float:
    """How many seconds to wait for an answer: at most until the deadline, and never 0, which would mean no limit."""
    return max(0.1, min(most, deadline - time.monotonic()))


def read_hub_version(url: str, deadline: float = math.inf) -> str:
    """The version with which the hub answers. Raises NotReady when it does not answer."""
    answer = ask_hub(url, deadline=deadline)
    version = answer.get("version") if isinstance(answer, dict) else None
    if not isinstance(version, str):
        raise NotReady(f"{url} did not answer as a JupyterHub does")
    return version


def check_login_page(url: str, deadline: float = math.inf) -> None:
    """Request the page on which people log in. A redirect to another organization's login page is fine.

    `url` is the address of the hub's API. Raises NotReady when there is no such page.
    """
    page = url.removesuffix("api/") + "login"
    status, content = send(page, timeout=find_timeout(deadline, ANSWER_SECONDS))
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    if not is_redirect and (status != HTTPStatus.OK or b"</html>" not in content):
        raise NotReady(f"the login page {page} answered {render_status(status)}")


def count_users(url: str, token: str, state: str = "", deadline: float = math.inf) -> int:
    """Count the hub's users, or those in a state such as `active`. Raises NotReady when the hub does not answer."""
    # only this media type has the total of a paged list
    headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
    answer = ask_hub(f"{url}users?limit=1" + (f"&state={state}" if state else ""), headers, deadline)
    try:
        return int(answer["_pagination"]["total"])
    except (TypeError, KeyError, ValueError) as error:
        raise NotReady(f"{url} did not count its users") from error


def list_active_users(url: str, token: str) -> tuple[str, ...]:
    """List the users whose server is running or starting. Raises NotReady when the hub does not answer."""
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


def render_status(status: int) -> str:
    """An HTTP status in words."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
