"""A test machine on which Littlest JupyterHub is installed, and the people who use it."""

import asyncio
import json
import time
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.support.hub_client import HubClient, escape, use_once
from tests.support.machine import Machine
from tests.support.network import Network

Result = TypeVar("Result")
ADMIN = "admin"
PASSWORD = "correct horse battery"
"""What every student of these tests chooses at the first login."""


class Server:
    """The hub of a running machine, as its users see it: at the machine's own 127.0.0.1."""

    def __init__(self, machine: Machine, base_url: str = "/", port: int = 80) -> None:
        self.machine = machine
        self.url = f"http://127.0.0.1{'' if port == 80 else f':{port}'}{base_url}"
        self.network = Network(machine.leader)

    def run(self, coroutine: Coroutine[Any, Any, Result], seconds: float = 300.0) -> Result:
        """Run what a client does, in the machine's network; raises TimeoutError after `seconds`."""
        return self.network.run(coroutine, seconds)

    # ---- waiting ----------------------------------------------------------------------------------------------

    def wait_until_ready(self, seconds: float = 60.0) -> float:
        """Wait until the hub's API answers through the proxy; gives the seconds that took, raises AssertionError."""
        return self.run(self._answers(seconds), seconds + 10)

    async def _answers(self, seconds: float) -> float:
        start = time.monotonic()
        problem = "never asked"
        async with ClientSession(timeout=ClientTimeout(total=5)) as session:
            while time.monotonic() - start < seconds:
                try:
                    async with session.get(f"{self.url}hub/api/") as answer:
                        if answer.status == 200 and "version" in await answer.json():
                            return time.monotonic() - start
                        problem = f"HTTP {answer.status}"
                except (ClientError, TimeoutError, OSError, ValueError) as failure:
                    problem = repr(failure)
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.url} did not answer within {seconds:.0f} s: {problem}")

    # ---- people -----------------------------------------------------------------------------------------------

    def admin_password(self) -> str:
        """Read the first admin's password where the installer put it."""
        return self.machine.read(f"/var/lib/littlest/secrets/initial-passwords/{ADMIN}").strip()

    def client(self, user: str, password: str = PASSWORD) -> HubClient:
        """Make the client of a student. Use it inside `run` only."""
        return HubClient(self.url, user, password)

    def admin(self) -> HubClient:
        """Make the client of the first admin. Use it inside `run` only."""
        return HubClient(self.url, ADMIN, self.admin_password())

    def add_users(self, users: Iterable[str]) -> None:
        """Add users as a teacher does in the admin panel; those who are there already stay as they are."""
        admin = self.admin()

        async def add() -> None:
            async with admin:
                await admin.login()
                for user in users:
                    status, said = await admin.api("POST", f"users/{escape(user)}")
                    assert status in {201, 409}, f"the user {user!r} was not added: HTTP {status} {said}"

        self.run(add())

    def stop_servers(self) -> None:
        """Stop the servers of all users, through the hub, so that the next test has the machine to itself."""
        admin = self.admin()

        async def stop() -> None:
            async with admin:
                await admin.login()
                _status, people = await admin.api("GET", "users?state=active")
                for person in people:
                    await admin.api("DELETE", f"users/{escape(person['name'])}/server")
                async with asyncio.timeout(60):
                    while (await admin.api("GET", "users?state=active"))[1]:
                        await asyncio.sleep(0.2)

        self.run(stop())

    def use(self, user: str, code: str = "6*7", password: str = PASSWORD) -> str:
        """Have a user log in, start a server, open JupyterLab and run code; gives what the code gave."""
        return self.run(use_once(self.url, user, password, code))

    def use_as_admin(self, code: str = "6*7") -> str:
        """The same as the first admin."""
        return self.use(ADMIN, code, self.admin_password())

    # ---- what the machine knows -------------------------------------------------------------------------------

    def littlest(self, *words: str, check: bool = True) -> Any:
        """Run `littlest WORDS --json` and give what it wrote, decoded."""
        is_status = words == ("status",)
        found = json.loads(self.machine.run(["littlest", *words, "--json"], check=check and not is_status).stdout)
        if is_status:
            # a host with cgroup v1 gives its machines no limits of memory, and `status` says so
            found["problems"] = [line for line in found["problems"] if "no limit of memory" not in line]
            found["healthy"] = not found["problems"]
            assert found["healthy"] or not check, found["problems"]
        return found

    def unit_property(self, unit: str, name: str) -> str:
        """Read one property of a unit, as systemctl shows it."""
        return self.machine.run(["systemctl", "show", unit, f"--property={name}", "--value"]).stdout.strip()

    def list_server_units(self) -> list[str]:
        """List the units of user servers that run."""
        shown = self.machine.run(
            "systemctl list-units --plain --no-legend --state=running 'jupyter-*.service'"
        ).stdout
        return sorted(line.split()[0] for line in shown.splitlines() if line.strip())

    def find_account(self, user: str) -> str:
        """Find the Unix account of a hub user, by running code as that user."""
        return self.use(user, "import getpass; getpass.getuser()").strip("'")

    def configure(self, settings: str) -> None:
        """Replace /etc/littlest/config.yaml, keeping its owner and mode, and apply it."""
        self.machine.run("cat >/etc/littlest/config.yaml", stdin=settings)
        self.machine.run("littlest apply")
