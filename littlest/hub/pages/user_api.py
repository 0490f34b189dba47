"""JupyterHub's API for one user, with three faults mended: a user with open servers can be deleted, a user who is
edited keeps the name, and no user is renamed."""

from collections.abc import Awaitable, Callable
from typing import Any

from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.scopes import needs_scope
from tornado.web import HTTPError

from littlest.hub.rights.sessions import stop_servers

USER_PATH = "/api/users/([^/]+)"


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
