"""Logging in from a course of a learning management system, by LTI 1.3."""

import asyncio
from typing import Any

from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import InvalidAudienceError, LoginError, ValidationError
from ltiauthenticator.lti13.handlers import LTI13CallbackHandler, LTI13LoginInitHandler
from tornado.web import HTTPError
from traitlets import Unicode

from littlest.hub.login.people import FollowsSettings


class LaunchHandler(LTI13LoginInitHandler):
    """Begins a launch: asks the learning management system to prove who comes."""

    def get_redirect_uri(self) -> str:
        """Return the registered address to come back to, which no header of a request changes."""
        public = self.authenticator.public_url
        return f"{public}hub/lti13/oauth_callback" if public else str(super().get_redirect_uri())

    def _set_oauth_cookie(self, key: str, value: str) -> None:
        # the proof comes as a form from another site, with which a browser sends no other cookies
        secure = self.authenticator.get_uri_scheme(self.request) == "https"
        same_site = {"samesite": "None", "secure": True} if secure else {}
        self._set_cookie(key, value, expires_days=1, httponly=True, encrypted=True, **same_site)


class ProofHandler(LTI13CallbackHandler):
    """Ends a launch: checks the proof and logs the person in."""

    async def post(self) -> None:
        """Check the proof and log the person in. Raises HTTPError with what is wrong."""
        try:
            # it fetches the keys of the learning management system, and blocks meanwhile
            proof = await asyncio.to_thread(self.decode_and_validate_launch_request)
            user = await self.login_user(proof)
        except InvalidAudienceError as error:
            raise HTTPError(401, str(error)) from error
        except (ValidationError, LoginError) as error:
            raise HTTPError(400, str(error)) from error
        if user is None:
            raise HTTPError(403, "You may not use this hub. Ask your teacher to add you.")
        await self.redirect_to_next_url(user)


class CourseAuthenticator(FollowsSettings, LTI13Authenticator):
    """LTI13Authenticator, at the hub's external address."""

    login_handler = LaunchHandler
    callback_handler = ProofHandler
    public_url = Unicode(help="The hub's external address.").tag(config=True)

    def get_uri_scheme(self, request: Any) -> str:
        """Return the scheme of the hub's address."""
        if self.uri_scheme == "auto" and self.public_url:
            return self.public_url.partition(":")[0]
        return str(super().get_uri_scheme(request))
