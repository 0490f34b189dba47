"""What the hub tells systemd of itself."""

import os
import socket


def notify_systemd(state: str) -> None:
    """Tell systemd how far the service is; nothing when it did not ask. See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.sendall(state.encode())
