"""What the hub tells systemd of itself."""

import asyncio
import os
import socket
from contextlib import suppress


def notify_systemd(state: str, *, waits: bool = True) -> None:
    """Tell systemd how far the service is; nothing when it did not ask. See sd_notify(3).

    Raises OSError when that is not possible; at once unless it `waits` until systemd listens.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.setblocking(waits)
            notifier.sendall(state.encode())


async def keep_watchdog_quiet() -> None:
    """Tell systemd again and again that the event loop turns, as often as its WatchdogSec= asks for.

    Nothing when it did not ask. See sd_watchdog_enabled(3).
    """
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    while microseconds:
        # one that is not heard is followed by another in time
        with suppress(OSError):
            notify_systemd("WATCHDOG=1", waits=False)
        await asyncio.sleep(microseconds / 1_000_000 / 4)
