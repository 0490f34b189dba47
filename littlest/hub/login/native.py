"""Signing up on a page of the hub, with an admin's approval."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bcrypt
from jupyterhub import orm
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo

from littlest.hub.live import live
from littlest.hub.login.first_use import HOW_ADMINS_START, KeepsPasswords
from littlest.system.accounts.passwords import LONGEST_PASSWORD, has_password


class SignUpAuthenticator(KeepsPasswords, NativeAuthenticator):
    """NativeAuthenticator, which keeps sign-ups in the table `users_info` of the hub's database.

    It uses JupyterHub's login page, because its own does not work with JupyterHub 6. Nobody can sign up as an admin.
    Users with a password of `firstuse` keep it. `littlest.hub.pages.sign_up` has the pages.
    """

    has_sign_up_pages = True

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.allow_2fa:
            self.request_otp, self.otp_prompt = True, "Code of the second factor, if you have one:"

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check the password and the approval; the page says which of them is missing."""
        name = self.normalize_username(data.get("username", ""))
        if self.allowed_failed_logins and self.is_blocked(name):
            handler.first_password_problem = (
                f"Too many wrong passwords for {name}. Wait {self.seconds_before_next_try} seconds, then try again."
            )
            return None
        info = self._find_sign_up(name)
        is_right = await self.is_password_right(name, data.get("password", ""))
        if is_right and info is not None and info.has_2fa:
            is_right = bool(info.is_valid_token(data.get("otp", "")))
        if not is_right:
            if self.user_exists(name):
                self.add_login_attempt(name)
            return None
        self.successful_login(name)
        if not self.may_log_in(name):
            handler.first_password_problem = f"The password is right, but no admin has approved {name} yet."
            return None
        return name

    async def is_password_right(self, name: str, password: str) -> bool:
        """Whether this is the password of the sign-up or, without one, the password of `firstuse`."""
        info = self._find_sign_up(name)
        if info is None:
            return await super().is_password_right(name, password)
        content, digest = password.encode(), bytes(info.password)
        return len(content) <= LONGEST_PASSWORD and await asyncio.to_thread(bcrypt.checkpw, content, digest)

    def _find_sign_up(self, name: str) -> UserInfo | None:
        info = self.get_user(name)
        if info is not None and not info.is_authorized and self._is_known_admin(name):
            # somebody signed up under the name before it was an admin's
            return None
        return info

    def is_named(self, name: str) -> bool:
        """Whether the settings or an admin named this user.

        A name with more rights than other users have does not say who signed up under it: that needs an approval.
        """
        info = self.get_user(name)
        is_sure = info is None or info.is_authorized or self._is_known_admin(name) or not self._has_roles(name)
        return is_sure and super().is_named(name)

    def is_still_let_in(self, name: str) -> bool:
        """Whether this user signed up, and is approved or needs no approval."""
        info = self._find_sign_up(name)
        if info is None or name in live.removed:
            return False
        return bool(info.is_authorized or (self.open_signup and not self._has_roles(name)))

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Whether this user is named or approved."""
        return self.may_log_in(username)

    def _is_known_admin(self, name: str) -> bool:
        user = orm.User.find(self.db, name)
        return name in self.admin_users or bool(user and user.admin)

    def _has_roles(self, name: str) -> bool:
        user = orm.User.find(self.db, name)
        found = [user, *user.groups] if user else []
        return any(role.name != "user" for one in found for role in one.roles)

    def forget_approvals(self, names: Iterable[str]) -> None:
        """Take back the approvals of these users."""
        for info in filter(None, map(self.get_user, names)):
            info.is_authorized = False
        self.db.commit()

    def find_sign_up_problem(self, name: str, password: str) -> str | None:
        """Return the sentence that says why nobody can sign up like this; None where NativeAuthenticator says it."""
        name = self.normalize_username(name)
        if self._is_known_admin(name):
            return f"{name} is an admin. {HOW_ADMINS_START.format(name=name)}"
        if len(password.encode()) > LONGEST_PASSWORD:
            return f"The password is too long: at most {LONGEST_PASSWORD} bytes are possible. Choose a shorter one."
        return None

    def user_exists(self, username: str) -> bool:
        """Whether the name is taken."""
        name = self.normalize_username(username)
        return bool(super().user_exists(name)) or has_password(Path(self.passwords_file), name)

    def create_user(self, username: str, password: str, **further: Any) -> UserInfo | None:
        """Store a sign-up; None when that is impossible."""
        if self.find_sign_up_problem(username, password):
            return None
        info = super().create_user(username, password, **further)
        if info is not None and info.is_authorized:
            # NativeAuthenticator approves named users and, with open_signup, everybody: that would outlast both
            info.is_authorized = False
            self.db.commit()
        return info

    def is_password_strong(self, password: str) -> bool:
        """Whether the password is neither too short, nor too long, nor common."""
        return len(password.encode()) <= LONGEST_PASSWORD and bool(super().is_password_strong(password))

    async def store_password(self, name: str, password: str) -> str | None:
        """Store the user's password, or return the sentence that says why not."""
        if not self.is_password_strong(password):
            lengths = f"at least {self.minimum_password_length} characters, and at most {LONGEST_PASSWORD} bytes"
            return f"The new password needs {lengths}, and must not be a common one."
        if self._find_sign_up(name) is None:
            return await super().store_password(name, password)
        self.change_password(name, password)
        return None
