"""The page that asks for the password again, before something gives rights."""

from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

from littlest.hub.login.fresh_login import CONFIRM_PATH


class ConfirmHandler(BaseHandler):
    """Shows the form; where the hub does not ask for passwords itself, leads to a new login at the provider."""

    @web.authenticated
    async def get(self) -> None:
        """Show the form, or redirect to the provider."""
        login = self.authenticator.login_url(self.hub.base_url)
        if login != self.settings["login_url"] or self.authenticator.auto_login:
            self.redirect(url_concat(login, {"next": self._read_next()}))
            return
        await self._show()

    @web.authenticated
    async def post(self) -> None:
        """Redirect to the page that the user came from when the password is right, else show the form again."""
        data = {name: self.get_body_argument(name, strip=False) for name in self.request.body_arguments}
        found = await self.authenticate(data | {"username": self.current_user.name})
        if found and found["name"] == self.current_user.name:
            self.redirect(self._read_next())
            return
        self.set_status(403)
        await self._show("This is not your password.")

    def _read_next(self) -> str:
        next_page: str = self.get_next_url(self.current_user, default=f"{self.hub.base_url}home")
        return next_page

    async def _show(self, problem: str = "") -> None:
        asks_second: Any = getattr(self.authenticator, "allow_2fa", False)
        self.finish(await self.render_template("confirm.html", problem=problem, asks_second_factor=asks_second))


CONFIRM_PAGES: tuple[tuple[str, type], ...] = ((CONFIRM_PATH, ConfirmHandler),)
