"""Every login with a password passes here: guesses are slow, and no password that is right waits for them."""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, ClassVar

from tornado import web

from littlest.hub.login.guesses import Guesses, TooManyTries
from littlest.hub.login.hashing import HashingPool, TooBusy
from littlest.hub.login.people import FollowsSettings

BROWSER_COOKIE = "littlest-known-browser"
"""Signed: the name under which somebody last logged in with this browser, and a mark of the browser."""
BROWSER_DAYS = 90
LONGEST_NAME = 255


class GuardsPasswords(FollowsSettings):
    """Put before an authenticator class that checks passwords, it slows guesses down."""

    guesses: ClassVar[Guesses[Any]] = Guesses()
    hashing: ClassVar[HashingPool] = HashingPool()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> Any:
        """Check a name and a password. Raises HTTPError 429 for too many tries, 503 for too many logins at once."""
        # in the hub's form: with capitals, two accounts could become one user
        name = self.normalize_username(data.get("username", ""))
        if len(name) > LONGEST_NAME:
            name = ""

        async def check(suspect: bool) -> Any:
            return await self.prove(handler, name, {**data, "username": name}, suspect)

        return await self.guard(handler, name, check) or None

    async def guard(self, handler: Any, name: str, check: Callable[[bool], Awaitable[Any]]) -> Any:
        """Return what `check` returns when its turn has come; None, for a wrong password, only after a while.

        Raises HTTPError as `authenticate`.
        """
        request, mark = getattr(handler, "request", None), _read_mark(handler, name)
        try:
            address = getattr(request, "remote_ip", "")
            proof = await self.guesses.check(name, address, mark, await self.is_known(name), check)
        except TooManyTries as error:
            self.log.warning("Too many wrong passwords for %r, lately from %s", name[:32], address)
            problem = "Too many wrong passwords for this name were tried. Try again in a minute."
            raise web.HTTPError(HTTPStatus.TOO_MANY_REQUESTS, problem) from error
        except TooBusy as error:
            problem = "Too many people are logging in at this moment. Try again in a minute."
            raise web.HTTPError(HTTPStatus.SERVICE_UNAVAILABLE, problem) from error
        if proof is not None and request is not None:
            _write_mark(handler, name, mark)
        return proof

    async def is_known(self, name: str) -> bool:
        """Whether there may be a password to guess under this name."""
        return True

    async def prove(self, handler: Any, name: str, data: dict[str, str], suspect: bool) -> Any:
        """Return who proved to be this user, None for a wrong password, or "" when a right one does not log in.

        `suspect` says that several wrong ones were tried lately: others go first.
        """
        return await super().authenticate(handler, data)


def _read_mark(handler: Any, name: str) -> str:
    """Return the mark of a browser in which this name logged in before; empty for another."""
    read = getattr(handler, "get_secure_cookie", None)
    value = read(BROWSER_COOKIE, max_age_days=BROWSER_DAYS) if read else None
    known, _, mark = (value or b"").decode(errors="replace").rpartition(":")
    return mark if known == name else ""


def _write_mark(handler: Any, name: str, mark: str) -> None:
    value = f"{name}:{mark or secrets.token_hex(8)}"
    handler._set_cookie(BROWSER_COOKIE, value, path=handler.hub.base_url, expires_days=BROWSER_DAYS)
