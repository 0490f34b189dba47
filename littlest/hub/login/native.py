"""Signing up on a page of the hub, with an admin's approval."""

import re
import time
from collections.abc import Iterable
from typing import Any

import bcrypt
from jupyterhub import orm
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo

from littlest.hub.live import live
from littlest.hub.login.kept_passwords import HOW_ADMINS_START, KeepsPasswords
from littlest.system.accounts.passwords import (
    LONGEST_PASSWORD,
    PasswordState,
    is_one_time_password,
    lock_password,
    mark_one_time,
)

MOST_SIGN_UPS = 100
"""Sign-ups from one address within `SIGN_UP_SECONDS`: a class behind one address, twice."""
SIGN_UP_SECONDS = 600.0


def _hash(password: str) -> bytes:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt())


class SignUpAuthenticator(KeepsPasswords, NativeAuthenticator):
    """NativeAuthenticator, which keeps sign-ups in the table `users_info` of the hub's database.

    It uses JupyterHub's login page, because its own does not work with JupyterHub 6. Nobody can sign up as an admin.
    Users with a password of `firstuse` keep it. `littlest.hub.pages.sign_up` has the pages.
    """

    has_sign_up_pages = True

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._prepared = ("", b"")
        self._sign_ups: dict[str, list[float]] = {}
        if self.allow_2fa:
            self.request_otp, self.otp_prompt = True, "Code of the second factor, if you have one:"

    async def is_known(self, name: str) -> bool:
        """Whether there is a password to guess under this name."""
        return self.get_user(name) is not None or await super().is_known(name)

    async def prove(self, handler: Any, name: str, data: dict[str, str], suspect: bool) -> str | None:
        """Check the password and the approval; the page says which of them is missing."""
        if self.allowed_failed_logins and self.is_blocked(name):
            handler.first_password_problem = (
                f"Too many wrong passwords for {name}. Wait {self.seconds_before_next_try} seconds, then try again."
            )
            return None
        info = self._find_sign_up(name)
        is_right = await self.is_password_right(name, data.get("password", ""), suspect)
        if is_right and info is not None and info.has_2fa:
            is_right = bool(info.is_valid_token(data.get("otp", "")))
        if not is_right:
            if self.user_exists(name):
                self.add_login_attempt(name)
            return None
        self.successful_login(name)
        if not self.may_log_in(name):
            handler.first_password_problem = f"The password is right, but no admin has approved {name} yet."
            return ""
        return self.admit(handler, name)

    async def is_password_right(self, name: str, password: str, suspect: bool = False) -> bool:
        """Whether this is the password of the sign-up or, without one, the password of `firstuse`."""
        info = self._find_sign_up(name)
        if info is None:
            return await super().is_password_right(name, password, suspect)
        content, digest = password.encode(), bytes(info.password)
        if len(content) > LONGEST_PASSWORD:
            return False
        return await self.hashing.run(bcrypt.checkpw, content, digest, suspect=suspect)

    def read_hash(self, name: str) -> bytes | None:
        """Return the hash of the user's password; None where there is none."""
        info = self._find_sign_up(name)
        return super().read_hash(name) if info is None else bytes(info.password)

    def find_state(self, name: str) -> PasswordState | None:
        """Return what kind of password a sign-up has; None for none."""
        if self._find_sign_up(name) is None:
            return None
        return PasswordState.ONE_TIME if is_one_time_password(self.file, name) else PasswordState.OWN

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
        return bool(super().user_exists(name)) or self.has_had_password(name)

    async def prepare_sign_up(self, address: str, password: str) -> bool:
        """Hash the password of the next sign-up; False where too many came from this address. Raises TooBusy."""
        now = time.monotonic()
        times = [then for then in self._sign_ups.pop(address, []) if now - then < SIGN_UP_SECONDS]
        self._sign_ups[address] = times
        for oldest in list(self._sign_ups)[:-MOST_SIGN_UPS]:
            del self._sign_ups[oldest]
        if len(times) >= MOST_SIGN_UPS:
            return False
        times.append(now)
        if self.is_password_strong(password):
            digest = await self.hashing.run(_hash, password, suspect=len(times) > MOST_SIGN_UPS / 2)
            self._prepared = (password, digest)
        return True

    def create_user(self, username: str, password: str, **further: Any) -> UserInfo | None:
        """Store a sign-up; None when that is impossible."""
        name = self.normalize_username(username)
        if self.find_sign_up_problem(name, password) or self.user_exists(name):
            return None
        if not (self.validate_username(name) and self.is_password_strong(password) and self.enable_signup):
            return None
        known, digest = self._prepared
        try:
            # NativeAuthenticator approves named users and, with open_signup, everybody: that would outlast both
            info = UserInfo(
                username=name,
                password=digest if known == password else _hash(password),
                is_authorized=False,
                **further,
            )
        except AssertionError:
            # no e-mail address
            return None
        if self.allow_self_approval_for and re.match(self.allow_self_approval_for, info.email or ""):
            self.send_approval_email(info.email, self.generate_approval_url(name))
            info.login_email_sent = True
        self.db.add(info)
        self.db.commit()
        return info

    def delete_user(self, user: Any) -> None:
        """Forget the sign-up and the password of a user who is removed; nobody can sign up under the name again."""
        name = self.normalize_username(user.name)
        had_one = self.get_user(name) is not None
        super().delete_user(user)
        if had_one:
            lock_password(self.file, name, always=True)

    def is_password_strong(self, password: str) -> bool:
        """Whether the password is neither too short, nor too long, nor common."""
        return len(password.encode()) <= LONGEST_PASSWORD and bool(super().is_password_strong(password))

    async def try_to_store(self, name: str, password: str, **how: bool) -> tuple[bool, str | None]:
        """Store the user's password; return whether it was stored, or else why not."""
        if not self.is_password_strong(password):
            lengths = f"at least {self.minimum_password_length} characters, and at most {LONGEST_PASSWORD} bytes"
            return False, f"The new password needs {lengths}, and must not be a common one."
        info = self._find_sign_up(name)
        if info is None:
            return await super().try_to_store(name, password, **how)
        info.password = await self.hashing.run(_hash, password)
        self.db.commit()
        mark_one_time(self.file, name, one_time=how.get("one_time", False))
        return True, None
