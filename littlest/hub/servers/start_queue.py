"""The line in which servers wait to be started, so that a class that comes at once does not stall the machine."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class StartQueue:
    """Lets `slots` starts happen at a time, in the order in which they were asked for."""

    def __init__(self, slots: int) -> None:
        self._turns = asyncio.Semaphore(slots)
        self._waiting: list[Hashable] = []

    def read_place(self, who: Hashable) -> int | None:
        """Return the place in line, 1 for the next; None for one who is not waiting."""
        return self._waiting.index(who) + 1 if who in self._waiting else None

    @asynccontextmanager
    async def take_turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait for a slot, and give it back at the end of the context."""
        self._waiting.append(who)
        try:
            await self._turns.acquire()
        finally:
            self._waiting.remove(who)
        try:
            yield
        finally:
            self._turns.release()
