"""JupyterHub with what a server that restarts under load needs: an inherited socket, and a tidy end and beginning."""

import asyncio
import os
import signal
import socket
from typing import Any, ClassVar

import tornado.httpserver
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from tornado.httputil import HTTPConnection, HTTPMessageDelegate
from traitlets import List as ListTrait
from traitlets import Unicode

from littlest.errors import LittlestError
from littlest.hub.forwarded import ForwardedHeaders, Networks, parse_networks
from littlest.hub.live import live
from littlest.hub.login.people import FollowsSettings
from littlest.hub.notify import keep_watchdog_quiet, notify_systemd
from littlest.hub.pages import settings_api
from littlest.hub.pages.users import USER_PATH, UserHandler
from littlest.hub.rights.admin_auditor import AdminAuditor
from littlest.hub.rights.enforce import keep_groups_of_new_users, take_rights_away_at_start
from littlest.hub.rights.roles import restrict_admin_role
from littlest.hub.servers.spawner import list_orphans, remove_orphan
from littlest.hub.service_programs import forget_tokens, keep_trying
from littlest.hub.sharing import SharedFolderKeeper
from littlest.hub.start import restart_with_last_good
from littlest.hub.trial import SETTLED_SECONDS, forget_trial
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name

DRAIN_SECONDS = 5.0
FIRST_INHERITED_DESCRIPTOR = 3
"""Where sd_listen_fds(3) begins."""


def take_inherited_sockets() -> list[socket.socket]:
    """The listening sockets that systemd hands over; none when started by hand. See sd_listen_fds(3)."""
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
    """Let the program that replaces this process find the sockets as this one did."""
    if inherited:
        os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(inherited))}
    for one in inherited:
        one.set_inheritable(True)


def _list_sign_up_pages(authenticator: Authenticator) -> tuple[tuple[str, type], ...]:
    """The pages for signing up; none for the other ways to log in, which need not import them."""
    if not (isinstance(authenticator, FollowsSettings) and authenticator.has_sign_up_pages):
        return ()
    from littlest.hub.pages.sign_up import SIGN_UP_PAGES  # noqa: PLC0415  # only where people sign up

    return SIGN_UP_PAGES


