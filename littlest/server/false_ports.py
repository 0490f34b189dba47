"""Gives a program Unix sockets where it asks for TCP ports, by answering its system calls: seccomp_unotify(2).

The program runs as the same user as this one. This protects the program's user from others, not from the program.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NUMBERS = {
    # bind, accept, accept4, getsockname, getpeername, setsockopt, getsockopt; seccomp; the architecture in a filter
    "x86_64": ((49, 43, 288, 51, 52, 54, 55), 317, 0xC000003E),
    "aarch64": ((200, 202, 242, 204, 205, 208, 209), 277, 0xC00000B7),
}
NAMES = ("bind", "accept", "accept4", "getsockname", "getpeername", "setsockopt", "getsockopt")
"""The calls that are answered here, in the order of the numbers above."""
PR_SET_NO_NEW_PRIVS = 38
SET_MODE_FILTER, NEW_LISTENER = 1, 8
RECEIVE, SEND, IS_VALID, ADD_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
"""ioctl(2) on the listener."""
AT_NUMBER = 1
"""A flag of ADD_DESCRIPTOR: replace the descriptor of that number."""
CONTINUE = 1
"""A flag of SEND: Linux does what the program asked for."""
ALLOW, DENY, ASK = 0x7FFF0000, 0x00050001, 0x7FC00000
LOOPBACK = bytes((127, 0, 0, 1))
IS_FIRST = 1
"""The port that a connection seems to come from."""


class NotPossible(Exception):
    """Linux does not let this program answer another's calls."""


@dataclass
class Call:
    """One system call that waits for an answer."""

    id: int
    thread: int
    name: str
    arguments: tuple[int, ...]

    @property
    def descriptor(self) -> int:
        """The number of the socket that the call is about."""
        return self.arguments[0] & 0xFFFFFFFF

    def _file(self, *names: object) -> Path:
        return Path("/proc", str(self.thread), *map(str, names))

    def read(self, address: int, size: int) -> bytes:
        """Read the program's memory. Raises OSError."""
        with self._file("mem").open("rb", buffering=0) as memory:
            return os.pread(memory.fileno(), size, address)

    def write(self, address: int, content: bytes) -> None:
        """Write it."""
        with self._file("mem").open("r+b", buffering=0) as memory:
            os.pwrite(memory.fileno(), content, address)

    def find_inode(self) -> int:
        """Return the inode of that socket."""
        return self._file("fd", self.descriptor).stat().st_ino

    def read_flags(self) -> int:
        """Return the flags of the descriptor that the call is about, as open(2) has them."""
        with self._file("fdinfo", self.descriptor).open() as lines:
            return next(int(line.split()[1], 8) for line in lines if line.startswith("flags:"))

    def write_address(self, family: int, port: int, at: int, length_at: int) -> None:
        """Write an address of the loopback interface where the program wants it, as accept(2) does."""
        if not at:
            return
        address = struct.pack("=H2s4s8x", family, port.to_bytes(2, "big"), LOOPBACK)
        if family == socket.AF_INET6:
            mapped = bytes(10) + b"\xff\xff" + LOOPBACK
            address = struct.pack("=H2s4x16s4x", family, port.to_bytes(2, "big"), mapped)
        room = struct.unpack("=I", self.read(length_at, 4))[0]
        self.write(at, address[:room])
        self.write(length_at, struct.pack("=I", len(address)))


