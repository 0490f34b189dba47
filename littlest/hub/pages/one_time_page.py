"""One-time passwords: an API for the `littlest` command, and a page for admins."""

import json
from dataclasses import asdict
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado import web

from littlest.errors import LittlestError
from littlest.hub.pages.command_api import CommandHandler
from littlest.hub.rights.one_time import list_passwords, make_one_time_password


class PasswordsHandler(CommandHandler):
    """GET says who has no password of their own; POST with a name makes a one-time password. For the command only."""

    async def get(self) -> None:
        """Answer with the names, as `Passwords` has them."""
        self.check_who_asks()
        self.finish(json.dumps(asdict(list_passwords(self.settings["app"]))))

    async def post(self) -> None:
        """Answer with the password; 409 with a message and a hint where there can be none."""
        self.check_who_asks()
        body = self.get_json_body()
        try:
            password = await make_one_time_password(self.settings["app"], str((body or {}).get("name", "")))
        except LittlestError as error:
            self.set_status(409)
            self.finish(json.dumps({"status": 409, "message": error.message, "hint": error.hint}))
        else:
            self.finish(json.dumps({"password": password}))


class PasswordsPageHandler(BaseHandler):
    """The page on which an admin makes a one-time password for a user who is no admin."""

    @needs_scope("admin:users")
    async def get(self) -> None:
        """Show the users, each with the kind of password and a button."""
        await self._show()

    @needs_scope("admin:users")
    async def post(self) -> None:
        """Make a one-time password, and show it once. Raises HTTPError 403 for an admin, 404 for an unknown user."""
        name = self.authenticator.normalize_username(self.get_body_argument("name", ""))
        user = self.find_user(name)
        if user is None:
            raise web.HTTPError(404, f"There is no user {name[:64]}.")
        if user.admin or name in self.authenticator.admin_users:
            # an admin's session must not be enough to become another admin for good
            raise web.HTTPError(
                403, f"{name} is an admin. Somebody with access to the server runs: sudo littlest user passwd {name}"
            )
        try:
            await self._show(name, await make_one_time_password(self.settings["app"], name))
        except LittlestError as error:
            raise web.HTTPError(409, f"{error.message}. {error.hint}") from error

    async def _show(self, name: str = "", password: str = "") -> None:
        found = list_passwords(self.settings["app"])
        users = self.db.query(orm.User.name).filter(orm.User.admin == False).order_by(orm.User.name)  # noqa: E712  # SQL
        self.set_header("Cache-Control", "no-store")
        further: dict[str, Any] = {"found": found, "made_for": name, "password": password}
        names = [one for (one,) in users if self.authenticator.may_log_in(one)]
        self.finish(await self.render_template("passwords.html", names=names, **further))


PASSWORD_API = (("/api/littlest/passwords", PasswordsHandler),)
PASSWORD_PAGES = (("/passwords", PasswordsPageHandler),)