class HubServer(tornado.httpserver.HTTPServer):
    """Listens where systemd listens for us, and answers each request on a connection of its own.

    A connection that is kept open could be asked something in the very moment in which the hub ends.
    """

    inherited: ClassVar[list[socket.socket]] = []
    trusted: ClassVar[Networks] = ()
    """Web servers before ours, whose forwarded headers are believed."""

    def initialize(self, *arguments: Any, **settings: Any) -> None:
        """Set up, without keeping connections open."""
        super().initialize(*arguments, **(settings | {"no_keep_alive": True}))

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Answer a request, of whose forwarded headers only the trusted ones are left."""
        return ForwardedHeaders(super().start_request(server_conn, request_conn), self.trusted)

    def listen(self, port: int, address: str | None = None, *arguments: Any, **settings: Any) -> None:
        """Listen on the inherited sockets; on this address only where there are none."""
        if self.inherited:
            self.add_sockets(self.inherited)
        else:
            super().listen(port, address, *arguments, **settings)

    async def drain(self, seconds: float) -> None:
        """Take no more connections (the kernel keeps them for the next process), and wait for those that are open."""
        self.stop()
        deadline = asyncio.get_running_loop().time() + seconds
        while self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)


class LittlestHub(JupyterHub):
    """JupyterHub, started by systemd on a socket of systemd's."""

    trusted_networks = ListTrait(
        Unicode(), help="Web servers before ours: addresses or networks whose forwarded headers are believed."
    ).tag(config=True)
    _services_starting: ClassVar[set[asyncio.Future[Any]]] = set()

    async def init_role_creation(self) -> None:
        """Load the roles; an admin's gives nothing that outlasts it."""
        await super().init_role_creation()
        if "admin" not in self.config_role_names:
            restrict_admin_role(self.db)

    async def init_users(self) -> None:
        """Load the users; then take away what config.yaml gave before and gives no longer."""
        keep_groups_of_new_users(self.db)
        await super().init_users()
        # with defaults that hold for want of settings, nobody loses anything
        if live.file:
            await take_rights_away_at_start(self, live.config)
        await self._remove_orphans()

    async def initialize(self, *arguments: Any, **settings: Any) -> None:
        """Make everything ready; with the last good settings when the hub does not start with those in the file."""
        try:
            await super().initialize(*arguments, **settings)
        except (Exception, SystemExit) as error:
            self.log.exception("The hub does not start with these settings")
            hand_over_sockets(HubServer.inherited)
            restart_with_last_good(error)
            raise

    def init_handlers(self) -> None:
        """Add our own pages and API to JupyterHub's."""
        self.extra_handlers: list[Any] = [*self.extra_handlers, (settings_api.PATH, settings_api.SettingsHandler)]
        super().init_handlers()
        # of two for one path the first counts
        pages = [(USER_PATH, UserHandler), *_list_sign_up_pages(self.authenticator)]
        self.handlers[:0] = self.add_url_prefix(self.hub_prefix, pages)

    def init_tornado_settings(self) -> None:
        """Let the templates of all pages see the applied settings."""
        super().init_tornado_settings()
        for name in ("jinja2_env", "jinja2_env_sync"):
            self.tornado_settings[name].globals["settings_in_force"] = live

    def init_services(self) -> None:
        """Load the services, whose tokens are from now on those of the settings."""
        forget_tokens(self.db)
        super().init_services()

    async def start_service(self, service_name: str, service: Any, ssl_context: Any = None) -> bool:
        """Start a service's program, or look whether one answers that runs elsewhere.

        When the hub starts, neither waits for the other.
        """
        keep_trying(service, self.log)
        starting = asyncio.ensure_future(super().start_service(service_name, service, ssl_context))
        if self._start_future.done():
            return bool(await starting)
        self._services_starting.add(starting)
        starting.add_done_callback(self._services_starting.discard)
        return True

    async def _remove_orphans(self) -> None:
        """Stop servers that this hub's database does not know (a lost database, a start cut short).

        Nobody could reach them, and the culler does not see them. Done before the hub takes requests, so that no
        start is under way.
        """
        known = {
            make_unit_name(spawner.user.name, spawner.name)
            for spawner in self.db.query(orm.Spawner).filter(orm.Spawner.server != None)  # noqa: E711  # SQL
        }
        machine = Machine()
        try:
            orphans = await asyncio.to_thread(list_orphans, machine, known)
        except LittlestError as error:
            self.log.error("Unknown servers are not looked for: %s", error.message)
            return
        for unit in orphans:
            self.log.warning("Stopping %s: this hub did not start it, or no longer knows", unit)
        removals = (asyncio.to_thread(remove_orphan, machine, unit) for unit in orphans)
        for unit, failure in zip(orphans, await asyncio.gather(*removals, return_exceptions=True), strict=True):
            if failure is not None:
                self.log.error("%s is left as it is: %s", unit, failure)

    async def start(self) -> None:
        """Start, and tell systemd."""
        # JupyterHub listens a while before it would do this: told to end in between, it would drop what it was asked
        self.init_signal()
        HubServer.trusted = parse_networks(self.trusted_networks)
        AdminAuditor(self).start()
        await super().start()
        self.settling = asyncio.create_task(self._settle())
        self.keeper = asyncio.create_task(SharedFolderKeeper(Machine(), self.log.warning).keep())
        self.watchdog = asyncio.create_task(keep_watchdog_quiet())
        notify_systemd("READY=1")

    async def _settle(self) -> None:
        """Once this start has lasted, it was none of those that fail."""
        await asyncio.sleep(SETTLED_SECONDS)
        self._forget_trial()

    def _forget_trial(self) -> None:
        # what was refused stays so until somebody tries it again, or it is changed
        if not live.refused:
            forget_trial(Machine())

    async def shutdown_cancel_tasks(self, sig: signal.Signals | None = None) -> None:
        """Answer the requests that came, then end; those that come now wait for the next process."""
        notify_systemd("STOPPING=1")
        if sig is not None and hasattr(self, "settling"):
            # it had started, and ends because it is told to
            self._forget_trial()
        if isinstance(self.http_server, HubServer):
            await self.http_server.drain(DRAIN_SECONDS)
        await super().shutdown_cancel_tasks(sig)
