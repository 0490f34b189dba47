"""A user's notebook server: `python -I -m littlest.server`. Our spawner starts it from the release, as the user.

It is jupyterhub-singleuser with more server extensions, and without imports that cost seconds.
"""

import sys
from typing import Any

from littlest.server.extensions import EXTENSIONS
from littlest.server.start_failure import run_server
from littlest.server.working_directory import enter_working_directory
from littlest.skipped_imports import leave_out_hub_modules, leave_out_rfc3987

leave_out_rfc3987()
with leave_out_hub_modules():
    from jupyterhub.singleuser.extension import JupyterHubSingleUser


class UserServer(JupyterHubSingleUser):
    """JupyterHub's server with our extensions."""

    @classmethod
    def get_extension_package(cls) -> str:
        """Return the package of the extension that checks who may enter: JupyterHub's."""
        return "jupyterhub"

    @classmethod
    def make_serverapp(cls, **settings: Any) -> Any:
        """Make the server application with our extensions.

        On the command line they would replace the extension that checks who may enter.
        """
        server = super().make_serverapp(**settings)
        server.jpserver_extensions = {**EXTENSIONS, **server.jpserver_extensions}
        # templates are programs, and the folder in which the server runs may be one that others may write to
        server.config.TemplateExporter.extra_template_basedirs = []
        return server


if __name__ == "__main__":
    run_server(lambda: UserServer.launch_instance([*sys.argv[1:], *enter_working_directory()]))
