"""Logging in with a password that users choose at their first login."""

import asyncio
from pathlib import Path
from typing import Any

from firstuseauthenticator import FirstUseAuthenticator
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler, LoginHandler
from tornado import web
from traitlets import Bool, Unicode, default

from littlest import paths
from littlest.errors import LittlestError
from littlest.hub.login.people import FollowsSettings
from littlest.system.accounts.passwords import check_password, has_password, remove_password, set_password


class PasswordLoginHandler(LoginHandler):
    """The login page; says what is wrong with a first password."""

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


class PasswordAuthenticator(FollowsSettings, FirstUseAuthenticator):
    """First-use passwords, kept by `littlest.system.accounts.passwords`.

    Unlike its parent: a password that bcrypt cannot take gives a sentence instead of an error page, nobody who may
    not log in anyway can store one, hashing does not stop the hub, and names may have spaces and commas.
    """

    passwords_file = Unicode(str(paths.PASSWORDS_FILE), help="Where the passwords are kept.").tag(config=True)
    # the parent looks for a dbm file of its own
    check_passwords_on_startup = Bool(False)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # two first logins of one name at the same moment: the second must be checked against the first's password
        self._first_passwords = asyncio.Lock()

    @default("allow_all")
    def _allow_all_default(self) -> bool:
        # the parent lets everybody in while nobody is listed
        return False

    def validate_username(self, username: str) -> bool:
        """Whether JupyterHub can have a user of this name; accounts and units have names of their own."""
        return bool(Authenticator.validate_username(self, username))

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check the password; at a user's first login, store it."""
        user: str = self.normalize_username(data.get("username", ""))
        password = data.get("password", "")
        file = Path(self.passwords_file)
        async with self._first_passwords:
            if not await asyncio.to_thread(has_password, file, user):
                return await self._store_first_password(handler, user, password)
        if await asyncio.to_thread(check_password, file, user, password):
            return user
        return None

    async def _store_first_password(self, handler: Any, user: str, password: str) -> str | None:
        if not (self.validate_username(user) and await self.may_log_in(user)):
            return None
        if self._is_admin(handler, user):
            # whoever came first under this name would be root on the machine
            handler.first_password_problem = (
                f"{user} is an admin and has no password yet. Somebody with access to the server makes the first one:"
                f" name {user} under users.admin in {paths.CONFIG_FILE}, then run: sudo littlest apply"
            )
            return None
        try:
            await asyncio.to_thread(set_password, Path(self.passwords_file), user, password)
        except LittlestError as error:
            handler.first_password_problem = make_sentence(error)
            return None
        return user

    def _is_admin(self, handler: Any, user: str) -> bool:
        known = handler.find_user(user)
        return user in self.admin_users or bool(known and known.admin)

    async def change_own_password(self, user: str, current: str, new: str, again: str) -> str | None:
        """Change the password; hands back the sentence that says why not."""
        file = Path(self.passwords_file)
        if not await asyncio.to_thread(check_password, file, user, current):
            return "The current password is not right."
        if new != again:
            return "The two new passwords are not the same."
        try:
            await asyncio.to_thread(set_password, file, user, new)
        except LittlestError as error:
            return make_sentence(error)
        self.log.info("%s changed their password", user)
        return None

    def delete_user(self, user: Any) -> None:
        """Forget the password of a user who is removed in the admin panel, and that they may log in."""
        self.forget_user(user)
        # not the parent's, which has a file of its own for passwords
        Authenticator.delete_user(self, user)
        remove_password(Path(self.passwords_file), self.normalize_username(user.name))

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages of this authenticator."""
        return [("/login", PasswordLoginHandler), ("/auth/change-password", ChangePasswordHandler)]


def make_sentence(error: LittlestError) -> str:
    """An error as a person reads it on a page."""
    message = f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}."
    return f"{message} {error.hint}" if error.hint else message
