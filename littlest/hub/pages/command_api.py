"""What the APIs for the `littlest` command have in common."""

from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from tornado import web

SERVICE = "littlest"


class CommandHandler(APIHandler):
    """Answers the command only, which has a service's token."""

    def check_who_asks(self) -> None:
        """Raise HTTPError 403 for anybody else."""
        who = self.current_user
        if not (isinstance(who, orm.Service) and who.name == SERVICE):
            raise web.HTTPError(403, "only the littlest command may ask this")
