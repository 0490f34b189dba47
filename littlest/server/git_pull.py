"""A server extension: links that fetch a repository (nbgitpuller), with our checks before anything is fetched.

It takes nbgitpuller's place: the server does not load that extension itself.
"""

import os
from pathlib import Path
from typing import Any

from littlest.server.git_links import AgreedLinks

AGREED_FILE = ".local/share/littlest/agreed-links.json"
"""Below the home: what the user has agreed to fetch."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.git_pull"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from nbgitpuller._compat import get_base_handler  # noqa: PLC0415

    # before its handlers are imported, which take the class that it remembers
    get_base_handler(server)
    from nbgitpuller import handlers  # noqa: PLC0415
    from tornado.web import StaticFileHandler  # noqa: PLC0415

    from littlest.server.git_handlers import InsidePuller, PullPage, PullStream  # noqa: PLC0415

    # its template has the words of the link in it
    handlers.jinja_env.autoescape = True
    handlers.GitPuller = InsidePuller
    server.web_app.settings["nbapp"] = server
    server.web_app.settings["agreed_links"] = AgreedLinks(Path.home() / AGREED_FILE)
    base = f"{server.web_app.settings['base_url'].rstrip('/')}/git-pull"
    static = {"path": os.path.join(os.path.dirname(handlers.__file__), "static")}  # noqa: PTH118, PTH120
    server.web_app.add_handlers(
        ".*",
        [
            (f"{base}/api", PullStream),
            (base, PullPage),
            (f"{base}/static/(.*)", StaticFileHandler, static),
            (base.replace("git-pull", "git-sync"), handlers.LegacyGitSyncRedirectHandler),
            (base.replace("git-pull", "interact"), handlers.LegacyInteractRedirectHandler),
        ],
    )
