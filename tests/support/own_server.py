"""A real user's server without a hub: started as the spawner starts it, on a Unix socket, with a small kernel."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientSession, ClientTimeout, UnixConnector
from yarl import URL

from littlest.hub.servers.user_environment import make_server_arguments

Result = TypeVar("Result")
BASE = URL("http://localhost/user/ada/")
TOKEN = "a" * 32
SCOPE = "access:servers!server=ada/"
KERNEL = Path(__file__).parent / "small_kernel.py"


HASTY = """
import os, runpy
from littlest.server import activity, computations
activity.EVERY, computations.MEASURED_SECONDS = 0.3, 2.0
# it is in no unit of its own: the other tests run in the same control group
HOME = f"HOME={os.environ['HOME']}"
computations._is_of_unit = lambda process, _cgroup: HOME in computations._read(process / "environ").split(chr(0))
runpy.run_module("littlest.server", run_name="__main__", alter_sys=True)
"""
"""A server that looks for computations more often than it otherwise does."""


class OneUserHub(BaseHTTPRequestHandler):
    """As much of a hub as a server asks for."""

    def do_GET(self) -> None:
        """Answer every token as Ada's."""
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"name": "ada", "kind": "user", "admin": False, "scopes": [SCOPE]}).encode())

    do_POST = do_GET  # noqa: N815  # the name of its base class

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def install_kernel(folder: Path, name: str, *words: str) -> None:
    """Install the small kernel into a folder of JUPYTER_PATH."""
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    command = [sys.executable, str(KERNEL), "{connection_file}", *words]
    (place / "kernel.json").write_text(json.dumps({"argv": command, "display_name": name, "language": "python"}))


class OwnServer:
    """The server of a user who is called Ada; `folder` holds her home and what is installed."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home, self.shared, self.log = folder / "home", folder / "share", folder / "log"
        self._socket = folder / "s"
        # names of sockets have at most 107 characters
        self._runtime = tempfile.TemporaryDirectory()
        self.home.mkdir()
        self._hub = ThreadingHTTPServer(("127.0.0.1", 0), OneUserHub)
        threading.Thread(target=self._hub.serve_forever, daemon=True).start()
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "HOME": str(self.home),
            "JUPYTER_PATH": str(self.shared),
            "JUPYTER_RUNTIME_DIR": self._runtime.name,
            "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8888/user/ada/",
            "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{self._hub.server_port}/hub/api",
            "JUPYTERHUB_API_TOKEN": TOKEN,
            "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
            "JUPYTERHUB_USER": "ada",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([SCOPE]),
            **variables,
        }

    def start(self, *through: str) -> None:
        """Start it through a program, and wait until it answers. Raises AssertionError with its log."""
        arguments = make_server_arguments(str(self._socket), ["/bin/bash", "--norc"])
        with self.log.open("w") as text:
            self._process = subprocess.Popen(
                [*through, sys.executable, "-c", HASTY, *arguments, "--allow-root"],
                env=self._environment,
                cwd=self.home,
                stdout=text,
                stderr=text,
            )
        deadline = time.monotonic() + 60
        while not self._is_answering():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def _is_answering(self) -> bool:
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self._socket)) == 0

    def stop(self) -> None:
        """End it, with its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._hub.shutdown()
            self._runtime.cleanup()

    def run(self, coroutine: Callable[[ClientSession], Coroutine[Any, Any, Result]], seconds: float = 120) -> Result:
        """Run what a client does, given a session in which addresses begin with `BASE`."""

        async def play() -> Result:
            async with self.open_session() as session, asyncio.timeout(seconds):
                return await coroutine(session)

        return asyncio.run(play())

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[ClientSession]:
        """Give a session that is logged in."""
        connector = UnixConnector(str(self._socket))
        headers = {"Authorization": f"token {TOKEN}", "Accept": "application/json"}
        async with ClientSession(connector=connector, headers=headers, timeout=ClientTimeout(total=100)) as session:
            yield session
