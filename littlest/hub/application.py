"""JupyterHub with what a server that restarts under load needs: an inherited socket, and a tidy end and beginning."""

import asyncio
import os
import signal
import socket
from typing import Any, ClassVar

import tornado.httpserver
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from traitlets import Any as AnyTrait
from traitlets import Dict as DictTrait

from littlest.config.model import Users
from littlest.errors import LittlestError
from littlest.hub.drop_ins import keep_drop_ins
from littlest.hub.listed import compare_users, read_listed_users, write_listed_users
from littlest.hub.spawner import list_orphans, remove_orphan
from littlest.hub.systemd import stop_unit
from littlest.plan.accounts import make_account_name, make_unit_name
from littlest.system.accounts import ensure_user_account
from littlest.system.machine import Machine

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


def notify_systemd(state: str) -> None:
    """Tell systemd how far the service is; nothing when it did not ask. See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.sendall(state.encode())


class HubServer(tornado.httpserver.HTTPServer):
    """Listens where systemd listens for us, and answers each request on a connection of its own.

    A connection that is kept open could be asked something in the very moment in which the hub ends.
    """

    inherited: ClassVar[list[socket.socket]] = []

    def initialize(self, *arguments: Any, **settings: Any) -> None:
        """Set up, without keeping connections open."""
        super().initialize(*arguments, **(settings | {"no_keep_alive": True}))

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

    users_listed = AnyTrait(help="The users section of config.yaml; None while it cannot be used.").tag(config=True)
    drop_ins = DictTrait(help="The drop-ins that ran, by name.").tag(config=True)

    async def init_users(self) -> None:
        """Load the users; then take away what config.yaml gave before and gives no longer."""
        await super().init_users()
        if self.users_listed is not None:
            await self._take_rights_away(self.users_listed)
        await self._remove_orphans()

    async def _take_rights_away(self, users: Users) -> None:
        listed, removal = compare_users(read_listed_users(), users)
        for name in sorted(removal.no_longer_admin):
            await self._drop_admin(name)
        for name in sorted(removal.just_removed):
            self.log.info("%s is no longer in config.yaml and may not log in", name)
        # what runs keeps the groups it was started with, and so sudo; and whoever has it open would go on
        for name in sorted(removal.no_longer_admin | removal.just_removed):
            await self._stop_servers(name)
        self.authenticator.allowed_users -= removal.not_allowed
        write_listed_users(listed)

    async def _drop_admin(self, name: str) -> None:
        user = orm.User.find(self.db, name)
        if user is None or not user.admin:
            return
        self.log.info("%s is no longer in users.admin: no longer an admin", name)
        user.admin = False
        admin_role = orm.Role.find(self.db, "admin")
        if admin_role in user.roles:
            user.roles.remove(admin_role)
        self.db.commit()
        machine = Machine()
        if machine.read_account(make_account_name(name)) is None:
            return
        try:
            await asyncio.to_thread(ensure_user_account, machine, name, admin=False)
        except LittlestError as error:
            self.log.error("%s may still have sudo: %s", make_account_name(name), error.message)

    async def _stop_servers(self, name: str) -> None:
        user = orm.User.find(self.db, name)
        for unit in [make_unit_name(name, server) for server in user.orm_spawners] if user else []:
            try:
                await asyncio.to_thread(stop_unit, Machine(), unit)
            except LittlestError as error:
                self.log.error("%s may still run: %s", unit, error.message)

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
            self.log.error("Servers that nobody knows are not looked for: %s", error.message)
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
        await super().start()
        keep_drop_ins(self.drop_ins)
        notify_systemd("READY=1")

    async def shutdown_cancel_tasks(self, sig: signal.Signals | None = None) -> None:
        """Answer the requests that came, then end; those that come now wait for the next process."""
        notify_systemd("STOPPING=1")
        if isinstance(self.http_server, HubServer):
            await self.http_server.drain(DRAIN_SECONDS)
        await super().shutdown_cancel_tasks(sig)
