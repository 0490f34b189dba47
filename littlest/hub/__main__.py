"""Starts the hub: `python -I -m littlest.hub`."""

import logging
import os
from pathlib import Path

from littlest.skipped_imports import leave_out_rfc3987

leave_out_rfc3987()

import tornado.httpserver  # noqa: E402

from littlest.hub import application  # noqa: E402


def main() -> None:
    """Run JupyterHub with our configuration until a signal ends it."""
    # for messages before JupyterHub has its own log; journald adds the time
    logging.basicConfig(format="%(message)s")
    logging.getLogger("littlest").setLevel(logging.INFO)
    application.HubServer.inherited = application.take_inherited_sockets()
    application.HubServer.proxy_token = os.environ.get("CONFIGPROXY_AUTH_TOKEN", "")
    # JupyterHub makes its server in the middle of a long method, from this name
    tornado.httpserver.HTTPServer = application.HubServer  # type: ignore[misc]
    config = Path(__file__).with_name("jupyterhub_config.py")
    application.LittlestHub.launch_instance(["--config", str(config)])


if __name__ == "__main__":
    main()
