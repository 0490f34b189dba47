"""The page that asks for the password again, before something gives rights."""

from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

from littlest.hub.live import live
from littlest.hub.login.fresh_login import CONFIRM_PATH, is_wanted, want_login


class ConfirmHandler(BaseHandler):
    """Asks for the password; where the hub has none, leads to a new login at the provider."""

    @web.authenticated
    async def get(self) -> None:
        """Show the form; where a login at the provider changed nothing, with the reason."""
        is_silent = self._is_elsewhere and is_wanted(self, self.current_user.name)
        await self._show("The other service let you in without asking you. Log out there first." if is_silent else "")

    @web.authenticated
    async def post(self) -> None:
        """Redirect to the page that the user came from when the password is right, else show the form again.

        Where the hub asks for no passwords, redirect to the login at the provider.
        """
        if self._is_elsewhere:
            await self._ask_elsewhere()
            return
        data = {name: self.get_body_argument(name, strip=False) for name in self.request.body_arguments}
        found = await self.authenticate(data | {"username": self.current_user.name})
        if found and found["name"] == self.current_user.name:
            self.redirect(self._read_next())
            return
        self.set_status(403)
        await self._show("This is not your password.")

    @property
    def _is_elsewhere(self) -> bool:
        login = self.authenticator.login_url(self.hub.base_url)
        return bool(login != self.settings["login_url"] or self.authenticator.auto_login)

    async def _ask_elsewhere(self) -> None:
        want_login(self)
        if live.config.auth.type == "lti13":
            await self._show("Now open the hub from your course again.")
        else:
            login = self.authenticator.login_url(self.hub.base_url)
            self.redirect(url_concat(login, {"next": self._read_next()}))

    def _read_next(self) -> str:
        next_page: str = self.get_next_url(self.current_user, default=f"{self.hub.base_url}home")
        return next_page

    async def _show(self, problem: str = "") -> None:
        asks_second: Any = getattr(self.authenticator, "allow_2fa", False)
        words = {"problem": problem, "asks_second_factor": asks_second, "is_elsewhere": self._is_elsewhere}
        self.finish(await self.render_template("confirm.html", **words))


CONFIRM_PAGES: tuple[tuple[str, type], ...] = ((CONFIRM_PATH, ConfirmHandler),)
