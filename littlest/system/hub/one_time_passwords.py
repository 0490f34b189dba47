"""Ask the hub who has no password of their own, and let it make one-time passwords."""

import json
from dataclasses import dataclass, fields
from http import HTTPStatus

from littlest.errors import LittlestError, NotReady
from littlest.system.hub.api import HubApi

_PATH = "littlest/passwords"


@dataclass(frozen=True, slots=True)
class UsersPasswords:
    """Which passwords the users have, nobody any where the hub keeps none; and who may not log in any more."""

    unclaimed: tuple[str, ...] = ()
    """The first login under the name chooses its password."""
    one_time: tuple[str, ...] = ()
    """They have not used their one-time password yet."""
    missing: tuple[str, ...] = ()
    """They cannot log in before somebody makes a one-time password."""
    own: tuple[str, ...] = ()
    """They have a password of their own, or the first one that was made for an admin."""
    removed: tuple[str, ...] = ()
    """They are users of the hub, and may not log in any more; with every way to log in."""


def read_users_passwords(api: HubApi) -> UsersPasswords:
    """Ask the hub. Raises NotReady without an answer."""
    answer = api.send("GET", _PATH)
    if answer.status == HTTPStatus.OK and isinstance(answer.data, dict):
        lists = {one.name: answer.data.get(one.name, ()) for one in fields(UsersPasswords)}
        return UsersPasswords(**{name: tuple(map(str, names)) for name, names in lists.items()})
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
