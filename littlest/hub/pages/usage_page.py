"""The page on which an admin sees what each user's servers use."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope

from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.machine.machine import Machine
from littlest.plan.usage_words import render_ago, render_cores_of, render_size, render_size_of
from littlest.system.servers.usage import Look, UserUse, look_at_servers, read_user_uses

MUCH = 0.85
"""The share of its memory from which on a server is marked."""


class UsagePageHandler(BaseHandler):
    """Shows the users, those first who may need help."""

    @needs_scope("admin-ui")
    async def get(self) -> None:
        """Show the page."""
        people = {name: _render_moment(seen) for name, seen in self.db.query(orm.User.name, orm.User.last_activity)}
        uses, problem = await asyncio.to_thread(_read_uses, people)
        self.set_header("Cache-Control", "no-store")
        rows = [describe_use(use) for use in uses]
        self.finish(await self.render_template("usage.html", rows=rows, problem=problem))


def _read_uses(people: dict[str, str | None]) -> tuple[tuple[UserUse, ...], str]:
    """Return the users, and why nothing is known of their servers; empty where it is."""
    machine, problem = Machine(), ""
    try:
        first = look_at_servers(machine)
    except LittlestError as error:
        first, problem = Look((), 0.0), error.message
    return read_user_uses(machine, first, people, live.config.users.unix_name), problem


def describe_use(use: UserUse, now: datetime | None = None) -> dict[str, Any]:
    """Return what the page shows of one user. Pure with `now`."""
    now = now or datetime.now(UTC)
    return {
        "name": use.name,
        "server": use.server,
        "memory": render_size_of(use.memory_bytes, use.memory_limit_bytes),
        "percent": min(100, round(100 * use.memory_share)),
        "is_much": use.memory_share >= MUCH,
        "cpu": render_cores_of(use.cpu_cores, use.cpu_limit_cores),
        "activity": render_ago(use.last_activity, now),
        "home": None if use.home_bytes is None else render_size(use.home_bytes),
        "measured": render_ago(use.home_measured, now),
        "out_of_memory": render_ago(use.out_of_memory, now) if use.out_of_memory else None,
    }


def _render_moment(seen: datetime | None) -> str | None:
    """Return a time of JupyterHub's database, which is UTC without saying so, in ISO 8601."""
    return None if seen is None else seen.replace(tzinfo=UTC).isoformat()


USAGE_PAGES = (("/usage", UsagePageHandler),)
