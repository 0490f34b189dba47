"""Is the hub there? Asked the way a browser reaches it: through the proxy."""

import importlib.metadata
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from littlest import paths
from littlest.errors import NotReady
from littlest.plan.steps import WaitUntilReady
from littlest.system.machine import Machine
from littlest.system.units import read_journal

PAUSE = 0.1
"""Seconds between two questions."""


def is_hub_ready(machine: Machine, step: WaitUntilReady) -> bool:
    """Whether the hub answers at the address with its own version."""
    return not machine.is_live or _ask(step.url) is None


def wait_until_ready(machine: Machine, step: WaitUntilReady) -> None:
    """Wait for the hub's answer. Raises NotReady with the last journal lines of hub and proxy at the deadline."""
    began = time.time()
    deadline = time.monotonic() + step.seconds
    while (problem := _ask(step.url)) is not None:
        if time.monotonic() > deadline:
            journal = (
                line for unit in (paths.PROXY_UNIT, paths.HUB_UNIT) for line in read_journal(machine, unit, began)
            )
            raise NotReady(
                "\n".join((f"the hub did not answer within {step.seconds:.0f} seconds: {problem}", *journal)),
                "See all of it: sudo littlest logs hub",
            )
        time.sleep(PAUSE)


def ask_hub(url: str, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> Any:
    """The hub's JSON answer to a GET request. Raises NotReady with the reason when there is none."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310  # we made the address
    # a proxy that the environment names must never see this: the hub is on this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise NotReady(f"{url} answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise NotReady(f"{url}: {error.reason}") from error
    except (OSError, ValueError) as error:
        raise NotReady(f"{url}: {error}") from error


def read_hub_version(url: str) -> str:
    """The version with which the hub answers. Raises NotReady when it does not answer."""
    answer = ask_hub(url)
    version = answer.get("version") if isinstance(answer, dict) else None
    if not isinstance(version, str):
        raise NotReady(f"{url} did not answer as a JupyterHub does")
    return version


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


def _ask(url: str) -> str | None:
    """None when all is well, else what is not."""
    expected = importlib.metadata.version("jupyterhub")
    try:
        version = read_hub_version(url)
    except NotReady as error:
        return error.message
    return None if version == expected else f"JupyterHub {version} answers there, not {expected}"
