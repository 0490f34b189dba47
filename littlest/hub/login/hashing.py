"""Hashes passwords in a few threads of their own, so that nothing else waits for them, nor they for it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

MOST_THREADS = 4
MOST_WAITING = 100
"""A class of 50 that logs in at one moment, twice."""


class TooBusy(Exception):
    """More passwords wait to be hashed than can be within half a minute."""


class HashingPool:
    """Calls functions in a few threads, in the order in which they come.

    Those for names that are being guessed at wait until no other waits. Of these the newest goes first, and the
    oldest is refused when too many wait: a person comes with one try, and a program with many that have waited long.
    """

    def __init__(self, threads: int = min(MOST_THREADS, max(2, os.cpu_count() or 1))) -> None:
        self._free = threads
        self._threads = ThreadPoolExecutor(threads, "hashing")
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._number = 0

    async def run(self, function: Callable[..., T], *arguments: Any, suspect: bool = False) -> T:
        """Return what the function returns. Raises TooBusy when too many wait."""
        async with self.take_turn(suspect):
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    @contextlib.asynccontextmanager
    async def take_turn(self, suspect: bool) -> AsyncIterator[None]:
        """Wait until a thread is free, and keep it. Raises TooBusy."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(suspect)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, suspect: bool) -> None:
        self._number += 1
        own = (suspect, -self._number if suspect else self._number, asyncio.get_running_loop().create_future())
        self._waiting.append(own)
        if len(self._waiting) > MOST_WAITING:
            last = max(self._waiting)
            self._waiting.remove(last)
            if not last[2].done():
                last[2].set_exception(TooBusy())
        try:
            await own[2]
        except asyncio.CancelledError:
            if own in self._waiting:
                self._waiting.remove(own)
            elif own[2].done() and not own[2].cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let the next one begin in the thread that is free now."""
        while self._waiting:
            first = min(self._waiting)
            self._waiting.remove(first)
            if not first[2].done():
                first[2].set_result(None)
                return
        self._free += 1
