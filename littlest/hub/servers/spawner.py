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
from jupyterhub.utils import url_escape_path, url_path_join
from systemdspawner import SystemdSpawner
from traitlets import Integer

from littlest import paths
from littlest.config.resolve import resolve_limits
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.servers import safe_start, sockets
from littlest.hub.servers.old_paths import find_old_path
from littlest.hub.servers.open_servers import check_open_servers, may_name_servers
from littlest.hub.servers.sandbox import make_unit_properties
from littlest.hub.servers.start_queue import StartQueue
from littlest.hub.servers.user_environment import make_default_url, make_server_arguments, make_server_environment
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_unit_name, may_use_sudo
from littlest.plan.shared_folders import list_links
from littlest.server.plain_shell import make_plain_shell
from littlest.system.accounts.home_links import ensure_links
from littlest.system.accounts.homes import mend_home
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

    answer_seconds = Integer(
        150, min=1, help="After how long a server without an answer is started without the user's own settings."
    ).tag(config=True)

    proxy_spec: Any
    _queue: ClassVar[StartQueue | None] = None
    # systemctl and useradd take their time, and the hub's loop must not wait for them
    _threads: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(16, "spawner")
    _stage = ""
    safe_reason = ""
    """Why the server was started without the user's own settings; empty when it has them."""
    is_admitted = False
    """Whether this server counts towards the user's limit of open servers: it is open, or was allowed to start."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.unit_name = make_unit_name(self.user.name, self.name)
        self.machine = Machine()
        self._configured_url: str = self.default_url
        self.proxy_spec = find_old_path(self) or self.proxy_spec
        if UserServerSpawner._queue is None:
            UserServerSpawner._queue = StartQueue(self.concurrent_starts)
        self.queue = UserServerSpawner._queue

    async def start(self) -> str:
        """Start the server, and return its address once it answers.

        Raises SpawnException with a sentence for the user when the server cannot be started.
        """
        self.unit_name, self._began = make_unit_name(self.user.name, self.name), time.time()
        self.proxy_spec = url_path_join(self.user.proxy_spec, url_escape_path(self.name), "/")
        # no await between the check and the mark, or several starts at once could pass the limit
        check_open_servers(self.user, self, resolve_limits(live.config, self.user.name).open_servers)
        self.is_admitted = True
        try:
            self._take_wish_for_safe_start()
            try:
                return await self._start_in_turn()
            except safe_start.EndedAtOnce as ended:
                if self.safe_reason or self.user.name == paths.CANARY_USER:
                    raise
                self.log.warning("%s: %s. Starting it without the user's own settings", self.unit_name, ended.message)
                self.safe_reason, self._began = ended.message, time.time()
            return await self._start_in_turn()
        except LittlestError as error:
            self.log.error("%s: %s. %s", self.unit_name, error.message, error.hint or "")
            failure = SpawnException(f"Your server could not be started: {error.message}.", reason="littlest")
            # without it the progress page shows the type of the exception
            failure.jupyterhub_message = failure.message
            raise failure from error
        finally:
            self._stage = ""

    def _take_wish_for_safe_start(self) -> None:
        if safe_start.is_asked_for(self.user_options):
            self.safe_reason = safe_start.ASKED
            # JupyterHub would use the options for the next start, too
            self.orm_spawner.user_options = None
            self.db.commit()

    async def _start_in_turn(self) -> str:
        async with self.queue.take_turn(self):
            await self._start_now()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wait_until_it_answers(), TURN_SECONDS)
                return self._make_address()
        await self._wait_until_it_answers()
        return self._make_address()

    async def _start_now(self) -> None:
        self._stage = "Preparing your account"
        account = await self._in_thread(self._prepare_account)
        if await self._read_state() not in systemd.STOPPED_STATES:
            self.log.warning("%s runs but the hub did not know of it; stopping it", self.unit_name)
            await self._in_thread(systemd.stop_units, self.machine, self.unit_name)
        await self._in_thread(sockets.make_socket_folder, self.unit_name, account.uid)
        self._stage = safe_start.describe_stage(self.safe_reason) if self.safe_reason else "Starting your server"
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
            mend_home(self.machine, account.home, account.uid, account.gid)
            ensure_links(self.machine, account, list_links(config, self.user.name, admin=admin))
        except OSError as error:
            self.log.warning("%s gets no links to shared folders, or wrong rights: %s", account.home, error)
        return account

    async def _start_unit(self, account: UserAccount) -> None:
        # the environment that JupyterHub makes from these must agree with the server's arguments
        self.ip, self.port = "127.0.0.1", 8888
        shell = make_plain_shell(account.shell) if self.safe_reason else [account.shell]
        socket = str(sockets.make_socket_path(self.unit_name))
        arguments = make_server_arguments(socket, shell, live.config.external_url)
        limits = resolve_limits(live.config, self.user.name)
        # JupyterHub puts these into the server's environment
        self.mem_limit, self.cpu_limit = limits.memory, limits.cpu
        own = live.config.user_environment
        sudo = may_use_sudo(live.config, self.user.name, admin=self.user.admin)
        properties = make_unit_properties(self.user.name, account, sudo=sudo, limits=limits)
        properties |= {name: str(value) for name, value in self.unit_extra_properties.items()}
        # a drop-in or the section `jupyterhub` goes first
        self.default_url = self._configured_url or make_default_url(live.config, self.user.name)
        environment = make_server_environment(account, own)
        if self.safe_reason:
            arguments = (*arguments, *safe_start.make_safe_arguments(account.home))
            environment = safe_start.make_safe_environment(environment, account.home, self.safe_reason)
            properties = safe_start.make_safe_properties(properties)
        try:
            await self._in_thread(
                systemd.run_transient_unit,
                self.machine,
                self.unit_name,
                [f"{RELEASE}/bin/python", "-I", "-m", "littlest.server", *arguments, *self.get_args()],
                properties=properties,
                environment=environment | self.get_env(),
            )
        except LittlestError as error:
            raise safe_start.EndedAtOnce(error.message, error.hint) from error

    async def _wait_until_it_answers(self) -> None:
        socket = sockets.make_socket_path(self.unit_name)
        loop = asyncio.get_running_loop()
        next_look = loop.time() + STATE_POLL_SECONDS
        last_look = loop.time() + self.answer_seconds
        while not await sockets.is_answering(socket, f"{self.server.base_url}api"):
            if loop.time() > next_look:
                if await self._read_state() in systemd.STOPPED_STATES:
                    said = await self._in_thread(
                        systemd.read_journal_lines, self.machine, self.unit_name, self._began
                    )
                    last = said[-1] if said else "it said nothing"
                    raise safe_start.EndedAtOnce(f"it ended at once ({last})", f"sudo littlest logs {self.user.name}")
                if loop.time() > last_look and not self.safe_reason:
                    raise safe_start.EndedAtOnce(f"it did not answer for {self.answer_seconds} seconds")
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

    async def poll(self) -> int | None:
        """Return None while the server runs, 1 when it has stopped.

        While systemd does not answer the server counts as running: JupyterHub would stop healthy servers at each
        upgrade of systemd.
        """
        state = await self._read_state()
        if state == systemd.NO_ANSWER:
            self.log.warning("systemd does not say whether %s runs; asking again later", self.unit_name)
        return 1 if state in systemd.STOPPED_STATES else None

    def get_state(self) -> dict[str, Any]:
        """Return what the hub keeps over a restart."""
        return {**super().get_state(), "safe_start": self.safe_reason}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take what the hub kept, but for the unit's name: that comes from the user's, and is nobody else's."""
        reason = state.get("safe_start") if isinstance(state, dict) else None
        self.safe_reason = reason if isinstance(reason, str) else ""

    def clear_state(self) -> None:
        """Forget it, at each start and stop."""
        super().clear_state()
        self.safe_reason = ""

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

    @property
    def old_path(self) -> str:
        """The path at which it runs, where the hub had another address when it started; empty otherwise."""
        return find_old_path(self)

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
