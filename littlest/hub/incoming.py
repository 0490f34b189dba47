"""Bounds what clients may hold open at the hub: how large requests are, how long they take, how many are unfinished.

The proxy passes on only whole requests (`littlest/proxy/limits.cjs`), so these bounds meet programs on this machine.
"""

from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine

SERVER_LIMITS = {
    "max_body_size": 2**20,
    "body_timeout": 20.0,
    # to the end of the headers
    "idle_connection_timeout": 20.0,
    "max_buffer_size": 2 * 2**20,
    "max_header_size": 65536,
}
"""The settings of tornado's HTTPServer, in bytes and seconds."""
MOST_UNFINISHED = 500
"""Requests of which something is still to come; one more and the oldest is closed."""
MOST_BYTES = 32 * 2**20
"""Bytes of all of them together."""


class Incoming:
    """The requests that have not arrived as a whole yet, with their bytes."""

    def __init__(self, most: int = MOST_UNFINISHED, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._unfinished: OrderedDict[Any, int] = OrderedDict()
        self._bytes = 0

    def watch(self, stream: Any, delegate: HTTPMessageDelegate) -> HTTPMessageDelegate:
        """Return a delegate that gets the request, and counts it until it has arrived. `stream` is its connection."""
        self._unfinished[stream] = 0
        if len(self._unfinished) > self._most:
            self._close_oldest()
        return _Watched(self, stream, delegate)

    def add(self, stream: Any, count: int) -> None:
        """Count more bytes of a request."""
        if stream in self._unfinished:
            self._unfinished[stream] += count
            self._bytes += count
            if self._bytes > self._most_bytes:
                self._close_oldest()

    def forget(self, stream: Any) -> None:
        """Count a request no longer."""
        self._bytes -= self._unfinished.pop(stream, 0)

    def _close_oldest(self) -> None:
        oldest = next(iter(self._unfinished))
        self.forget(oldest)
        oldest.close()


class _Watched(HTTPMessageDelegate):
    def __init__(self, incoming: Incoming, stream: Any, delegate: HTTPMessageDelegate) -> None:
        self._incoming, self._stream, self._delegate = incoming, stream, delegate

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._incoming.add(self._stream, len(chunk))
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._incoming.forget(self._stream)
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._incoming.forget(self._stream)
        self._delegate.on_connection_close()
