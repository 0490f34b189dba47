"""Is the hub healthy?"""

import importlib.metadata
import time
from collections.abc import Mapping

from littlest import paths
from littlest.errors import LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import WaitUntilReady
from littlest.system.hub.api import HubApi
from littlest.system.hub.canary import find_write_problem
from littlest.system.units.units import UnitStatus, read_journal, read_unit_statuses

PAUSE = 0.1
"""Seconds between two checks."""
MOST_RESTARTS = 3
"""How often systemd may restart the hub or the proxy while we wait: a unit that ends more often keeps ending."""
STEADY_SECONDS = 2.0
"""How long a unit that does not tell when it is ready must have run, to count as running."""
_TELLING = (paths.PROXY_UNIT, paths.HUB_UNIT)
"""Units whose start ends when they answer."""


def is_hub_ready(machine: Machine, step: WaitUntilReady) -> bool:
    """Whether the hub is healthy, as far as that shows without changing anything."""
    return not machine.is_live or find_problem(HubApi(machine, step.url)) is None


def wait_until_ready(machine: Machine, step: WaitUntilReady) -> None:
    """Wait until the hub is healthy and can write to its database, at most `step.seconds` seconds.

    Raises NotReady with the last journal lines of the units, at the deadline, or as soon as a unit has failed or
    keeps ending.
    """
    began = time.time()
    deadline = time.monotonic() + step.seconds
    api = HubApi(machine, step.url, deadline)
    now = first = read_unit_statuses(machine, step.units)
    last_ended: dict[str, str] = {}
    said: str | None = None
    while True:
        problem = find_problem(api) or find_write_problem(api)
        before, now = now, read_unit_statuses(machine, step.units)
        # a hub that ends after each start may still answer waiting requests before it ends again
        if problem is None and (problem := find_unsettled(before, now)) is None:
            return
        if said is None or time.monotonic() <= deadline:
            # a try that the deadline has cut off says less than the one before
            said = problem
        # a start that has ended says more about the reason than the one that has only begun
        last_ended |= {unit: before[unit].invocation for unit in _find_restarted(before, now)}
        ended = find_ended(first, now)
        if ended is not None or time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    starts = last_ended if ended else {}
    journal = [line for unit in step.units for line in read_journal(machine, unit, began, starts.get(unit, ""))]
    why = ended or f"the hub did not become healthy within {step.seconds:.0f} seconds"
    raise NotReady("\n".join((f"{why}: {said}", *journal)), "See the whole log: sudo littlest logs hub")


def _find_restarted(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> set[str]:
    return {unit for unit in now if unit in before and now[unit].invocation != before[unit].invocation}


def find_unsettled(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> str | None:
    """Return why a unit has not settled: it is down, was restarted since `before`, or is too young; None for none."""
    restarted = _find_restarted(before, now)
    for unit, status in now.items():
        if status.state != "active":
            return f"{unit} is {status.state}"
        if unit in restarted:
            return f"{unit} was started again"
        if unit not in _TELLING and status.seconds < STEADY_SECONDS:
            return f"{unit} has only just started"
    return None


def find_ended(before: Mapping[str, UnitStatus], now: Mapping[str, UnitStatus]) -> str | None:
    """Return which unit has failed or keeps ending, so that waiting is in vain; None for none."""
    for unit, status in now.items():
        # an inactive one does not count: its socket starts it with the next request
        if status.state == "failed":
            return f"{unit} has failed"
        restarts = status.restarts - (before[unit].restarts if unit in before else 0)
        if restarts >= MOST_RESTARTS:
            return f"{unit} ended {restarts} times by itself, and was restarted each time"
    return None


def find_problem(api: HubApi) -> str | None:
    """Return why the hub is not healthy; None when it is."""
    expected = importlib.metadata.version("jupyterhub")
    try:
        version = api.read_version()
        if version != expected:
            return f"JupyterHub {version} answers there, not {expected}"
        api.check_login_page()
        api.count_users()
    except LittlestError as error:
        return error.message
    return None
