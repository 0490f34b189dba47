"""After `base_url` changed: the old address leads to the new one, and the new one to servers that run at the old one.

A server answers at the address with which it was started, until it restarts.
"""

import re
from typing import Any

from jupyterhub.handlers import BaseHandler
from jupyterhub.handlers.base import PrefixRedirectHandler, UserUrlHandler
from jupyterhub.utils import url_escape_path, url_path_join
from tornado import web
from tornado.httputil import url_concat

from littlest.hub.servers.old_paths import find_old_base, find_old_path

_ADDRESS = re.compile(r"(/(?:.*?/)??)((?:hub|user|services)(?:/.*)?)")


class OldAddressHandler(PrefixRedirectHandler):
    """JupyterHub's own handler puts the hub's address before what is asked for: `/x/hub/hub/login`."""

    def check_xsrf_cookie(self) -> None:
        """Check nothing: the page to which this leads does."""

    def get(self) -> None:
        """Redirect to the same page below today's base."""
        if not self._lead_on(302):
            super().get()

    def post(self) -> None:
        """Redirect what is sent, too: servers that run report to the hub's old address. Raises HTTPError 405."""
        if not self._lead_on(307):
            raise web.HTTPError(405)

    put = patch = delete = post

    def _lead_on(self, status: int) -> bool:
        found = _ADDRESS.fullmatch(self.request.path)
        if found is None or found[1] == self.base_url:
            return False
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.base_url}{found[2]}{query}", status=status)
        return True


class MovedServerHandler(UserUrlHandler):
    """Where no route leads to a server that runs, it runs at an old address."""

    async def _redirect_to_user_server(self, user: Any, spawner: Any) -> None:
        """Ask the server's user whether to restart it; lead others, and programs, to it."""
        base, below = find_old_base(spawner), self.request.uri.removeprefix(self.hub.base_url)
        if not base:
            await super()._redirect_to_user_server(user, spawner)
        elif user is not self.current_user or "text/html" not in self.request.headers.get("Accept", ""):
            self.redirect(f"{base}{below}")
        else:
            today = f"{self.base_url}{below}"
            self.set_header("Cache-Control", "no-store")
            self.finish(
                await self.render_template("moved.html", server=spawner.name, address=f"{base}{below}", today=today)
            )


class RestartMovedHandler(BaseHandler):
    """Stops a server at an old address when its user wants it, and leads to its start at the new one."""

    @web.authenticated
    async def post(self) -> None:
        """Stop the server, and redirect. Raises HTTPError 409 for one that is starting or stopping."""
        user, name = self.current_user, self.get_body_argument("server", "")
        spawner = user.spawners.get(name)
        if spawner is not None and find_old_path(spawner):
            if spawner.pending:
                raise web.HTTPError(409, "Your server is starting or stopping. Try again in a moment.")
            await self.stop_single_user(user, name)
        page = url_path_join(self.hub.base_url, "spawn", user.escaped_name, url_escape_path(name))
        self.redirect(url_concat(page, {"next": self.get_body_argument("next", "")}))


OLD_ADDRESS_PAGES: tuple[tuple[str, type], ...] = (("/restart-moved", RestartMovedHandler),)
