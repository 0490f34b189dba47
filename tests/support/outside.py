"""Ways between a test machine and the world: a port on localhost that leads in, and user-mode networking out.

Neither changes the host: no bridge, no address, no firewall rule.
"""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support.debian import ensure_system_packages
from tests.support.processes import Background, start_background

SOCKET_PROXY = "/lib/systemd/systemd-socket-proxyd"
NAME_SERVER = "10.0.2.3"
"""The resolver that slirp4netns offers inside the machine."""


def find_free_port(first: int = 8000, count: int = 200) -> int:
    """Find a free TCP port on localhost, counting up from `first`; raises RuntimeError when all are taken."""
    for port in range(first, first + count):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port on localhost between {first} and {first + count - 1}")


def forward_port(leader: int, port: int, inner_port: int, log: Path) -> Background:
    """Lead 127.0.0.1:`port` of the host to 127.0.0.1:`inner_port` of the machine whose process 1 is `leader`."""
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}"]
    # systemd-socket-proxyd takes the listening socket of the host along into the machine's network
    command += ["nsenter", "-t", str(leader), "-n", SOCKET_PROXY, f"127.0.0.1:{inner_port}"]
    with log.open("a") as output:
        forward = start_background(command, output)
    deadline = time.monotonic() + 5
    while not is_listening(port):
        if time.monotonic() > deadline or not forward.is_alive():
            forward.end()
            raise RuntimeError(f"port {port} of localhost could not be opened: {log.read_text()[-500:]}")
        time.sleep(0.05)
    return forward


def is_listening(port: int) -> bool:
    """Say whether something listens on 127.0.0.1:`port`, without connecting to it."""
    wanted = f"0100007F:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sys.byteorder == "little" and any(row[1] == wanted and row[3] == "0A" for row in rows)


def open_the_world(leader: int, log: Path) -> Background:
    """Give the machine a network card whose traffic leaves as ordinary traffic of this process (slirp4netns)."""
    if not shutil.which("slirp4netns"):
        ensure_system_packages("slirp4netns")
    with log.open("a") as output:
        slirp = start_background(
            ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", str(leader), "tap0"], output
        )
    deadline = time.monotonic() + 10
    while not has_card(leader):
        if time.monotonic() > deadline or not slirp.is_alive():
            slirp.end()
            raise RuntimeError(f"slirp4netns gave the machine no network: {log.read_text()[-500:]}")
        time.sleep(0.05)
    return slirp


def has_card(leader: int) -> bool:
    """Say whether the machine has the card's address already."""
    shown = subprocess.run(
        ["nsenter", "-t", str(leader), "-n", "ip", "-4", "addr", "show", "tap0"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "inet " in shown.stdout
