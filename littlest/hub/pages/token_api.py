"""JupyterHub's API for the tokens of a user, with bounds: otherwise one user fills the hub's database and memory."""

from typing import Any

from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from tornado.web import HTTPError

from littlest.hub.rights.sessions import SERVER_NOTE

TOKENS_PATH = "/api/users/([^/]+)/tokens"
LONGEST_NOTE = 200
"""Characters."""
MOST_TOKENS = 100
"""Tokens of one user, without those of servers and of browsers."""


class TokenListHandler(UserTokenListAPIHandler):
    """Makes no token with a long note, none with the note of a server, and no more than `MOST_TOKENS`."""

    async def post(self, user_name: str) -> None:
        """Make a token. Raises HTTPError 400 for a note that cannot be, 429 for one token too many."""
        body = self.get_json_body()
        note = body.get("note") if isinstance(body, dict) else None
        if note is not None and not (isinstance(note, str) and len(note) <= LONGEST_NOTE):
            raise HTTPError(400, f"The note of a token is a text of at most {LONGEST_NOTE} characters.")
        if note and note.startswith(SERVER_NOTE):
            raise HTTPError(400, f"Notes that begin with “{SERVER_NOTE}” are those of servers. Choose another one.")
        user: Any = self.find_user(user_name)
        own = [token for token in user.api_tokens if token.client_id == "jupyterhub"] if user else []
        if len(own) >= MOST_TOKENS:
            raise HTTPError(429, f"You have {len(own)} tokens, and more are not possible. Revoke some first.")
        await super().post(user_name)
