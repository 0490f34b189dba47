"""Ends what users have open when they lose rights in the admin panel, or at a login, rather than by config.yaml."""

import asyncio
from typing import Any

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from sqlalchemy import event

from littlest.hub.rights.enforce import end_rights


class AdminAuditor:
    """Notices in the hub's database that a user is no longer an admin, or was deleted, whatever changed it."""

    def __init__(self, app: JupyterHub) -> None:
        self._app = app
        self._demoted: set[str] = set()
        self._deleted: dict[str, bool] = {}
        """Deleted names, each with whether it was an admin."""
        self._ending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen for changes in the database from now on."""
        loop = asyncio.get_running_loop()

        @event.listens_for(orm.User.admin, "set", active_history=True)
        def on_admin_changed(user: orm.User, admin: bool, before: object, _how: object) -> None:
            if before is True and not admin:
                self._demoted.add(user.name)
                loop.call_soon(self._begin)

        @event.listens_for(orm.User, "after_delete")
        def on_user_deleted(_mapper: object, _connection: object, user: orm.User) -> None:
            self._deleted[user.name] = bool(user.admin)
            loop.call_soon(self._begin)

    def _begin(self) -> None:
        # the database is up to date by now; of several changes at once, the first call handles all
        if self._demoted or self._deleted:
            task = asyncio.ensure_future(self._end(frozenset(self._demoted), dict(self._deleted)))
            self._demoted.clear()
            self._deleted.clear()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, demoted: frozenset[str], deleted: dict[str, bool]) -> None:
        log: Any = self._app.log
        names = ", ".join(sorted({*demoted, *deleted}))
        log.info("Ending the rights of %s", names)
        try:
            was_admin = bool(demoted) or any(deleted.values())
            for line in await end_rights(self._app, demoted, gone=deleted.keys(), with_files=was_admin):
                log.error("%s", line)
        except Exception:  # the hub must not end
            log.exception("Not all rights of %s may have ended", names)
