"""Rights that end in the admin panel, or at a login, rather than by config.yaml: what came with them ends as well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.app import JupyterHub
from jupyterhub.scopes import needs_scope
from sqlalchemy import event

from littlest.hub.rights.enforce import end_rights
from littlest.hub.rights.sessions import stop_servers

USER_PATH = "/api/users/([^/]+)"


class UserHandler(UserAPIHandler):
    """JupyterHub's own, which deletes nobody who has a named server open: it stops the usual one only."""

    @needs_scope("delete:users")
    async def delete(self, user_name: str) -> None:
        """Stop all servers of the user, then delete the user."""
        user = self.find_user(user_name)
        if user is not None and user.name != self.current_user.name:
            await stop_servers(self.settings["app"], user)
        delete: Callable[[str], Awaitable[None]] = super().delete
        await delete(user_name)


class LossWatch:
    """Sees in the hub's database who is an admin no longer, or no user any more, whoever says so and how."""

    def __init__(self, app: JupyterHub) -> None:
        self._app = app
        self._demoted: set[str] = set()
        self._deleted: dict[str, bool] = {}
        """Names, and whether they were admins."""
        self._ending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Look from now on."""
        loop = asyncio.get_running_loop()

        @event.listens_for(orm.User.admin, "set", active_history=True)
        def look_at_admin(user: orm.User, admin: bool, before: object, _how: object) -> None:
            if before is True and not admin:
                self._demoted.add(user.name)
                loop.call_soon(self._begin)

        @event.listens_for(orm.User, "after_delete")
        def look_at_deletion(_mapper: object, _connection: object, user: orm.User) -> None:
            self._deleted[user.name] = bool(user.admin)
            loop.call_soon(self._begin)

    def _begin(self) -> None:
        # by now the database has what was said of them; of several at once the first call takes all
        if self._demoted or self._deleted:
            task = asyncio.ensure_future(self._end(frozenset(self._demoted), dict(self._deleted)))
            self._demoted.clear()
            self._deleted.clear()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, demoted: frozenset[str], deleted: dict[str, bool]) -> None:
        log: Any = self._app.log
        names = ", ".join(sorted({*demoted, *deleted}))
        log.info("Ending what was given to %s", names)
        try:
            was_admin = bool(demoted) or any(deleted.values())
            for line in await end_rights(self._app, demoted, gone=deleted.keys(), with_files=was_admin):
                log.error("%s", line)
        except Exception:  # whatever it is, the hub goes on
            log.exception("What was given to %s may not have ended", names)
