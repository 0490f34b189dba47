"""The gate's pages: a browser without a pass for a user's server gets one here, or the reason why not.

The gate in the proxy asks the API here about the passes and tokens that are in use.
"""

import hmac
import json
import os
from typing import Any
from urllib.parse import urlencode, urlsplit

from jupyterhub.apihandlers import APIHandler
from jupyterhub.handlers import BaseHandler
from tornado import web

from littlest.hub.gate.access import find_server, has_rights_over_others, is_admitted, may_access
from littlest.hub.gate.giving import SECRET, give_pass, make_content
from littlest.hub.gate.passes import make_visit_token
from littlest.hub.gate.visits import begin_visit, tickets
from littlest.hub.servers.old_paths import find_server_url


class GateHandler(BaseHandler):
    """Lets users in to their own servers; asks first when the server is somebody else's, or says why not."""

    @web.authenticated
    async def get(self) -> None:
        """Redirect to the server with a pass, or show a page."""
        user, server = self._find_server()
        if user.name == self.current_user.name:
            self._let_visitor_in(user, server)
        else:
            await self._show(user, server)

    @web.authenticated
    async def post(self) -> None:
        """Let in a visitor who agrees; give an admin the link for a private window."""
        user, server = self._find_server()
        if not has_rights_over_others(self.current_user.orm_user) or user.name == self.current_user.name:
            self._let_visitor_in(user, server)
            return
        secret = tickets.make(self.current_user.name, user.name, server, self._make_next(user, server))
        public = self.settings.get("public_url") or urlsplit(self.request.full_url())
        address = f"{public.scheme}://{public.netloc}{self.hub.base_url}gate/visit?{urlencode({'ticket': secret})}"
        await self._show(user, server, address)

    def _find_server(self) -> tuple[Any, str]:
        """Return the user and the name of the server. Raises HTTPError 403 for one that the visitor may not open."""
        name, server = self.get_argument("user"), self.get_argument("server", "")
        found, visitor = find_server(self.db, name, server), self.current_user
        if found is None or (name != visitor.name and not may_access(visitor.orm_user, found)):
            raise web.HTTPError(403, f"You may not open the server of {name}.")
        return self.users[found.user], server

    def _let_visitor_in(self, user: Any, server: str) -> None:
        give_pass(self, user, server, make_content(self, self.current_user))
        self.redirect(self._make_next(user, server))

    def _make_next(self, user: Any, server: str) -> str:
        """Return the address that the browser asked for, spelt as the hub spells it.

        Only for this spelling browsers send the pass; with another one they would be led here again and again.
        """
        prefix = find_server_url(user, server)
        asked = urlsplit(self.get_argument("next", ""))
        rest = asked.path.split("/")[len(prefix.split("/")) - 1 :]
        return f"{prefix}{'/'.join(rest)}{f'?{asked.query}' if asked.query else ''}"

    async def _show(self, user: Any, server: str, link: str = "") -> None:
        is_admin = has_rights_over_others(self.current_user.orm_user)
        self.set_header("Cache-Control", "no-store")
        self.finish(
            await self.render_template("gate.html", owner=user.name, server=server, is_admin=is_admin, link=link)
        )


class VisitHandler(BaseHandler):
    """Opens a user's server for an admin in a browser window that has no login at the hub."""

    async def get(self) -> None:
        """Redirect to the server; refuse where the window is logged in, or the link is old."""
        if self.current_user:
            raise web.HTTPError(403, "This window is logged in. Copy the link into a private window, which is not.")
        ticket = tickets.take(self.get_argument("ticket", ""))
        if ticket is None:
            raise web.HTTPError(403, "This link was used already, or is older than five minutes. Make a new one.")
        admin, user = self.find_user(ticket.admin), self.find_user(ticket.user)
        if admin is None or user is None:
            raise web.HTTPError(403, "This link is for a user who was deleted.")
        value = give_pass(self, user, ticket.server, make_content(self, admin, visit=True))
        token = make_visit_token(os.environ[SECRET], user.name, ticket.server, value)
        begin_visit(self, admin, user.name, ticket.server, token)
        self.redirect(ticket.next)


class GateApiHandler(APIHandler):
    """Answers the proxy: what of that which it was shown opens a server now."""

    def check_xsrf_cookie(self) -> None:
        """Check nothing: no cookie counts here."""

    async def post(self) -> None:
        """Answer a list of questions (see `is_admitted`) with a list of booleans; 403 for anybody but the proxy."""
        given = self.request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"token {os.environ[SECRET]}".encode()):
            raise web.HTTPError(403, "only the proxy may ask this")
        self.finish(json.dumps([self._answer(question) for question in json.loads(self.request.body)]))

    def _answer(self, question: dict[str, Any]) -> bool | None:
        try:
            return is_admitted(self.db, question)
        except Exception:  # one question that cannot be answered keeps no other from its answer
            self.log.exception("The gate's question cannot be answered")
            return None


GATE_PAGES: tuple[tuple[str, type], ...] = (
    ("/gate", GateHandler),
    ("/gate/visit", VisitHandler),
    ("/api/littlest/gate", GateApiHandler),
)
