"""Is the hub healthy?"""

import importlib.metadata
import math
import time
from collections.abc import Mapping

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import WaitUntilReady
from littlest.system.hub.api import check_login_page, count_users, read_command_token, read_hub_version
from littlest.system.hub.canary import find_write_problem
from littlest.system.units.units import UnitStatus, read_journal, read_unit_statuses

PAUSE = 0.1
"""Seconds between two questions."""
MOST_RESTARTS = 3
"""How often systemd may restart the hub or the proxy while we wait: a unit that ends more often keeps ending."""
STEADY_SECONDS = 2.0
"""How long a unit that does not tell when it is ready must have run, to count as running."""
_TELLING = (paths.PROXY_UNIT, paths.HUB_UNIT)
"""Units whose start ends when they answer."""


def is_hub_ready(machine: Machine, step: WaitUntilReady) -> bool:
    """Whether the hub is healthy, as far as that shows without changing anything."""
    return not machine.is_live or find_problem(machine, step.url) is None


def wait_until_ready(machine: Machine, step: WaitUntilReady) -> None:
    """Wait until the hub is healthy and can write to its database, at most `step.seconds` seconds.

    Raises NotReady with the last journal lines of the units, at the deadline, or as soon as a unit has failed or
    keeps ending.
    """
    began = time.time()
    deadline = time.monotonic() + step.seconds
    now = first = read_unit_statuses(machine, step.units)
    last_ended: dict[str, str] = {}
    while True:
        problem = find_problem(machine, step.url, deadline) or find_write_problem(machine, step.url, deadline)
        before, now = now, read_unit_statuses(machine, step.units)
        # a hub that ends after each start may still answer waiting requests before it ends again
        if problem is None and (problem := find_unsettled(before, now)) is None:
            return
        # a start that has ended says more about the reason than the one that has only begun
        last_ended |= _list_ended_starts(before, now)
        ended = find_ended(first, now)
        if ended is not None or time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    starts = last_ended if ended else {}
    journal = [line for unit in step.units for line in read_journal(machine, unit, began, starts.get(unit, ""))]
    why = ended or f"the hub did not become healthy within {step.seconds:.0f} seconds"
    raise NotReady("\n".join((f"{why}: {problem}", *journal)), "See the whole log: sudo littlest logs hub")


def _list_ended_starts(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> dict[str, str]:
    """The units that systemd has started again since `before`, each with the invocation that has ended."""
    return {
        unit: status.invocation
        for unit, status in before.items()
        if unit in now and status.invocation != now[unit].invocation
    }


def find_unsettled(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> str | None:
    """Say which unit is not running, was restarted since `before`, or has not run for long enough; None for none."""
    for unit, status in now.items():
        if status.state != "active":
            return f"{unit} is {status.state}"
        if unit in before and status.invocation != before[unit].invocation:
            return f"{unit} was started again"
        if unit not in _TELLING and status.seconds < STEADY_SECONDS:
            return f"{unit} has only just started"
    return None


def find_ended(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> str | None:
    """Say which unit has failed or keeps ending, so that waiting is in vain; None for none."""
    for unit, status in now.items():
        # an inactive one does not count: its socket starts it with the next request
        if status.state == "failed":
            return f"{unit} has failed"
        restarts = status.restarts - before[unit].restarts if unit in before else status.restarts
        if restarts >= MOST_RESTARTS:
            return f"{unit} ended {restarts} times by itself, and was restarted each time"
    return None


def find_problem(machine: Machine, url: str, deadline: float = math.inf) -> str | None:
    """Say why the hub whose API is at this address is not healthy; None when it is.

    `deadline` is a time of `time.monotonic`; no request waits longer.
    """
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
