"""A server extension: when this server was last used, by a person or by a computation; the culler asks the hub.

Jupyter counts every request and every message of a kernel or terminal. A page that is left open asks all the time, so
its server would never be stopped; and a computation that prints nothing would be.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tornado.ioloop import PeriodicCallback

from littlest.server.computations import ProcessorUse, find_busy_kernels, has_busy_terminal
from littlest.server.page_additions import add_to_pages
from littlest.server.persons import PRESENCE_PATH, is_by_person, is_typing, make_presence_script

EVERY = 10.0
"""Seconds between checks, well under the shortest time to the culler (600 s) and to the next report (300 s)."""


class Activity:
    """When a person or a computation was last seen."""

    def __init__(self, manager: Any, find_terminals: Callable[[], Any]) -> None:
        self.last = datetime.now(UTC)
        self._manager, self._find_terminals = manager, find_terminals
        self._use = ProcessorUse()
        self._were_busy: set[str] = set()

    def note(self) -> None:
        """Note that somebody is there now, or something runs."""
        self.last = datetime.now(UTC)

    def look_for_computations(self) -> None:
        """Note what runs now."""
        busy = find_busy_kernels(self._manager)
        # pages ask kernels for their use of memory, for which they are busy for a moment
        is_long = not busy.isdisjoint(self._were_busy)
        self._were_busy = busy
        if self._use.is_computing(time.monotonic()) or is_long or has_busy_terminal(self._find_terminals()):
            self.note()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.activity"}]


def _load_jupyter_server_extension(server: Any) -> None:
    application, settings = server.web_app, server.web_app.settings
    activity = Activity(settings["kernel_manager"], lambda: settings.get("terminal_manager"))
    settings["littlest_activity"] = activity
    # JupyterHub's extension asks it, for the hub
    application.last_activity = lambda: activity.last
    _watch_requests(application, activity, settings["base_url"])
    _watch_terminals(activity)
    script = make_presence_script(settings["base_url"])
    add_to_pages(lambda: script)
    # the server's loop logs exceptions from here, and goes on
    PeriodicCallback(activity.look_for_computations, EVERY * 1000).start()


def _watch_requests(application: Any, activity: Activity, base_url: str) -> None:
    from jupyter_server.base.handlers import APIHandler  # noqa: PLC0415
    from tornado.web import authenticated  # noqa: PLC0415

    class Presence(APIHandler):
        """Where pages tell that a person uses them."""

        @authenticated
        async def get(self) -> None:
            """Take it; the request itself is counted."""
            self.set_status(204)

    application.add_handlers(".*", [(f"{base_url.rstrip('/')}/{PRESENCE_PATH}", Presence)])
    write_log = application.log_request

    def log_request(handler: Any) -> None:
        write_log(handler)
        request = handler.request
        path = request.path.removeprefix(base_url)
        if is_by_person(request.method, path, request.headers, handler.get_status()):
            activity.note()

    application.log_request = log_request


def _watch_terminals(activity: Activity) -> None:
    from jupyter_server_terminals.handlers import TermSocket  # noqa: PLC0415

    pass_on = TermSocket.on_message

    async def on_message(self: Any, message: Any) -> None:
        if is_typing(message):
            activity.note()
        await pass_on(self, message)

    TermSocket.on_message = on_message  # type: ignore[method-assign]
