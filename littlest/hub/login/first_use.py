"""Logging in with a password that users choose at their first login, or that was made for them."""

from typing import Any

from traitlets import Enum

from littlest.hub.login.kept_passwords import HOW_ADMINS_START, KeepsPasswords


class PasswordAuthenticator(KeepsPasswords):
    """The password of a user's first login becomes the user's, for those who may log in and are not admins."""

    first_login = Enum(
        ["first_come", "one_time"], "first_come", help="Who chooses the first password of a name."
    ).tag(config=True)

    async def is_known(self, name: str) -> bool:
        """Whether there is a password to guess under this name, or one to choose."""
        return self.is_open(name) or await super().is_known(name)

    def is_open(self, name: str) -> bool:
        """Whether the first login under this name chooses its password."""
        may_choose = self.first_login == "first_come" and self.validate_username(name) and self.may_log_in(name)
        return may_choose and not self.has_had_password(name)

    async def prove(self, handler: Any, name: str, data: dict[str, str], suspect: bool) -> str | None:
        """Check the password; at a user's first login, store it."""
        password = data.get("password", "")
        if self.is_open(name) and await self._store_first_password(handler, name, password):
            return name
        if await self.is_password_right(name, password, suspect):
            return self.admit(handler, name)
        return None

    async def _store_first_password(self, handler: Any, name: str, password: str) -> bool:
        known = handler.find_user(name)
        if name in self.admin_users or (known and known.admin):
            # the first person to use this name would be root on the machine
            problem: str | None = f"{name} is an admin and has no password yet. {HOW_ADMINS_START.format(name=name)}"
            is_stored = False
        else:
            # of two first logins at one moment, the second is checked against the first's password
            is_stored, problem = await self.try_to_store(name, password, only_first=True)
        handler.first_password_problem = problem
        return is_stored
