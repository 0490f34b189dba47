"""JupyterHub's API for the tokens of a user, with bounds: otherwise one user fills the hub's database and memory."""

from datetime import timedelta
from typing import Any

from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from jupyterhub.utils import utcnow
from tornado.web import HTTPError

from littlest.hub.rights.sessions import SERVER_NOTE

LONGEST_NOTE = 200
"""Characters."""
MOST_TOKENS, MOST_SHORT_TOKENS = 100, 1000
"""Tokens of one user, without those of servers and of browsers: those that last, and those that end within a day."""
DAY_SECONDS = 86400


class TokenListHandler(UserTokenListAPIHandler):
    """Makes no token with a long note, none with the note of a server, and only so many."""

    async def post(self, user_name: str) -> None:
        """Make a token. Raises HTTPError 400 for a note that cannot be, 429 for one token too many."""
        body = self.get_json_body()
        wanted = body if isinstance(body, dict) else {}
        note, seconds = wanted.get("note"), wanted.get("expires_in")
        if note is not None and not (isinstance(note, str) and len(note) <= LONGEST_NOTE):
            raise HTTPError(400, f"The note of a token is a text of at most {LONGEST_NOTE} characters.")
        if note and note.startswith(SERVER_NOTE):
            raise HTTPError(400, f'Notes that begin with "{SERVER_NOTE}" are those of servers. Choose another one.')
        is_short = isinstance(seconds, int) and seconds <= DAY_SECONDS
        if self._count(user_name, is_short) >= (MOST_SHORT_TOKENS if is_short else MOST_TOKENS):
            raise HTTPError(429, "There are too many tokens of this user already. Revoke some first.")
        await super().post(user_name)

    def _count(self, user_name: str, is_short: bool) -> int:
        user: Any = self.find_user(user_name)
        soon = utcnow(with_tz=False) + timedelta(seconds=DAY_SECONDS)
        own = [
            token
            for token in (user.api_tokens if user else ())
            if token.client_id == "jupyterhub" and not (token.note or "").startswith(SERVER_NOTE)
        ]
        return sum((token.expires_at is not None and token.expires_at <= soon) == is_short for token in own)


TOKEN_PAGES = (("/api/users/([^/]+)/tokens", TokenListHandler),)
