"""JupyterHub's API for one user, changed so that a user with open servers can be deleted."""

from collections.abc import Awaitable, Callable

from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.scopes import needs_scope

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
