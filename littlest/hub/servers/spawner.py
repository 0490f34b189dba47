"""Starts one systemd unit for each user's server, on an account of the user's own."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlsplit

from jupyterhub.spawner import SpawnException
from systemdspawner import SystemdSpawner
from traitlets import Integer

from littlest.config.resolve import resolve_limits
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.servers import sockets
from littlest.hub.servers.open_servers import check_open_servers, may_name_servers
from littlest.hub.servers.sandbox import make_unit_properties
from littlest.hub.servers.start_queue import StartQueue
from littlest.hub.servers.user_environment import make_default_url, make_server_arguments, make_server_environment
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name
from littlest.plan.shared_folders import list_links
from littlest.system.accounts.home_links import ensure_links
from littlest.system.accounts.user_accounts import UserAccount, ensure_user_account
from littlest.system.units import units as systemd

T = TypeVar("T")

RELEASE = Path(sys.prefix).resolve()
"""Looked up once: a server belongs to the release of the hub that started it, wherever `current` points later."""
READY_POLL_SECONDS = 0.05
TURN_SECONDS = 30.0
"""How long one start may keep the others waiting. A server that takes longer continues its start next to theirs."""
STATE_POLL_SECONDS = 1.0


class UserServerSpawner(SystemdSpawner):
    """SystemdSpawner with its own names, limits, queue and error messages."""

    concurrent_starts = Integer(3, min=1, help="How many servers may be starting at the same time.").tag(config=True)

    _queue: ClassVar[StartQueue | None] = None
    # systemctl and useradd take their time, and the hub's loop must not wait for them
    _threads: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(16, "spawner")
    _stage = ""
    is_admitted = False
    """Whether this server counts towards the user's limit of open servers: it is open, or was allowed to start."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.unit_name = make_unit_name(self.user.name, self.name)
        self.machine = Machine()
        self._configured_url: str = self.default_url
        if UserServerSpawner._queue is None:
            UserServerSpawner._queue = StartQueue(self.concurrent_starts)
        self.queue = UserServerSpawner._queue

    async def start(self) -> str:
        """Start the server, and return its address once it answers.

        Raises SpawnException with a sentence for the user when the server cannot be started.
        """
        self.unit_name, self._began = make_unit_name(self.user.name, self.name), time.time()
        # no await between the check and the mark, or several starts at once could pass the limit
        check_open_servers(self.user, self, resolve_limits(live.config, self.user.name).open_servers)
        self.is_admitted = True
        try:
            async with self.queue.take_turn(self):
                await self._start_now()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wait_until_it_answers(), TURN_SECONDS)
                    return self._make_address()
            await self._wait_until_it_answers()
            return self._make_address()
        except LittlestError as error:
            self.log.error("%s: %s. %s", self.unit_name, error.message, error.hint or "")
            failure = SpawnException(f"Your server could not be started: {error.message}.", reason="littlest")
            # without it the progress page shows the type of the exception
            failure.jupyterhub_message = failure.message
            raise failure from error
        finally:
            self._stage = ""

    async def _start_now(self) -> None:
        self._stage = "Preparing your account"
        account = await self._in_thread(self._prepare_account)
        if await self._read_state() not in systemd.STOPPED_STATES:
            self.log.warning("%s runs but the hub did not know of it; stopping it", self.unit_name)
            await self._in_thread(systemd.stop_units, self.machine, self.unit_name)
        await self._in_thread(sockets.make_socket_folder, self.unit_name, account.uid)
        self._stage = "Starting your server"
        starting = asyncio.ensure_future(self._start_unit(account))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # the thread cannot be cancelled, and the hub would not know of the unit that it starts
            with contextlib.suppress(LittlestError):
                await starting
            await self.stop()
            raise

    def _prepare_account(self) -> UserAccount:
        config, admin = live.config, self.user.admin
        account = ensure_user_account(self.machine, config, self.user.name, admin=admin)
        try:
            ensure_links(self.machine, account, list_links(config, self.user.name, admin=admin))
        except OSError as error:
            self.log.warning("%s gets no links to shared folders: %s", account.home, error)
        return account

    async def _start_unit(self, account: UserAccount) -> None:
        # the environment that JupyterHub makes from these must agree with the server's arguments
        self.ip, self.port = "127.0.0.1", 8888
        arguments = make_server_arguments(str(sockets.make_socket_path(self.unit_name)), account.shell)
        limits = resolve_limits(live.config, self.user.name)
        # JupyterHub puts these into the server's environment
        self.mem_limit, self.cpu_limit = limits.memory, limits.cpu
        own = live.config.user_environment
        properties = make_unit_properties(
            self.unit_name, self.user.name, account, admin=self.user.admin, limits=limits
        )
        properties |= {name: str(value) for name, value in self.unit_extra_properties.items()}
        # a drop-in or the section `jupyterhub` goes first
        self.default_url = self._configured_url or make_default_url(live.config, self.user.name)
        await self._in_thread(
            systemd.run_transient_unit,
            self.machine,
            self.unit_name,
            [f"{RELEASE}/bin/python", "-I", "-m", "littlest.server", *arguments, *self.get_args()],
            properties=properties,
            environment=make_server_environment(account, self.unit_name, own) | self.get_env(),
        )

    async def _wait_until_it_answers(self) -> None:
        socket = sockets.make_socket_path(self.unit_name)
        loop = asyncio.get_running_loop()
        next_look = loop.time() + STATE_POLL_SECONDS
        while not await sockets.is_answering(socket, f"{self.server.base_url}api"):
            if loop.time() > next_look:
                if await self._read_state() in systemd.STOPPED_STATES:
                    said = await self._in_thread(
                        systemd.read_journal_lines, self.machine, self.unit_name, self._began
                    )
                    last = said[-1] if said else "it said nothing"
                    raise LittlestError(f"it ended at once ({last})", f"sudo littlest logs {self.user.name}")
                next_look = loop.time() + STATE_POLL_SECONDS
            await asyncio.sleep(READY_POLL_SECONDS)

    def _make_address(self) -> str:
        return f"http+unix://{quote(str(sockets.make_socket_path(self.unit_name)), safe='')}"

    async def get_url(self) -> str:
        """Return the address of a server that runs already; a hub that has just started asks for it.

        The database has no address of a server that was starting when the hub ended.
        """
        address = urlsplit(self._make_address())
        meant = ("http+unix", address.hostname or "", 80)
        if (self.server.proto, self.server.ip, self.server.port) != meant:
            self.server.proto, self.server.ip, self.server.port = meant
            self.db.commit()
        url: str = self.server.url
        return url

    def load_state(self, _state: dict[str, Any]) -> None:
        """Take nothing from the database: the unit's name comes from the user's, and is nobody else's."""

    async def poll(self) -> int | None:
        """Return None while the server runs, 1 when it has stopped.

        While systemd does not answer the server counts as running: JupyterHub would stop healthy servers at each
        upgrade of systemd.
        """
        state = await self._read_state()
        if state == systemd.NO_ANSWER:
            self.log.warning("systemd does not say whether %s runs; asking again later", self.unit_name)
        return 1 if state in systemd.STOPPED_STATES else None

    async def stop(self, now: bool = False) -> None:
        """Stop the server, and remove the folder of its socket."""
        self.is_admitted = False
        await self._in_thread(systemd.stop_units, self.machine, self.unit_name)
        await self._in_thread(sockets.remove_socket_folder, self.unit_name)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Give the messages for the page while the server starts: first the place in line."""
        shown = ""
        while True:
            place = self.queue.read_place(self)
            message = f"Many servers are starting. You are number {place} in line." if place else self._stage
            if message and message != shown:
                shown = message
                yield {"progress": 10 if place else 50, "message": message}
            await asyncio.sleep(0.2)

    def may_name_servers(self) -> bool:
        """Whether the hub's page shows the user named servers."""
        return may_name_servers(self.user)

    async def _read_state(self) -> str:
        return await self._in_thread(systemd.read_active_state, self.machine, self.unit_name)

    async def _in_thread(self, function: Callable[..., T], *arguments: Any, **settings: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*arguments, **settings)
        )


def stop_orphans(machine: Machine, known: set[str]) -> tuple[str, ...]:
    """Stop the units of users' servers that the hub does not know, with the folders of their sockets; return them.

    Raises CommandFailed when systemd does not stop them in time.
    """
    found = {*sockets.list_socket_folders(), *(unit["Id"] for unit in systemd.show_server_units(machine))}
    orphans = tuple(sorted(found - known))
    if orphans:
        systemd.stop_units(machine, *orphans)
    for unit in orphans:
        sockets.remove_socket_folder(unit)
    return orphans
