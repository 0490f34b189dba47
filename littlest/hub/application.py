"""JupyterHub that restarts under load without losing a request: its socket is systemd's, and it ends in order."""

import asyncio
import os
import signal
import socket
from http import HTTPStatus
from typing import Any, ClassVar

import tornado.httpserver
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.scopes import define_custom_scopes
from jupyterhub.utils import url_escape_path, url_path_join
from tornado.httputil import HTTPConnection, HTTPMessageDelegate

from littlest.errors import LittlestError
from littlest.hub.database.guard import (
    DatabaseKeeper,
    check_emptied,
    make_database_usable,
    remember_database,
)
from littlest.hub.forwarded import Networks, clean_request, parse_networks
from littlest.hub.incoming import SERVER_LIMITS, Incoming
from littlest.hub.live import live
from littlest.hub.log_lines import OneLine
from littlest.hub.measuring import keep_homes_measured
from littlest.hub.notify import keep_watchdog_quiet, notify_systemd
from littlest.hub.pages.own_pages import adapt_page, list_own_pages
from littlest.hub.rights.admin_auditor import AdminAuditor
from littlest.hub.rights.enforce import keep_groups_of_new_users, take_rights_away_at_start
from littlest.hub.rights.one_time import list_passwords, remember_claimed_names
from littlest.hub.rights.roles import restrict_admin_role
from littlest.hub.servers.last_use import give_time_to_report
from littlest.hub.servers.spawner import stop_orphans
from littlest.hub.services import forget_tokens, keep_trying
from littlest.hub.sharing import SharedFolderKeeper
from littlest.hub.start import SETTLED_SECONDS, forget_trial, restart_with_last_good
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name
from littlest.plan.usage_words import render_duration

DRAIN_SECONDS = 5.0
FIRST_INHERITED_DESCRIPTOR = 3
"""The first descriptor of sd_listen_fds(3)."""


