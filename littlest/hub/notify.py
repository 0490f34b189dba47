"""Telling systemd the state of the hub."""

import asyncio
import os
import socket
from contextlib import suppress


def notify_systemd(state: str, *, waits: bool = True) -> None:
    """Send a state to systemd, if systemd asked for it. See sd_notify(3).

    Raises OSError when that is not possible; with `waits` it blocks until systemd reads.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.setblocking(waits)
            notifier.sendall(state.encode())


async def keep_watchdog_quiet() -> None:
    """Tell systemd four times in each WatchdogSec= that the event loop runs. See sd_watchdog_enabled(3)."""
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    while microseconds:
        # if this message is lost, the next one comes in time
        with suppress(OSError):
            notify_systemd("WATCHDOG=1", waits=False)
        await asyncio.sleep(microseconds / 1_000_000 / 4)
