"""Passwords that the hub keeps itself, of whatever way to log in: how they are checked, changed and made."""

import asyncio
import contextlib
import hashlib
from pathlib import Path
from typing import Any

from jupyterhub.handlers import LoginHandler
from tornado import web
from tornado.httputil import url_concat
from traitlets import Unicode

from littlest import paths
from littlest.errors import LittlestError
from littlest.hub.login.guarded import GuardsPasswords
from littlest.hub.memory.claims import is_claimed, remember_claims
from littlest.machine.machine import Machine
from littlest.system.accounts.passwords import (
    PasswordState,
    check_password,
    has_password,
    is_one_time_password,
    lock_password,
    make_one_time_password,
    read_digest,
    set_password,
)
from littlest.system.accounts.user_accounts import find_account_made_for

HOW_ADMINS_START = (
    "Somebody with access to the server makes an admin's first password: name {name} under users.admin in"
    f" {paths.CONFIG_FILE}, then run: sudo littlest apply"
)
CHANGE_PASSWORD_PATH = "/auth/change-password"
TICKET_COOKIE = "littlest-one-time"
"""Signed: whose one-time password this browser has just proved, so that it may choose the user's own."""
TICKET_DAYS = 15 / (24 * 60)


class PasswordLoginHandler(LoginHandler):
    """The login page, which shows why a login is refused, and leads from a one-time password to a new one."""

    first_password_problem: str | None = None
    proved_one_time: str = ""
    """Who has proved a one-time password."""

    def _render(self, login_error: str | None = None, username: str | None = None, **values: Any) -> Any:
        return super()._render(self.first_password_problem or login_error, username, **values)

    async def login_user(self, data: dict[str, str] | None = None) -> Any:
        """Log in; with a one-time password, lead to the page on which the user chooses another, and nowhere else."""
        user = await super().login_user(data)
        if user is None and self.proved_one_time:
            ticket = f"{self.proved_one_time}:{self.authenticator.make_fingerprint(self.proved_one_time)}"
            path = f"{self.hub.base_url.rstrip('/')}{CHANGE_PASSWORD_PATH}"
            self._set_cookie(TICKET_COOKIE, ticket, path=path, expires_days=None)
            self.redirect(url_concat(path, {"next": self.get_argument("next", "")}))
            raise web.Finish
        return user


class KeepsPasswords(GuardsPasswords):
    """Keeps passwords with `littlest.system.accounts.passwords`; hashing does not block the hub."""

    passwords_file = Unicode(str(paths.PASSWORDS_FILE), help="Where the passwords are kept.").tag(config=True)

    @property
    def file(self) -> Path:
        """Where the passwords are kept."""
        return Path(self.passwords_file)

    def find_state(self, name: str) -> PasswordState | None:
        """Return what kind of password this way to log in itself keeps of a user; None for none."""
        return None

    def has_owner(self, name: str) -> bool:
        """Whether the name is somebody's already, so that nobody else may choose a first password for it.

        It is where the password was kept elsewhere before, or is lost, too: then the hub still knows that the user
        has logged in, or there is an account with a home.
        """
        return (
            has_password(self.file, name)
            or is_claimed(self.db, name)
            or find_account_made_for(Machine(), name) is not None
        )

    async def is_known(self, name: str) -> bool:
        """Whether there is a password to guess under this name."""
        return await asyncio.to_thread(has_password, self.file, name)

    async def is_password_right(self, name: str, password: str, suspect: bool = False) -> bool:
        """Whether this is the user's password. Raises TooBusy."""
        return await self.hashing.run(check_password, self.file, name, password, suspect=suspect)

    def admit(self, handler: Any, name: str) -> str:
        """Return the name of a user whose password is right; "" where it is a one-time password."""
        if not (is_one_time_password(self.file, name) and self.may_log_in(name)):
            return name
        handler.proved_one_time = name
        return ""

    async def store_password(self, name: str, password: str, **how: bool) -> str | None:
        """Store the user's password as `set_password` does, or return the sentence that says why not."""
        return (await self.try_to_store(name, password, **how))[1]

    async def try_to_store(self, name: str, password: str, **how: bool) -> tuple[bool, str | None]:
        """Store the user's password as `set_password` does; return whether it was stored, or else why not."""
        try:
            is_stored = await self.hashing.run(lambda: set_password(self.file, name, password, **how))
        except LittlestError as error:
            message = f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}."
            return False, f"{message} {error.hint}" if error.hint else message
        remember_claims(self.db, (name,))
        return is_stored, None

    async def change_own_password(self, handler: Any, name: str, current: str, new: str, again: str) -> str | None:
        """Change the password, or return the sentence that says why not."""

        async def check(suspect: bool) -> bool | None:
            return await self.is_password_right(name, current, suspect) or None

        if not await self.guard(handler, name, check):
            return "The current password is not right."
        return await self._replace_password(name, new, again)

    async def choose_password(self, name: str, new: str, again: str) -> str | None:
        """Put a user's own password in the place of a one-time password, or return the sentence that says why not."""
        if await self.is_password_right(name, new):
            return "Choose another password than the one that was made for you."
        return await self._replace_password(name, new, again)

    async def _replace_password(self, name: str, new: str, again: str) -> str | None:
        if new != again:
            return "The two new passwords are not the same."
        problem = await self.store_password(name, new)
        if problem is None:
            self.log.info("%s changed their password", name)
            # the file with an admin's first password
            with contextlib.suppress(OSError):
                Machine().remove(paths.INITIAL_PASSWORD_DIR / name)
        return problem

    async def make_one_time_password(self, name: str) -> str:
        """Give a user a new one-time password instead of any other, and return it. Raises LittlestError."""
        password = make_one_time_password()
        problem = await self.store_password(name, password, one_time=True)
        if problem:
            raise LittlestError(problem)
        self.log.info("A one-time password was made for %s", name)
        return password

    def read_hash(self, name: str) -> bytes | None:
        """Return the hash of the user's password; None where there is none."""
        return read_digest(self.file, name)

    def make_fingerprint(self, name: str) -> str:
        """Return what changes with the user's password, and does not tell it."""
        return hashlib.sha256(self.read_hash(name) or b"").hexdigest()[:32]

    def read_ticket(self, handler: Any) -> str | None:
        """Return who has proved a one-time password that is still the user's; None for another visitor."""
        content = handler.get_secure_cookie(TICKET_COOKIE, max_age_days=TICKET_DAYS)
        name, _, fingerprint = (content or b"").decode(errors="replace").rpartition(":")
        if not name or fingerprint != self.make_fingerprint(name) or not is_one_time_password(self.file, name):
            return None
        return name

    def delete_user(self, user: Any) -> None:
        """Forget the password of a user who is removed in the admin panel.

        The account and the home stay, so nobody can choose a new password for the name at a login.
        """
        super().delete_user(user)
        lock_password(self.file, self.normalize_username(user.name))

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages of this authenticator."""
        return [("/login", PasswordLoginHandler)]
