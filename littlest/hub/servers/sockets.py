"""The folder in which a user's server listens: only that user and the proxy can enter it."""

import asyncio
import grp
import os
import shutil
from pathlib import Path

from littlest import paths

SOCKET_NAME = "server.sock"


def make_socket_path(unit: str) -> Path:
    """Return the path at which the server of this unit listens."""
    return Path(paths.SERVERS_RUNTIME_DIR) / unit.removesuffix(".service") / SOCKET_NAME


def make_socket_folder(unit: str, uid: int) -> None:
    """Make an empty folder. The socket that the server makes in it gets the folder's group, the proxy's."""
    folder = make_socket_path(unit).parent
    remove_socket_folder(unit)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # not by mkdir, whose mode the hub's umask narrows
    folder.parent.chmod(0o711)
    folder.mkdir(mode=0o700)
    os.chown(folder, uid, grp.getgrnam(paths.PROXY_USER).gr_gid)
    folder.chmod(0o2710)


def remove_socket_folder(unit: str) -> None:
    """Remove the folder and what the user left in it."""
    shutil.rmtree(make_socket_path(unit).parent, ignore_errors=True)


def list_socket_folders() -> tuple[str, ...]:
    """Return the units that have a folder."""
    folder = Path(paths.SERVERS_RUNTIME_DIR)
    return tuple(sorted(f"{entry.name}.service" for entry in folder.iterdir())) if folder.is_dir() else ()


async def is_answering(socket: Path, path: str, timeout: float = 60.0) -> bool:
    """Whether an HTTP server answers on the socket, whatever its answer; False at once when nothing listens.

    `timeout` is in seconds, for a server that listens and is still busy starting.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return (await asyncio.wait_for(reader.readline(), timeout)).startswith(b"HTTP/")
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
