"""A network and a /run, /etc and /var/lib of their own, in which a real hub and a real proxy run."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector
from yarl import URL

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.plan.proxy_pages import PROXY_PAGES, render_proxy_page
from littlest.plan.unit_files import make_package_dir, render_units
from tests.support.network import Network

REPOSITORY = Path(__file__).resolve().parents[2]
PROXY_FILES = REPOSITORY / "littlest/proxy"
TOKEN = "0" * 64
WORLD = """
set -eu
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
sed -i "s/^UID_MIN.*/UID_MIN $1/" /mnt/etc/login.defs
mount --bind /mnt/etc /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
# what is installed on this machine is not the test's
[ ! -d /opt/littlest ] || mount -t tmpfs tmpfs /opt/littlest
mkdir -p /etc/littlest/jupyterhub_config.d /run/lock /run/littlest-proxy /var/lib/littlest-proxy
mkdir -m 700 -p /var/lib/littlest/secrets
ip link set lo up
echo ready
exec sleep 1000
"""
UNSHARE = ("unshare", "--mount", "--net", "--propagation", "private")


def find_first_uid() -> int:
    """Give the first number of user accounts in the worlds of this process of the tests, another one than its twins'.

    The worlds share the list of processes, and the hub kills those that have the number of a user who lost rights.
    """
    return 20_000 + os.getpid() % 200 * 100


class World:
    """Namespaces of their own; what is written to /run, /etc and /var/lib there is gone with them."""

    def __init__(self, proxy_program: list[str], logs: Path) -> None:
        self.node, self.proxy_program = proxy_program
        self.logs = logs
        self.holder = subprocess.Popen(
            [*UNSHARE, "sh", "-c", WORLD, "world", str(find_first_uid())], stdout=subprocess.PIPE
        )
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == b"ready\n"
        self.network = Network(self.holder.pid)
        self.root = Path(f"/proc/{self.holder.pid}/root")
        self.processes: list[subprocess.Popen[bytes]] = []
        # systemd holds it over restarts of the hub; here the test does
        self.listening = self.network.call(self._listen)
        self.public: dict[int, socket.socket] = {}
        """The proxy's, by port."""

    @staticmethod
    def _listen() -> socket.socket:
        return socket.create_server((paths.HUB_ADDRESS, paths.HUB_PORT), backlog=4096)

    def path(self, path: object) -> Path:
        """A path inside, as it is seen from here."""
        return self.root / str(path).lstrip("/")

    def start(self, name: str, script: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a shell script inside; it should `exec`."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["nsenter", f"--target={self.holder.pid}", "--mount", "--net", "bash", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **options,
            )
        self.processes.append(process)
        return process

    def read_log(self, name: str) -> str:
        """What a process said."""
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def start_hub(self) -> "subprocess.Popen[bytes]":
        """Start the hub, and give it once it is ready."""
        process = self.launch_hub()
        self.network.run(self.wait_for_hub(process), 60)
        return process

    def launch_hub(self) -> "subprocess.Popen[bytes]":
        """Start the hub as its unit does, with the listening socket as descriptor 3."""
        descriptor = self.listening.fileno()
        tokens = f"CONFIGPROXY_AUTH_TOKEN={TOKEN} LITTLEST_CULLER_TOKEN={'1' * 64} LITTLEST_COMMAND_TOKEN={'2' * 64}"
        return self.start(
            "hub",
            f"umask 077; cd /var/lib/littlest; exec 3<&{descriptor}; export LISTEN_PID=$$ LISTEN_FDS=1 {tokens} "
            f"PYTHONPATH={REPOSITORY}; exec {sys.executable} -m littlest.hub",
            pass_fds=[descriptor],
        )

    async def wait_for_hub(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until the hub answers. Raises AssertionError when it ends."""
        # the kernel takes the connection long before the hub answers, and also when it never will
        async with ClientSession(timeout=ClientTimeout(total=2)) as session:
            while process.poll() is None:
                with contextlib.suppress(TimeoutError, ClientError):
                    async with session.get(f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}/hub/api/") as answer:
                        assert answer.status == 200
                        return
        raise AssertionError(f"the hub ended: {self.read_log('hub')}")

    def start_proxy(self, port: int = 80) -> "subprocess.Popen[bytes]":
        """Start the proxy as its unit does; gives it once the unit's probe has found it."""
        if port not in self.public:
            self.public[port] = self.network.call(lambda: open_public_port(port))
        self.path(paths.PAGES_DIR).mkdir(exist_ok=True)
        for name in PROXY_PAGES:
            self.path(paths.PAGES_DIR / name).write_text(render_proxy_page(name, "", ""))
        descriptor = self.public[port].fileno()
        process = self.start(
            "proxy",
            f"umask 077; {self.read_proxy_command('ExecStartPre', port)}; "
            f"exec 3<&{descriptor}; export LISTEN_PID=$$ LISTEN_FDS=1 LITTLEST_PORTS={port}; "
            f"export LITTLEST_FRAME_ANCESTORS='{' '.join(self.read_config().frame_ancestors)}'; "
            f"export CONFIGPROXY_AUTH_TOKEN={TOKEN} STATE_DIRECTORY={paths.PROXY_STATE_DIR}; "
            f"exec {self.read_proxy_command('ExecStart', port)}",
            pass_fds=[descriptor],
        )
        probe = self.probe(port)
        assert probe == 0, self.read_log("proxy") + self.read_log("probe")
        return process

    def read_config(self) -> Config:
        """The settings in the file."""
        file = self.path(paths.CONFIG_FILE)
        return load_config(file.read_text() if file.exists() else "", "config.yaml")

    def read_proxy_command(self, directive: str, port: int) -> str:
        """Read a command of the proxy's rendered unit, with the programs and files of this checkout."""
        unit = render_units(load_config(f"http: {{port: {port}}}", "config.yaml"))[paths.PROXY_UNIT]
        lines = unit.replace("\\\n", " ").splitlines()
        (command,) = (line.split("=", 1)[1] for line in lines if line.startswith(f"{directive}="))
        program = "/lib/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
        for installed, here in (
            (f"{make_package_dir()}/proxy", str(PROXY_FILES)),
            (f"{paths.CURRENT_LINK}{program}", self.proxy_program),
            (f"{paths.CURRENT_LINK}/bin/node", self.node),
        ):
            command = command.replace(installed, here)
        assert str(paths.CURRENT_LINK) not in command, command
        return command

    def probe(self, port: int = 80, proxy: "subprocess.Popen[bytes] | None" = None) -> int:
        """Run the probe of the proxy's unit for this proxy process; gives its exit status."""
        probe = self.read_proxy_command("ExecStartPost", port)
        main = f"MAINPID={proxy.pid}" if proxy else ""
        return self.start("probe", f"export CONFIGPROXY_AUTH_TOKEN={TOKEN} {main}; exec {probe}").wait(30)

    def ask_proxy(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the proxy's API."""
        return asyncio.run(self.tell_proxy(method, path, body))

    async def tell_proxy(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the proxy's API, from a coroutine."""
        connector = UnixConnector(str(self.path(paths.PROXY_API_SOCKET)))
        headers = {"Authorization": f"token {TOKEN}"}
        url = URL(f"http://proxy/api/routes{path}", encoded=True)
        async with (
            ClientSession(connector=connector, headers=headers) as session,
            session.request(method, url, json=body) as answer,
        ):
            return await answer.json() if method == "GET" else answer.status

    def stop(self, process: "subprocess.Popen[bytes]", seconds: float = 40.0) -> int:
        """End a process as systemd does; gives its status. JupyterHub gives its services 20 seconds to end."""
        process.terminate()
        return process.wait(seconds)

    def close(self) -> None:
        """End everything inside, and what was started there in sessions of its own (the programs of services)."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        inside = (self.root.parent / "ns/mnt").readlink()
        for other in Path("/proc").glob("[0-9]*/ns/mnt"):
            with contextlib.suppress(OSError):
                if other.readlink() == inside and int(other.parts[2]) != self.holder.pid:
                    os.kill(int(other.parts[2]), signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()
        for listening in (self.listening, *self.public.values()):
            listening.close()
        self.network.close()


def open_public_port(port: int) -> socket.socket:
    """Listen as systemd does for the proxy's socket unit."""
    return socket.create_server(("::", port), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)


def wait_until(true: Any, seconds: float = 20.0) -> None:
    """Wait until a call gives something true; raises AssertionError."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