def take_inherited_sockets() -> list[socket.socket]:
    """Return the listening sockets that systemd passed; none when started by hand. See sd_listen_fds(3)."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return []
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    os.environ.pop("LISTEN_FDNAMES", None)
    found = [socket.socket(fileno=FIRST_INHERITED_DESCRIPTOR + number) for number in range(count)]
    for one in found:
        one.set_inheritable(False)
        one.setblocking(False)
    return found


def hand_over_sockets(inherited: list[socket.socket]) -> None:
    """Pass the sockets to the program that replaces this process."""
    if inherited:
        os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(inherited))}
    for one in inherited:
        one.set_inheritable(True)


class HubServer(tornado.httpserver.HTTPServer):
    """Listens on systemd's sockets, and answers each request on a connection of its own.

    On a connection that stays open, a request could arrive just when the hub ends.
    """

    inherited: ClassVar[list[socket.socket]] = []
    trusted: ClassVar[Networks] = ()
    """Web servers in front of ours, whose forwarded headers are trusted."""
    proxy_token: ClassVar[str] = ""
    """By which the hub knows that a request came through the proxy."""

    def initialize(self, *arguments: Any, **settings: Any) -> None:
        """Set up, with bounds, and without keeping connections open."""
        self._incoming = Incoming()
        super().initialize(*arguments, **(settings | SERVER_LIMITS | {"no_keep_alive": True}))

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Answer a request, of whose forwarded headers only the trusted ones are left."""
        delegate = clean_request(super().start_request(server_conn, request_conn), self.trusted, self.proxy_token)
        return self._incoming.watch(request_conn.stream, delegate)  # type: ignore[attr-defined]

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection that was closed, also one on which no request had begun."""
        self._incoming.forget(server_conn.stream)
        super().on_close(server_conn)

    def listen(self, port: int, address: str | None = None, *arguments: Any, **settings: Any) -> None:
        """Listen on the inherited sockets; on this address only when there are none."""
        if self.inherited:
            self.add_sockets(self.inherited)
        else:
            super().listen(port, address, *arguments, **settings)

    async def drain(self, seconds: float) -> None:
        """Leave new connections to the next process (the kernel keeps them), and wait for those that are open."""
        self.stop()
        deadline = asyncio.get_running_loop().time() + seconds
        while self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)


class LittlestHub(JupyterHub):
    """JupyterHub on a socket of systemd's, with our pages, rights and servers."""

    _services_starting: ClassVar[set[asyncio.Future[Any]]] = set()

    def init_logging(self) -> None:
        """Set the log up, with one line for each message."""
        super().init_logging()
        for handler in self.log.handlers:
            handler.addFilter(OneLine())

    def init_db(self) -> None:
        """Open the database, once nothing in it can keep the hub from starting."""
        # roles in it may have them
        define_custom_scopes(self.custom_scopes)
        make_database_usable(Machine(), self._make_server_address)
        super().init_db()
        check_emptied(Machine(), self.db.query(orm.User).count())

    def _keep_database_usable(self) -> None:
        """Look at the database again whenever an answer failed."""
        keeper, write_log = DatabaseKeeper(self, self._make_server_address), self.tornado_settings["log_function"]

        def log_request(handler: Any) -> None:
            write_log(handler)
            if handler.get_status() >= HTTPStatus.INTERNAL_SERVER_ERROR:
                keeper.look()

        self.tornado_settings["log_function"] = log_request

    def _make_server_address(self, user: str, server: str) -> dict[str, Any]:
        """Return the address of a server whose row in the database is lost."""
        path = url_path_join(self.base_url, "user", url_escape_path(user), url_escape_path(server), "/")
        return {"proto": "http+unix", "ip": "", "port": 80, "base_url": path, "cookie_name": ""}

    async def init_role_creation(self) -> None:
        """Load the roles, and restrict the admin role."""
        await super().init_role_creation()
        if "admin" not in self.config_role_names:
            restrict_admin_role(self.db)

    async def init_users(self) -> None:
        """Load the users; then take away the rights that config.yaml no longer gives."""
        keep_groups_of_new_users(self.db)
        await super().init_users()
        remember_database(Machine(), self.db.query(orm.User).count())
        remember_claimed_names(self)
        # nobody loses rights because there are no settings
        if live.file:
            await take_rights_away_at_start(self, live.config)
        give_time_to_report(self.db, live.config.services.cull.timeout)
        await self._stop_orphans()

    async def initialize(self, *arguments: Any, **settings: Any) -> None:
        """Prepare the hub; when it does not start with the settings, restart it with the last known good ones."""
        try:
            await super().initialize(*arguments, **settings)
        except (Exception, SystemExit) as error:
            self.log.exception("The hub does not start with these settings")
            hand_over_sockets(HubServer.inherited)
            restart_with_last_good(error)
            raise

    def init_handlers(self) -> None:
        """Add our own pages and API to JupyterHub's."""
        super().init_handlers()
        pages = self.add_url_prefix(self.hub_prefix, [*list_own_pages(self.authenticator)])
        prefix = self.hub_prefix.rstrip("/")
        self.handlers: list[Any] = [
            (path, adapt_page(path.removeprefix(prefix), page), *rest)
            for path, page, *rest in (*pages, *self.handlers)
        ]

    def init_tornado_settings(self) -> None:
        """Let the templates of all pages see the applied settings."""
        super().init_tornado_settings()
        self._keep_database_usable()
        for name in ("jinja2_env", "jinja2_env_sync"):
            self.tornado_settings[name].globals["settings_in_force"] = live
            self.tornado_settings[name].globals["describe_seconds"] = render_duration
            self.tornado_settings[name].globals["list_passwords"] = lambda: list_passwords(self)

    async def update_last_activity(self) -> None:
        """Check the proxy's routes, and leave out when it last saw traffic: a page that is left open makes it, too.

        Servers tell the hub when they were last used.
        """
        routes = await self.proxy.get_all_routes()
        await self.proxy.check_routes(self.users, self._service_map, routes)

    def init_services(self) -> None:
        """Load the services; the tokens that they had before are no longer valid."""
        forget_tokens(self.db)
        super().init_services()

    async def start_service(self, service_name: str, service: Any, ssl_context: Any = None) -> bool:
        """Start a service's program, or check that one that runs elsewhere answers.

        A hub that starts does not wait for its services.
        """
        keep_trying(service, self.log)
        starting = asyncio.ensure_future(super().start_service(service_name, service, ssl_context))
        if self._start_future.done():
            return bool(await starting)
        self._services_starting.add(starting)
        starting.add_done_callback(self._services_starting.discard)
        return True

    async def _stop_orphans(self) -> None:
        """Stop servers that this hub's database does not know, after it was lost or a start was cut short.

        Users cannot reach them, and the culler does not see them. No start is under way, because the hub does not
        take requests yet.
        """
        known = {
            make_unit_name(spawner.user.name, spawner.name)
            for spawner in self.db.query(orm.Spawner).filter(orm.Spawner.server != None)  # noqa: E711  # SQL
        }
        try:
            for unit in await asyncio.to_thread(stop_orphans, Machine(), known):
                self.log.warning("Stopped %s: this hub did not start it, or no longer knows it", unit)
        except LittlestError as error:
            self.log.error("Unknown servers may still run: %s", error.message)

    async def start(self) -> None:
        """Start, and tell systemd when the hub is ready."""
        # JupyterHub listens before it handles signals: a SIGTERM in between would drop requests
        self.init_signal()
        HubServer.trusted = parse_networks(live.config.proxy.trusted)
        AdminAuditor(self).start()
        await super().start()
        self.settling = asyncio.create_task(self._settle())
        self.keeper = asyncio.create_task(SharedFolderKeeper(Machine(), self.log.warning).keep())
        self.measuring = asyncio.create_task(keep_homes_measured(Machine(), self.log.warning))
        self.watchdog = asyncio.create_task(keep_watchdog_quiet())
        notify_systemd("READY=1")

    async def _settle(self) -> None:
        """Forget the failed starts once this one has lasted."""
        await asyncio.sleep(SETTLED_SECONDS)
        self._forget_trial()

    def _forget_trial(self) -> None:
        # refused settings stay refused until you apply or change them
        if not live.refused:
            forget_trial(Machine())

    async def shutdown_cancel_tasks(self, sig: signal.Signals | None = None) -> None:
        """Answer the requests that have arrived, then end; new ones wait for the next process."""
        notify_systemd("STOPPING=1")
        if sig is not None and hasattr(self, "settling"):
            # it had started, and ends on request
            self._forget_trial()
        if isinstance(self.http_server, HubServer):
            await self.http_server.drain(DRAIN_SECONDS)
        await super().shutdown_cancel_tasks(sig)
