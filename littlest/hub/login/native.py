"""Signing up on a page of the hub, with an admin's approval."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bcrypt
from jupyterhub import orm
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import (
    AuthorizationAreaHandler,
    ChangePasswordAdminHandler,
    EmailAuthorizationHandler,
)
from nativeauthenticator.orm import UserInfo
from traitlets import Unicode

from littlest import paths
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.login.first_use import ChangePasswordHandler, PasswordLoginHandler, make_sentence
from littlest.hub.login.people import FollowsSettings
from littlest.system.accounts.passwords import (
    LONGEST_PASSWORD,
    check_password,
    has_password,
    remove_password,
    set_password,
)


class SignUpAuthenticator(FollowsSettings, NativeAuthenticator):
    """Sign-up as its parent has it, in the table `users_info` of the hub's database.

    Unlike its parent: it works with this JupyterHub, whose login page it uses; nobody can sign up as an admin; those
    who have a password from before (`firstuse`) keep it; hashing does not stop the hub; approving somebody takes a
    form.
    """

    has_sign_up_pages = True

    passwords_file = Unicode(str(paths.PASSWORDS_FILE), help="Where passwords from before are kept.").tag(config=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.allow_2fa:
            self.request_otp, self.otp_prompt = True, "Code of the second factor, if you have one:"

    # ---- logging in -------------------------------------------------------------------------------------------

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check the password and the approval; the page says which of them is missing."""
        name = self.normalize_username(data.get("username", ""))
        if self.allowed_failed_logins and self.is_blocked(name):
            handler.first_password_problem = (
                f"Too many wrong passwords for {name}. Wait {self.seconds_before_next_try} seconds, then try again."
            )
            return None
        info = self._find_sign_up(name)
        right = await self.is_password_right(name, data.get("password", ""))
        if right and info is not None and info.has_2fa:
            right = bool(info.is_valid_token(data.get("otp", "")))
        if not right:
            if self.user_exists(name):
                self.add_login_attempt(name)
            return None
        self.successful_login(name)
        if not await self.may_log_in(name):
            handler.first_password_problem = f"The password is right, but no admin has approved {name} yet."
            return None
        return name

    async def is_password_right(self, name: str, password: str) -> bool:
        """Whether this is the user's password: that of the sign-up, or else the one from before."""
        info = self._find_sign_up(name)
        if info is None:
            return await asyncio.to_thread(check_password, Path(self.passwords_file), name, password)
        content, digest = password.encode(), bytes(info.password)
        return len(content) <= LONGEST_PASSWORD and await asyncio.to_thread(bcrypt.checkpw, content, digest)

    def _find_sign_up(self, name: str) -> UserInfo | None:
        info = self.get_user(name)
        if info is not None and not info.is_authorized and self.is_known_admin(name):
            # somebody signed up under the name before it was an admin's
            return None
        return info

    def is_named(self, name: str) -> bool:
        """Whether somebody said of this very user that they may log in.

        Where the name gives more than other users have, that does not say who of all people signed up under it.
        """
        info = self.get_user(name)
        is_anybodys = info is None or info.is_authorized or self.is_known_admin(name) or not self._has_roles(name)
        return is_anybodys and super().is_named(name)

    def has_right(self, name: str) -> bool:
        """Whether whoever signed up under this name may log in."""
        return name not in self.blocked_users and (self.is_named(name) or self._is_let_in(name))

    def _is_let_in(self, name: str) -> bool:
        info = self._find_sign_up(name)
        if info is None or name in live.removed:
            return False
        return bool(info.is_authorized or (self.open_signup and not self._has_roles(name)))

    def is_known_admin(self, name: str) -> bool:
        """Whether this is an admin, by the settings or by the admin panel."""
        user = orm.User.find(self.db, name)
        return name in self.admin_users or bool(user and user.admin)

    def _has_roles(self, name: str) -> bool:
        user = orm.User.find(self.db, name)
        found = [user, *user.groups] if user else []
        return any(role.name != "user" for one in found for role in one.roles)

    def forget_approvals(self, names: Iterable[str]) -> None:
        """Let an admin's approval of these count no longer."""
        for name in names:
            info = self.get_user(name)
            if info is not None:
                info.is_authorized = False
        self.db.commit()

    async def is_still_let_in(self, name: str) -> bool:
        """Whether this one signed up and is approved, or needs no approval."""
        return self._is_let_in(name)

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Whether this one is named or approved."""
        return await self.may_log_in(username)

    # ---- signing up -------------------------------------------------------------------------------------------

    def find_sign_up_problem(self, name: str, password: str) -> str | None:
        """Why nobody can sign up like this, for a person; None where it is for the parent to say."""
        name = self.normalize_username(name)
        if self.is_known_admin(name):
            return (
                f"{name} is an admin. Somebody with access to the server makes an admin's first password:"
                f" name {name} under users.admin in {paths.CONFIG_FILE}, then run: sudo littlest apply"
            )
        if len(password.encode()) > LONGEST_PASSWORD:
            return f"The password is too long: at most {LONGEST_PASSWORD} bytes are possible. Choose a shorter one."
        return None

    def user_exists(self, username: str) -> bool:
        """Whether the name is taken."""
        name = self.normalize_username(username)
        return bool(super().user_exists(name)) or has_password(Path(self.passwords_file), name)

    def create_user(self, username: str, password: str, **further: Any) -> UserInfo | None:
        """Keep a sign-up; None when it cannot be."""
        if self.find_sign_up_problem(username, password):
            return None
        info = super().create_user(username, password, **further)
        if info is not None and info.is_authorized:
            # its parent counts as approved who is named or whom a rule lets in: that would outlive the name and rule
            info.is_authorized = False
            self.db.commit()
        return info

    # ---- changing ---------------------------------------------------------------------------------------------

    def is_password_strong(self, password: str) -> bool:
        """Whether the password may be one here."""
        return len(password.encode()) <= LONGEST_PASSWORD and bool(super().is_password_strong(password))

    async def change_own_password(self, name: str, current: str, new: str, again: str) -> str | None:
        """Change the password; hands back the sentence that says why not."""
        if not await self.is_password_right(name, current):
            return "The current password is not right."
        if new != again:
            return "The two new passwords are not the same."
        if not self.is_password_strong(new):
            least = self.minimum_password_length
            return (
                f"The new password needs {least} characters at least, {LONGEST_PASSWORD} at most, and not be common."
            )
        if self._find_sign_up(name) is not None:
            self.change_password(name, new)
        else:
            try:
                await asyncio.to_thread(set_password, Path(self.passwords_file), name, new)
            except LittlestError as error:
                return make_sentence(error)
        self.log.info("%s changed their password", name)
        return None

    def delete_user(self, user: Any) -> None:
        """Forget the sign-up and the password of a user who is removed in the admin panel."""
        super().delete_user(user)
        remove_password(Path(self.passwords_file), self.normalize_username(user.name))

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages of this authenticator, without those in `littlest.hub.pages.sign_up`, which end rights."""
        return [
            ("/login", PasswordLoginHandler),
            ("/authorize", AuthorizationAreaHandler),
            # as the address in the e-mail of the parent's `allow_self_approval_for` has it
            ("/confirm/([^/]*)", EmailAuthorizationHandler),
            ("/change-password/([^/]+)", ChangePasswordAdminHandler),
            ("/auth/change-password", ChangePasswordHandler),
        ]
