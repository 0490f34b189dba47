"""The pages for signing up, and for admins who approve or discard sign-ups."""

from typing import Any

from jupyterhub.scopes import needs_scope
from nativeauthenticator import handlers
from nativeauthenticator.orm import UserInfo
from tornado import web

from littlest.hub.live import live
from littlest.hub.login.hashing import TooBusy
from littlest.hub.memory.listed import forget_listed_user
from littlest.hub.rights.enforce import end_rights
from littlest.hub.rights.sessions import end_other_sessions, end_sessions
from littlest.machine.machine import Machine


class SignUpPageHandler(handlers.SignUpHandler):
    """The sign-up page, which also explains a password that is too long and a name that is an admin's."""

    async def post(self) -> None:
        """Store a sign-up, or say why not. Raises HTTPError 429 for too many, 503 while too many people log in."""
        password = self.get_body_argument("signup_password", strip=False, default="")
        try:
            if not await self.authenticator.prepare_sign_up(self.request.remote_ip, password):
                raise web.HTTPError(429, "Too many sign-ups came from your address. Try again in ten minutes.")
        except TooBusy as error:
            raise web.HTTPError(503, "Too many people are logging in at this moment. Try again soon.") from error
        await super().post()

    def get_result_message(self, user: Any, *about: bool) -> tuple[str, str]:
        """The CSS class and the text of the box that shows the result of a sign-up."""
        if user is None:
            name, password = (self.get_body_argument(key, strip=False) for key in ("username", "signup_password"))
            if problem := self.authenticator.find_sign_up_problem(name, password):
                return "alert-danger", problem
        elif self.authenticator.may_log_in(user.username):
            return "alert-success", f"Welcome, {user.username}. You can log in now."
        alert, message = super().get_result_message(user, *about)
        if user is not None and not user.login_email_sent:
            message = f"Welcome, {user.username}. You can log in as soon as an admin has approved you."
        return alert, message


class ChangePasswordAdminHandler(handlers.ChangePasswordAdminHandler):
    """The page on which an admin changes the password of somebody who signed up."""

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Change the password, and end the user's sessions. Raises HTTPError 403 for another admin."""
        user = self.find_user(user_name)
        if user is not None and user.admin and user.name != self.current_user.name:
            raise web.HTTPError(403, f"{user_name} is an admin. Run: sudo littlest user passwd {user_name}")
        before = self.authenticator.make_fingerprint(user_name)
        await super().post(user_name)
        if user is not None and self.authenticator.make_fingerprint(user_name) != before:
            end_other_sessions(self.db, user.orm_user)


class ApprovalHandler(handlers.AuthorizationAreaHandler):
    """What an admin does with a sign-up: only by POST, from a form that no other site can send."""

    @needs_scope("admin:users")
    async def get(self, _name: str = "") -> None:
        """Redirect to the page with the forms."""
        self.redirect(f"{self.hub.base_url}authorize")

    def find_sign_up(self, name: str) -> UserInfo:
        """Return the sign-up of this user. Raises HTTPError 404 when there is none."""
        found = UserInfo.find(self.db, name)
        if found is None:
            raise web.HTTPError(404, f"{name} did not sign up.")
        return found


class ApproveHandler(ApprovalHandler):
    """Approves a sign-up, or takes the approval back."""

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """Approve, or take the approval back, which ends the user's sessions and servers."""
        found = self.find_sign_up(name)
        found.is_authorized = not found.is_authorized
        self.db.commit()
        if found.is_authorized:
            # an approval lets in again a user who was taken out of the settings
            live.removed -= {found.username}
            forget_listed_user(Machine(), found.username, ["removed"])
        self.log.info("%s is %s", name, "approved" if found.is_authorized else "no longer approved")
        user = self.find_user(name)
        if user is not None and not self.authenticator.may_log_in(name):
            end_sessions(self.db, user.orm_user)
            for problem in await end_rights(self.settings["app"], {user.name}, with_files=False):
                self.log.error("%s", problem)
        self.redirect(f"{self.hub.base_url}authorize")


class DiscardHandler(ApprovalHandler):
    """Discards a sign-up that is not approved."""

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """Discard the sign-up; a user of that name in the hub stays."""
        found = self.find_sign_up(name)
        if not found.is_authorized:
            self.db.delete(found)
            self.db.commit()
            self.log.info("The sign-up of %s is discarded", name)
        self.redirect(f"{self.hub.base_url}authorize")


SIGN_UP_PAGES: tuple[tuple[str, type], ...] = (
    ("/signup", SignUpPageHandler),
    ("/authorize", handlers.AuthorizationAreaHandler),
    ("/authorize/([^/]*)", ApproveHandler),
    ("/discard/([^/]*)", DiscardHandler),
    ("/change-password/([^/]+)", ChangePasswordAdminHandler),
    # the address in the e-mail of NativeAuthenticator's `allow_self_approval_for`
    ("/confirm/([^/]*)", handlers.EmailAuthorizationHandler),
)
