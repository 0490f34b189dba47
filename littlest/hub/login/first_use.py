"""Logging in with a password that the hub keeps, and with one that users choose at their first login."""

import asyncio
from pathlib import Path
from typing import Any

from jupyterhub.handlers import BaseHandler, LoginHandler
from tornado import web
from traitlets import Unicode

from littlest import paths
from littlest.errors import LittlestError
from littlest.hub.login.people import FollowsSettings
from littlest.system.accounts.passwords import check_password, has_password, remove_password, set_password

HOW_ADMINS_START = (
    "Somebody with access to the server makes an admin's first password: name {name} under users.admin in"
    f" {paths.CONFIG_FILE}, then run: sudo littlest apply"
)


class PasswordLoginHandler(LoginHandler):
    """The login page, which shows what the authenticator says about a refused login."""

    first_password_problem: str | None = None

    def _render(self, login_error: str | None = None, username: str | None = None, **values: Any) -> Any:
        return super()._render(self.first_password_problem or login_error, username, **values)


class ChangePasswordHandler(BaseHandler):
    """The page on which a user who is logged in changes the password."""

    @web.authenticated
    async def get(self) -> None:
        """Show the form."""
        self.finish(await self.render_template("change_password.html"))

    @web.authenticated
    async def post(self) -> None:
        """Change the password, or say why not."""
        current, new, again = (
            self.get_body_argument(name, strip=False, default="") for name in ("current", "password", "again")
        )
        problem = await self.authenticator.change_own_password(self.current_user.name, current, new, again)
        if problem:
            self.set_status(400)
        self.finish(await self.render_template("change_password.html", problem=problem, done=not problem))


class KeepsPasswords(FollowsSettings):
    """Keeps passwords with `littlest.system.accounts.passwords`; hashing does not block the hub."""

    passwords_file = Unicode(str(paths.PASSWORDS_FILE), help="Where the passwords are kept.").tag(config=True)

    async def is_password_right(self, name: str, password: str) -> bool:
        """Whether this is the user's password."""
        return await asyncio.to_thread(check_password, Path(self.passwords_file), name, password)

    async def store_password(self, name: str, password: str) -> str | None:
        """Store the user's password, or return the sentence that says why not."""
        try:
            await asyncio.to_thread(set_password, Path(self.passwords_file), name, password)
        except LittlestError as error:
            message = f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}."
            return f"{message} {error.hint}" if error.hint else message
        return None

    async def change_own_password(self, name: str, current: str, new: str, again: str) -> str | None:
        """Change the password, or return the sentence that says why not."""
        if not await self.is_password_right(name, current):
            return "The current password is not right."
        if new != again:
            return "The two new passwords are not the same."
        problem = await self.store_password(name, new)
        if problem is None:
            self.log.info("%s changed their password", name)
        return problem

    def delete_user(self, user: Any) -> None:
        """Forget a user who is removed in the admin panel, with the password."""
        super().delete_user(user)
        remove_password(Path(self.passwords_file), self.normalize_username(user.name))

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages of this authenticator."""
        return [("/login", PasswordLoginHandler), ("/auth/change-password", ChangePasswordHandler)]


class PasswordAuthenticator(KeepsPasswords):
    """The password of a user's first login becomes the user's, for those who may log in and are not admins."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # of two first logins under one name at the same moment, the second is checked against the first's password
        self._first_passwords = asyncio.Lock()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check the password; at a user's first login, store it."""
        name: str = self.normalize_username(data.get("username", ""))
        password = data.get("password", "")
        async with self._first_passwords:
            if not await asyncio.to_thread(has_password, Path(self.passwords_file), name):
                return await self._store_first_password(handler, name, password)
        return name if await self.is_password_right(name, password) else None

    async def _store_first_password(self, handler: Any, name: str, password: str) -> str | None:
        if not (self.validate_username(name) and self.may_log_in(name)):
            return None
        known = handler.find_user(name)
        if name in self.admin_users or (known and known.admin):
            # the first person to use this name would be root on the machine
            problem: str | None = f"{name} is an admin and has no password yet. {HOW_ADMINS_START.format(name=name)}"
        else:
            problem = await self.store_password(name, password)
        handler.first_password_problem = problem
        return None if problem else name
