"""Visits: an admin looks into a user's server from a private window, without the login that makes the admin one.

A page of that server has the hub's origin, and could act in the name of an admin who is logged in. In a private
window it finds no login: the visit's token opens this one server and nothing else.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from littlest.hub.gate.access import ACCESS

MARK = "littlest-visit"
"""The cookie of a window with a visit: nobody can log in there any more."""
TICKET_SECONDS = 300
VISIT_SECONDS = 3600
MOST_TICKETS = 100


@dataclass(frozen=True)
class Ticket:
    """What a link for a private window stands for, once and until `ends` (seconds since 1970)."""

    admin: str
    user: str
    server: str
    next: str
    ends: float


class Tickets:
    """The links that admins were given and did not use yet; a restart of the hub forgets them."""

    def __init__(self) -> None:
        self._open: dict[str, Ticket] = {}

    def make(self, admin: str, user: str, server: str, next_page: str) -> str:
        """Return the secret of a new link; of too many, the oldest ends."""
        while len(self._open) >= MOST_TICKETS:
            del self._open[next(iter(self._open))]
        secret = secrets.token_urlsafe(32)
        self._open[secret] = Ticket(admin, user, server, next_page, time.time() + TICKET_SECONDS)
        return secret

    def take(self, secret: str) -> Ticket | None:
        """Return what the link stands for, and end it; None where it has ended."""
        found = self._open.pop(secret, None)
        return found if found and found.ends > time.time() else None


tickets = Tickets()


def is_visit(handler: Any) -> bool:
    """Whether the browser of a request shows somebody's server in a visit, whatever cookies a page there added."""
    cookies = handler.request.headers.get("Cookie", "").split(";")
    return any(cookie.partition("=")[0].strip() == MARK for cookie in cookies)


def begin_visit(handler: Any, admin: Any, user: str, server: str, token: str) -> None:
    """Make the token of a visit valid, and keep the window from logging in. `admin` is a user of JupyterHub's."""
    admin.new_api_token(
        token=token,
        scopes=[f"{ACCESS}!server={user}/{server}"],
        expires_in=VISIT_SECONDS,
        note=f"Visit to the server of {user}",
    )
    handler._set_cookie(MARK, "1", encrypted=False, path=handler.hub.base_url)
