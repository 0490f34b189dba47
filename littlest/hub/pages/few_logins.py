"""The page by which a browser logs in at a user's server or a service: each visit leaves a code and a token.

With a script, one user could fill the hub's database with them.
"""

from jupyterhub.handlers import BaseHandler

from littlest.hub.rights.own_logins import end_oldest_logins

_PATH = "/api/oauth2/authorize"


class EndsOldestLogins(BaseHandler):
    """Put before a handler, it makes room for one more login of this user."""

    async def prepare(self) -> None:
        """End the oldest logins."""
        await super().prepare()
        user = self.current_user
        if user is not None and getattr(user, "orm_user", None) is not None:
            end_oldest_logins(self.db, user.orm_user)


def end_oldest_logins_at(path: str, handler: type) -> type:
    """Return the handler of a path below the hub's; for the page of logins, one that ends the oldest ones."""
    if path == _PATH:
        return type(handler.__name__, (EndsOldestLogins, handler), {"__doc__": handler.__doc__})
    return handler
