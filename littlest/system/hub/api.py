"""The client of the hub's REST API. It asks the way a browser does: through the proxy."""

import http.client
import json
import math
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from littlest import paths
from littlest.config.model import Config
from littlest.errors import NotReady
from littlest.machine.machine import Machine
from littlest.plan.build import make_probe_url
from littlest.plan.steps import EnsureSecret
from littlest.system.hub.listeners import check_listener
from littlest.system.secrets.generated import read_secret
from littlest.system.settings.active import read_good_config

ANSWER_SECONDS = 10.0
"""How long to wait for one answer."""
_PAGE = 100
"""Users in one answer; JupyterHub gives at most 200."""
_PAGINATED = "application/jupyterhub-pagination+json"
"""The only media type that has the total of a paged list."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub answered to one request."""

    url: str
    status: int
    content: bytes
    location: str = ""
    """Where a redirect leads."""

    @property
    def data(self) -> Any:
        """The JSON in it; None where there is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def phrase(self) -> str:
        """The HTTP status in words."""
        return f"{self.status} {http.client.responses.get(self.status, '')}".rstrip()

    @property
    def reason(self) -> str:
        """The hub's own words for a refusal, or else the status."""
        data = self.data
        return str((data.get("message") if isinstance(data, dict) else None) or self.phrase)


@dataclass(frozen=True, slots=True)
class HubApi:
    """The hub's REST API, as the `littlest` command may use it. Its methods raise NotReady without a good answer."""

    machine: Machine
    url: str
    """Ends in `hub/api/`."""
    deadline: float = math.inf
    """A time of `time.monotonic`; no request waits longer."""

    def make_authorization(self) -> dict[str, str]:
        """Return the header with the command's own token.

        Raises LittlestError when there is none, and NotReady when a program of somebody else would get it.
        """
        if self.machine.is_live:
            check_listener(self.machine, self.url)
        return {"Authorization": f"token {read_secret(self.machine, EnsureSecret(paths.COMMAND_TOKEN_FILE))}"}

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        accept: str = "",
        seconds: float = ANSWER_SECONDS,
        with_token: bool = True,
    ) -> Answer:
        """Send a request, and return the answer, whatever its status; no redirect is followed.

        `path` is relative to `url`. Raises NotReady when there is no answer within `seconds` or somebody else
        listens there, and LittlestError when there is no token.
        """
        url = urljoin(self.url, path)
        # JupyterHub accepts no other type, even for an empty request
        headers = {"Content-Type": "application/json"} | ({"Accept": accept} if accept else {})
        headers |= self.make_authorization() if with_token else {}
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  # we made the address
        # never 0, which would mean no limit
        timeout = max(0.1, min(seconds, self.deadline - time.monotonic()))
        try:
            with _make_opener(url).open(request, timeout=timeout) as response:
                return Answer(url, response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(url, error.code, error.read(), error.headers.get("Location", ""))
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotReady(f"{url}: {getattr(error, 'reason', error)}") from error

    def read_version(self) -> str:
        """Return the version with which the hub answers."""
        match self._read("", with_token=False):
            case {"version": str(version)}:
                return version
        raise NotReady(f"{self.url} did not answer as a JupyterHub does")

    def check_login_page(self) -> None:
        """Request the page on which people log in. A redirect to another organization's login page is fine."""
        page = self.send("GET", "../login", with_token=False)
        is_redirect = HTTPStatus.MULTIPLE_CHOICES <= page.status < HTTPStatus.BAD_REQUEST
        if not is_redirect and (page.status != HTTPStatus.OK or b"</html>" not in page.content):
            raise NotReady(f"the login page {page.url} answered {page.phrase}")

    def count_users(self, state: str = "") -> int:
        """Count the hub's users, or those in a state such as `active`."""
        path = "users?limit=1" + (f"&state={state}" if state else "")
        match self._read(path, accept=_PAGINATED):
            case {"_pagination": {"total": int(total)}}:
                return total
        raise NotReady(f"{self.url} did not count its users")

    def list_active_users(self) -> tuple[str, ...]:
        """List the users whose server is running or starting."""
        return tuple(str(user["name"]) for user in self.list_users("state=active&"))

    def list_users(self, query: str = "") -> tuple[dict[str, Any], ...]:
        """List the users that fit a query of JupyterHub's API, as that has them."""
        found: list[dict[str, Any]] = []
        while True:
            match self._read(f"users?{query}limit={_PAGE}&offset={len(found)}", accept=_PAGINATED):
                case {"items": [*users], "_pagination": {"next": following}}:
                    found += users
                case _:
                    raise NotReady(f"{self.url} did not list its users")
            if following is None or not users:
                return tuple(found)

    def _read(self, path: str, *, accept: str = "", with_token: bool = True) -> Any:
        answer = self.send("GET", path, accept=accept, with_token=with_token)
        if answer.status != HTTPStatus.OK:
            raise NotReady(f"{answer.url} answered {answer.phrase}")
        return answer.data


def find_hub_api(machine: Machine) -> HubApi:
    """Return the API of the hub that runs with the last known good settings, or with the defaults."""
    return HubApi(machine, make_probe_url(read_good_config(machine) or Config()))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: a login page may lead to another organization's."""


def _make_opener(url: str) -> urllib.request.OpenerDirector:
    # a proxy that the environment names must never see a request: the hub is on this machine
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _NoRedirect()]
    if url.startswith("https:"):
        context = ssl.create_default_context()
        # the certificate is for the name that people use; we ask at the machine's own address
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)