class FalsePorts:
    """Unix sockets for the ports of one program. Use it as `with FalsePorts(...) as ports`."""

    def __init__(self, sockets: Mapping[int, str]) -> None:
        """`sockets` has the path of each port."""
        if os.uname().machine not in NUMBERS:
            raise NotPossible(f"not on {os.uname().machine}")
        self._sockets = sockets
        calls, self._seccomp, self._architecture = NUMBERS[os.uname().machine]
        self._calls = dict(zip(calls, NAMES, strict=True))
        self._ours, self._theirs = socket.socketpair()
        self._known: dict[int, tuple[int, int]] = {}
        """Family and port that the program sees, by the number of each socket of ours."""
        self._listening: dict[int, socket.socket] = {}
        self._listener = -1

    def __enter__(self) -> FalsePorts:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._ours, self._theirs, *self._listening.values()):
            one.close()
        if self._listener >= 0:
            os.close(self._listener)

    def enter(self) -> None:
        """Let the calls of this process be answered; call it in the child, before it becomes the program."""
        try:
            listener = self._install_filter()
        except OSError as error:
            self._theirs.send(os.strerror(error.errno or 0).encode() or b"?")
            raise
        socket.send_fds(self._theirs, [b"\0"], [listener])

    def _install_filter(self) -> int:
        def step(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
            return struct.pack("=HBBI", code, true, false, value)

        load, equal, give = 0x20, 0x15, 0x06
        count = len(self._calls)
        steps = [step(load, 4), step(equal, self._architecture, 1, 0), step(give, DENY), step(load, 0)]
        steps += [step(equal, number, count - index) for index, number in enumerate(self._calls)]
        steps += [step(give, ALLOW), step(give, ASK)]
        code = ctypes.create_string_buffer(b"".join(steps))
        program = struct.pack("=H6xQ", len(steps), ctypes.addressof(code))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        listener: int = libc.syscall(self._seccomp, SET_MODE_FILTER, NEW_LISTENER, program)
        if listener < 0:
            raise OSError(ctypes.get_errno(), "seccomp")
        return listener

    def serve(self) -> None:
        """Answer until the program has ended. Raises NotPossible."""
        self._theirs.close()
        said, descriptors, *_ = socket.recv_fds(self._ours, 200, 1)
        if not descriptors:
            raise NotPossible(said.decode() or "it ended")
        (self._listener,) = descriptors
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        while True:
            for _, event in poller.poll():
                if not event & select.POLLIN:
                    return
                if call := self._receive():
                    self._answer(call)

    def _receive(self) -> Call | None:
        buffer = bytearray(80)
        try:
            fcntl.ioctl(self._listener, RECEIVE, buffer)
        except OSError:
            # a signal has ended the call
            return None
        id_, thread, _, number, _, _, *arguments = struct.unpack("=QIIiIQ6Q", buffer)
        return Call(id_, thread, self._calls[number], tuple(arguments))

    def _answer(self, call: Call) -> None:
        try:
            if call.name == "bind":
                result = self._bind(call)
            elif call.find_inode() not in self._known:
                result = None
            elif call.name.startswith("accept"):
                self._accept(call)
                return
            else:
                result = getattr(self, f"_{call.name}")(call)
        except OSError as error:
            result = -(error.errno or errno.EINVAL)
        self._send(call, result)

    def _send(self, call: Call, result: int | None) -> None:
        """Answer a call; None lets Linux do it."""
        value, error, flags = (0, 0, CONTINUE) if result is None else (max(result, 0), min(result, 0), 0)
        try:
            fcntl.ioctl(self._listener, SEND, struct.pack("=QqiI", call.id, value, error, flags))
        except OSError:
            # a signal has ended the call, or the program
            return

    def _give(self, call: Call, one: socket.socket, *, at: int | None = None, closes: bool = False) -> int:
        """Give the program a socket; return its number there. Raises OSError."""
        flags, number = (0, 0) if at is None else (AT_NUMBER, at)
        new = struct.pack("=QIIII", call.id, flags, one.fileno(), number, os.O_CLOEXEC if closes else 0)
        return int(fcntl.ioctl(self._listener, ADD_DESCRIPTOR, bytearray(new)))

    def _bind(self, call: Call) -> int | None:
        family, port = struct.unpack("=H2s", call.read(call.arguments[1], 4))
        path = self._sockets.get(int.from_bytes(port, "big"))
        if family not in (socket.AF_INET, socket.AF_INET6) or path is None:
            return None
        flags = call.read_flags()
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # where the program was started again
        Path(path).unlink(missing_ok=True)
        one.bind(path)
        one.setblocking(not flags & os.O_NONBLOCK)
        self._give(call, one, at=call.descriptor, closes=bool(flags & os.O_CLOEXEC))
        inode = os.fstat(one.fileno()).st_ino
        self._known[inode], self._listening[inode] = (family, int.from_bytes(port, "big")), one
        return 0

    def _accept(self, call: Call) -> None:
        inode = call.find_inode()
        listening = self._listening.get(inode)
        if listening is None:
            self._send(call, -errno.EINVAL)
        elif call.read_flags() & os.O_NONBLOCK:
            self._take_connection(call, listening, *self._known[inode])
        else:
            arguments = (call, listening, *self._known[inode])
            threading.Thread(target=self._take_connection, args=arguments, daemon=True).start()

    def _take_connection(self, call: Call, listening: socket.socket, family: int, port: int) -> None:
        try:
            connection, _ = listening.accept()
        except OSError as error:
            self._send(call, -(error.errno or errno.EAGAIN))
            return
        with connection:
            flags = call.arguments[3] if call.name == "accept4" else 0
            connection.setblocking(not flags & socket.SOCK_NONBLOCK)
            self._known[os.fstat(connection.fileno()).st_ino] = (family, port)
            try:
                number = self._give(call, connection, closes=bool(flags & socket.SOCK_CLOEXEC))
                call.write_address(family, IS_FIRST, call.arguments[1], call.arguments[2])
            except OSError as error:
                number = -(error.errno or errno.EINVAL)
            self._send(call, number)

    def _getsockname(self, call: Call) -> int:
        call.write_address(*self._known[call.find_inode()], call.arguments[1], call.arguments[2])
        return 0

    def _getpeername(self, call: Call) -> int:
        family, _ = self._known[call.find_inode()]
        call.write_address(family, IS_FIRST, call.arguments[1], call.arguments[2])
        return 0

    def _setsockopt(self, call: Call) -> int | None:
        # such as "send at once", which a Unix socket does anyway
        return None if call.arguments[1] == socket.SOL_SOCKET else 0

    def _getsockopt(self, call: Call) -> int | None:
        if call.arguments[1] == socket.SOL_SOCKET:
            return None
        room = struct.unpack("=I", call.read(call.arguments[4], 4))[0]
        call.write(call.arguments[3], bytes(room))
        return 0
