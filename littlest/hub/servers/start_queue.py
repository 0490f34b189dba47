"""The line in which servers wait to be started, so that a class that comes at once does not stall the machine."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class StartQueue:
    """Lets `slots` starts happen at a time, in the order in which they were asked for."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._waiting: dict[Hashable, asyncio.Future[None]] = {}

    def read_place(self, who: Hashable) -> int | None:
        """The place in line, 1 for the next; None for one who is not waiting."""
        return next((place for place, waiting in enumerate(self._waiting, 1) if waiting == who), None)

    @asynccontextmanager
    async def take_turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait for a slot, and give it back at the end."""
        await self._enter(who)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, who: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[who] = turn
        try:
            await turn
        except asyncio.CancelledError:
            if self._waiting.pop(who, None) is None:
                # the turn had come in the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.pop(next(iter(self._waiting))).set_result(None)
        else:
            self._free += 1
