"""Ends what a user has open at the hub: browser sessions, tokens, servers."""

import asyncio
from collections.abc import Collection
from typing import Any

from jupyterhub import orm

from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.system.units import units as systemd

STOP_SECONDS = 150.0
"""A little more than systemd needs at most to stop a unit that ignores SIGTERM."""
STEP_SECONDS = 0.5
SERVER_NOTE = "Server at "
"""How JupyterHub begins the note of a running server's own token."""


def end_sessions(db: Any, *users: orm.User, tokens: bool = True) -> None:
    """Make every cookie of these users worthless, and their tokens if so asked, from the next request on."""
    for user in users:
        user.cookie_id = orm.new_token()
        for found in (*user.api_tokens, *user.oauth_codes) if tokens else ():
            db.delete(found)
    db.commit()


def end_other_sessions(db: Any, user: orm.User, session_id: str | None = None) -> None:
    """Make the user's cookies and tokens worthless, but for the tokens of this browser session.

    A running server keeps its own token, and so runs on. JupyterHub knows it by its note only, so no other token may
    have such a note (`littlest.hub.pages.token_api`). The browser of the session needs a new cookie.
    """
    user.cookie_id = orm.new_token()
    for token in user.api_tokens:
        is_of_session = session_id is not None and token.session_id == session_id
        is_of_server = token.client_id == "jupyterhub" and (token.note or "").startswith(SERVER_NOTE)
        if not (is_of_session or is_of_server):
            db.delete(token)
    for code in user.oauth_codes:
        db.delete(code)
    db.commit()


def stop_units(machine: Machine, units: Collection[str]) -> tuple[str, ...]:
    """Stop these units, before the hub has checked its servers; return a line for each that still runs."""
    try:
        running = sorted({*units} & {unit["Id"] for unit in systemd.show_server_units(machine)}) if units else []
        if running:
            systemd.stop_units(machine, *running)
        states = [(unit, systemd.read_active_state(machine, unit)) for unit in running]
    except LittlestError as error:
        return (f"servers of users who may not have them may still run: {error.message}",)
    return tuple(f"{unit} still runs" for unit, state in states if state not in systemd.STOPPED_STATES)


async def stop_servers(app: Any, user: Any) -> tuple[str, ...]:
    """Stop all servers of a user of JupyterHub, starting ones too; return a line for each that still runs."""
    spawners = [spawner for spawner in user.spawners.values() if spawner.active]
    return tuple(filter(None, await asyncio.gather(*(_stop_server(app, user, spawner) for spawner in spawners))))


async def _stop_server(app: Any, user: Any, spawner: Any) -> str:
    deadline = asyncio.get_running_loop().time() + STOP_SECONDS
    while spawner.pending in ("spawn", "check") and asyncio.get_running_loop().time() < deadline:
        # without its unit the start fails at once; else it would last for minutes
        await _stop_unit(spawner.unit_name)
        await _wait(spawner._spawn_future)
    if spawner.pending is None and spawner.active:
        _begin_stop(app, user, spawner)
    while spawner.pending == "stop" and asyncio.get_running_loop().time() < deadline:
        await _wait(spawner._stop_future)
    return await _stop_unit(spawner.unit_name)


def _begin_stop(app: Any, user: Any, spawner: Any) -> None:
    """Let JupyterHub stop a server, as its request handlers do, without a request."""
    spawner._stop_pending = True

    async def stop() -> None:
        try:
            await app.proxy.delete_user(user, spawner.name)
            await user.stop(spawner.name)
        except Exception:  # the unit is stopped in any case
            app.log.exception("JupyterHub did not finish stopping %s", spawner._log_name)
        finally:
            spawner._stop_future, spawner._stop_pending = None, False

    spawner._stop_future = asyncio.ensure_future(stop())


async def _wait(future: "asyncio.Future[Any] | None") -> None:
    """Wait for a future, at most for `STEP_SECONDS`."""
    if future is None:
        await asyncio.sleep(STEP_SECONDS)
    else:
        await asyncio.wait([future], timeout=STEP_SECONDS)


async def _stop_unit(unit: str) -> str:
    try:
        await asyncio.to_thread(systemd.stop_units, Machine(), unit)
        state = await asyncio.to_thread(systemd.read_active_state, Machine(), unit)
    except LittlestError as error:
        return f"{unit} may still run: {error.message}"
    return "" if state in (*systemd.STOPPED_STATES, systemd.NO_ANSWER) else f"{unit} still runs"
