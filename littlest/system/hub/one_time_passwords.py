"""Ask the hub who has no password of their own, and let it make one-time passwords."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from littlest.errors import LittlestError, NotReady
from littlest.system.hub.api import HubApi

_PATH = "littlest/passwords"


@dataclass(frozen=True, slots=True)
class MissingPasswords:
    """The users who have no password of their own yet; nobody where the hub keeps no passwords."""

    unclaimed: tuple[str, ...] = ()
    """The first login under the name chooses its password."""
    one_time: tuple[str, ...] = ()
    """They have not used their one-time password yet."""
    missing: tuple[str, ...] = ()
    """They cannot log in before somebody makes a one-time password."""


def read_missing_passwords(api: HubApi) -> MissingPasswords:
    """Ask the hub. Raises NotReady without an answer."""
    answer = api.send("GET", _PATH)
    match answer.data:
        case {"unclaimed": [*unclaimed], "one_time": [*one_time], "missing": [*missing]}:
            return MissingPasswords(*(tuple(map(str, names)) for names in (unclaimed, one_time, missing)))
    raise NotReady(f"{answer.url} answered {answer.phrase}")


def make_one_time_password(api: HubApi, name: str) -> str:
    """Let the hub make a one-time password for a user, and return it.

    Raises NotReady without an answer, and LittlestError with the hub's reason where there can be none.
    """
    answer = api.send("POST", _PATH, body=json.dumps({"name": name}).encode())
    match answer.data:
        case {"password": str(password)}:
            return password
        case {"message": str(message), "hint": hint} if answer.status == HTTPStatus.CONFLICT:
            raise LittlestError(message, hint if isinstance(hint, str) else None)
    raise NotReady(f"{answer.url} answered {answer.phrase}")
