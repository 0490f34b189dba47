"""JupyterHub's API for users, with faults mended: a user with open servers can be deleted, a user who is edited keeps
the name, no user is renamed, and who adds users learns which name cannot be, and why."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from jupyterhub.apihandlers.users import UserAPIHandler, UserListAPIHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError

from littlest.config.sections.values import parse_user_name
from littlest.hub.rights.sessions import stop_servers


class UserListHandler(UserListAPIHandler):
    """JupyterHub's own handler says only that a name is invalid."""

    def get_json_body(self) -> Any:
        """Return the body. Raises HTTPError 400 with every name in it that no user can have, and why."""
        body = super().get_json_body()
        names = body.get("usernames") if self.request.method == "POST" and isinstance(body, dict) else None
        problems = [_find_problem(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []
        if found := [problem for problem in problems if problem]:
            raise HTTPError(400, "No user was added. " + " ".join(f"{problem}." for problem in found))
        return body


def _find_problem(name: str) -> str | None:
    """Return why no user can have this name; None when one can."""
    shown = f'"{name[:40]}"'
    # "Lovelace, Ada" is a name in some directories
    if re.search(",[^ ]", name):
        return f"{shown} looks like several names: write each on a line of its own, without commas"
    try:
        parse_user_name(name)
    except ValueError as error:
        return f"{shown} {error}"
    return None


class UserHandler(UserAPIHandler):
    """JupyterHub's own handler stops only the default server, and then refuses to delete a user with a named one."""

    @needs_scope("delete:users")
    async def delete(self, user_name: str) -> None:
        """Stop all servers of the user, then delete the user."""
        user = self.find_user(user_name)
        if user is not None and user.name != self.current_user.name:
            await stop_servers(self.settings["app"], user)
        delete: Callable[[str], Awaitable[None]] = super().delete
        await delete(user_name)

    def get_json_body(self) -> Any:
        """Return the body; when it edits a user, without the name.

        The admin panel sends the unchanged name along, and JupyterHub 6.1 then sets the name to NULL: the panel fails
        for everybody, and so does the next start of the hub. Raises HTTPError 400 for another name, because the
        account, the home and the password belong to the name.
        """
        body = super().get_json_body()
        if self.request.method != "PATCH" or not isinstance(body, dict) or not isinstance(body.get("name"), str):
            return body
        if self.path_args[0] not in (body["name"], self.authenticator.normalize_username(body["name"])):
            raise HTTPError(400, "A user cannot be renamed. Add a user with the new name, and move the files there.")
        return {key: value for key, value in body.items() if key != "name"}


USER_PAGES = (("/api/users", UserListHandler), ("/api/users/([^/]+)", UserHandler))
