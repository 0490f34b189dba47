"""The page on which users change their password; with a one-time password it is the only one that they see."""

from typing import Any

from jupyterhub.handlers import BaseHandler, LogoutHandler
from tornado import web
from tornado.httputil import url_concat

from littlest.hub.gate.giving import renew_passes
from littlest.hub.login.hashing import TooBusy
from littlest.hub.login.kept_passwords import CHANGE_PASSWORD_PATH, TICKET_COOKIE
from littlest.hub.rights.sessions import end_other_sessions, end_sessions


class ChangePasswordHandler(BaseHandler):
    """For a user who is logged in, and for one who has just proved a one-time password and is not."""

    async def get(self) -> None:
        """Show the form."""
        if self.current_user is None and self._read_ticket() is None:
            self.redirect(url_concat(self.settings["login_url"], {"next": self.request.uri}))
            return
        await self._show(None)

    async def post(self) -> None:
        """Change the password and end the user's other sessions and tokens, or say why not."""
        name = self._read_ticket() if self.current_user is None else self.current_user.name
        if name is None:
            raise web.HTTPError(403, "This form is too old. Log in again.")
        current, new, again = (
            self.get_body_argument(key, strip=False, default="") for key in ("current", "password", "again")
        )
        try:
            if self.current_user is None:
                problem = await self.authenticator.choose_password(name, new, again)
            else:
                problem = await self.authenticator.change_own_password(self, name, current, new, again)
        except TooBusy as error:
            raise web.HTTPError(503, "Too many people are logging in at this moment. Try again soon.") from error
        if problem:
            self.set_status(400)
            await self._show(problem)
        elif self.current_user is None:
            await self._log_in(name, new)
        else:
            end_other_sessions(self.db, self.current_user.orm_user, self.get_session_cookie())
            self.set_hub_cookie(self.current_user)
            renew_passes(self, self.current_user)
            await self._show(None, done=True)

    def _read_ticket(self) -> str | None:
        name: str | None = self.authenticator.read_ticket(self)
        return name

    async def _log_in(self, name: str, password: str) -> None:
        if (known := self.find_user(name)) is not None:
            end_other_sessions(self.db, known.orm_user)
        user = await self.login_user({"username": name, "password": password})
        self.clear_cookie(TICKET_COOKIE, path=self.request.path)
        self.redirect(self.get_next_url(user))

    async def _show(self, problem: str | None, *, done: bool = False) -> None:
        made_for = self._read_ticket() if self.current_user is None else None
        page = await self.render_template("change_password.html", problem=problem, done=done, made_for=made_for)
        self.finish(page)


class LogoutEverywhere(LogoutHandler):
    """Put before a logout page, it makes the cookie worthless that the browser had, and every copy of it.

    JupyterHub only asks the browser to forget it. All browsers of a user have the same cookie, so all are logged out.
    """

    def _backend_logout_cleanup(self, name: str) -> None:
        user: Any = self.current_user
        super()._backend_logout_cleanup(name)
        end_sessions(self.db, user.orm_user, tokens=False)


def log_out_everywhere(handler: type) -> type:
    """Return the handler, if it is a logout page one that ends all sessions of the user."""
    if not issubclass(handler, LogoutHandler):
        return handler
    return type(handler.__name__, (LogoutEverywhere, handler), {"__doc__": handler.__doc__})


CHANGE_PASSWORD_PAGES = ((CHANGE_PASSWORD_PATH, ChangePasswordHandler),)
