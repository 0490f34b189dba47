"""A server extension: a running computation counts as activity, so the idle culler leaves it alone.

Jupyter counts a kernel's messages as activity. A computation that runs for hours and prints nothing sends none, and
would be stopped together with its server when nobody has the page open.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tornado.ioloop import PeriodicCallback

EVERY = 10.0
"""Seconds between checks, well under the shortest time to the culler (600 s) and to the next report (300 s)."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.activity"}]


def _load_jupyter_server_extension(server: Any) -> None:
    settings = server.web_app.settings

    def check() -> None:
        # the server's loop logs exceptions from here, and goes on
        if has_busy_kernel(settings["kernel_manager"].list_kernels()) or has_busy_terminal(
            settings.get("terminal_manager")
        ):
            settings["last_activity_times"]["littlest"] = datetime.now(UTC)

    PeriodicCallback(check, EVERY * 1000).start()


def has_busy_kernel(kernels: Iterable[dict[str, Any]]) -> bool:
    """Whether one of these kernels, as the server's API describes them, is computing."""
    return any(kernel.get("execution_state") == "busy" for kernel in kernels)


def has_busy_terminal(manager: Any) -> bool:
    """Whether a command runs in the foreground of a terminal, rather than its shell waiting for one."""
    for terminal in getattr(manager, "terminals", {}).values():
        process = terminal.ptyproc
        try:
            if os.tcgetpgrp(process.fd) != process.pid:
                return True
        except OSError:
            # the terminal has just been closed
            continue
    return False
