"""How many servers one user may have open at once, and who may give servers names."""

from typing import Any

from jupyterhub.spawner import SpawnException
from tornado.web import HTTPError

from littlest.config.resolve import resolve_limits
from littlest.hub.live import live

ONLY_ONE = "You may have one server, the one without a name. An admin may allow more: limits.open_servers."
MOST_NAMES = 50
"""Names of servers that the hub's database keeps of one user, however many may be open."""


def find_most_names(handler: Any) -> int:
    """Return how many servers with a name a user may have; 0 where no user is asked about.

    JupyterHub's `named_server_limit_per_user`, which it asks before it makes one. Raises HTTPError 403 for a user who
    may have none.
    """
    if not handler.path_args:
        return 0
    name, *rest = handler.path_args
    user = handler.find_user(name or "")
    if user is not None and rest and resolve_limits(live.config, user.name).open_servers == 1:
        raise HTTPError(403, ONLY_ONE)
    return MOST_NAMES


def check_open_servers(user: Any, starting: Any, limit: int | None) -> None:
    """Raise SpawnException with a sentence for the user, unless the user may have one more server open.

    A server that is stopping does not count.
    """
    if limit == 1 and starting.name:
        raise SpawnException(
            ONLY_ONE,
            reason="littlest",
            status_code=403,
        )
    others = [spawner for spawner in user.spawners.values() if spawner is not starting and _is_open(spawner)]
    if limit is not None and len(others) >= limit:
        servers = "one server" if limit == 1 else f"{limit} servers"
        names = ", ".join(sorted(spawner.name or "the one without a name" for spawner in others))
        raise SpawnException(
            f"You may have {servers} open at once, and these are open: {names}. Stop one of them first.",
            reason="littlest",
            status_code=429,
        )


def _is_open(spawner: Any) -> bool:
    if spawner.pending == "spawn":
        # of several that start at the same time, only those count that were allowed to
        return bool(spawner.is_admitted)
    return bool(spawner.active and spawner.pending != "stop")


def may_name_servers(user: Any) -> bool:
    """Whether the hub's page shows a user named servers: they are allowed, or one of them is still open."""
    is_allowed = resolve_limits(live.config, user.name).open_servers != 1
    return is_allowed or any(spawner.name for spawner in user.spawners.values() if spawner.active)
