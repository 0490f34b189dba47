"""How often a password may be tried, so that nobody guesses it and nobody keeps its owner out.

A password is checked at once, and a right one is answered at once. What takes longer with each is the answer to a
wrong one: a program that waits for its answers guesses as slowly as they come, however many of it there are. Only
when so many answers are due that no person can be behind them, further tries wait before they are checked.

This counts for each name and the address from which it is tried, so a class behind one address is not slowed down,
and more widely for the name from all addresses together. A browser in which somebody logged in before is counted by
itself (OWASP calls this a device cookie): guesses from elsewhere do not slow it down. An unknown name is answered
like a known one.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

Proof = TypeVar("Proof")

FREE, PLACES, PAUSE_SECONDS = 10, 50, 5.0
"""For one name from one address, or from one browser: so many wrong passwords are answered soon, so many more may
wait for their answer at the same time, and each counts for so long."""
FREE_OF_NAME, PLACES_OF_NAME, PAUSE_SECONDS_OF_NAME = 100, 100, 1.0
"""The same for one name from all addresses."""
FIRST_ANSWER_SECONDS = 1.0
"""When a wrong password is answered: later than any check takes, so that its time says nothing."""
MOST_WAITING = 50
"""Tries that wait to be checked at one turnstile; one more makes the oldest give up."""
MOST_HELD = 300
"""Refusals that wait for their time; one more and the oldest is given early."""
MOST_KEYS = 5000
"""Turnstiles that are remembered, of known and of unknown names each."""


class TooManyTries(Exception):
    """Too many tries wait at a turnstile."""


class Turnstile:
    """Counts tries, each for `pause` seconds, and lets one in only while they are at most `free` and `places`.

    Of those that wait, the newest goes first: a person comes with one, and a program with many that have waited long.
    """

    def __init__(self, free: int, places: int, pause: float) -> None:
        self._free, self._most, self._pause = free, free + places, pause
        self._count, self._counted_at = 0.0, 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def read_count(self) -> float:
        """Return how many tries count now."""
        now = asyncio.get_running_loop().time()
        self._count = max(0.0, self._count - (now - self._counted_at) / self._pause)
        self._counted_at = now
        return self._count

    def find_wait(self) -> float:
        """Return in how many seconds the last try is answered: after the free ones, one each `pause`."""
        return max(0.0, self.read_count() - self._free) * self._pause

    @property
    def is_waited_at(self) -> bool:
        """Whether tries wait here."""
        return bool(self._waiting)

    async def enter(self) -> None:
        """Wait for the turn of one try, and count it. Raises TooManyTries when newer ones took its place."""
        if not self._waiting and self.read_count() <= self._most - 1:
            self._count += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        if len(self._waiting) > MOST_WAITING:
            _settle(self._waiting.popleft(), TooManyTries())
        self._set_timer()
        try:
            await place
        finally:
            if place in self._waiting:
                self._waiting.remove(place)

    def forgive(self, count: float = math.inf) -> None:
        """Count so many tries less, because a password was right."""
        self._count = max(0.0, self.read_count() - count)
        self._open()

    def _set_timer(self) -> None:
        if self._timer is None and self._waiting:
            seconds = (self.read_count() - (self._most - 1)) * self._pause
            self._timer = asyncio.get_running_loop().call_later(max(0.001, seconds), self._open)

    def _open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self.read_count() <= self._most - 1:
            if _settle(self._waiting.pop()):
                self._count += 1
        self._set_timer()


def _settle(place: "asyncio.Future[None]", error: Exception | None = None) -> bool:
    """End the wait of a try, with an error if given; False for one whose request has ended."""
    if place.done():
        return False
    if error is None:
        place.set_result(None)
    else:
        place.set_exception(error)
    return True


class Turnstiles:
    """One turnstile for each key, made at the first use. Of too many, those not used for longest are forgotten."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._all: OrderedDict[Hashable, Turnstile] = OrderedDict()

    def find(self, key: Hashable, *limits: Any) -> Turnstile:
        """Return the turnstile of this key, made with these limits."""
        found = self._all.setdefault(key, Turnstile(*limits))
        self._all.move_to_end(key)
        if len(self._all) > self._most:
            idle = next((one for one, turnstile in self._all.items() if not turnstile.is_waited_at), key)
            del self._all[idle]
        return found


class Guesses(Generic[Proof]):
    """Slows guesses down; all of one hub."""

    def __init__(self, first_answer: float = FIRST_ANSWER_SECONDS) -> None:
        self._first_answer = first_answer
        self._known, self._unknown = Turnstiles(), Turnstiles()
        self._held: OrderedDict[object, asyncio.Event] = OrderedDict()
        self._usual_seconds = 0.0

    async def check(
        self, name: str, address: str, browser: str, is_known: bool, check: Callable[[bool], Awaitable[Proof | None]]
    ) -> Proof | None:
        """Check one password when its turn has come; return what `check` returns, None only after a while.

        `browser` is the mark of a browser in which this name logged in before, or empty. `check` gets whether
        several wrong passwords were tried lately, and returns None for a wrong one.
        Raises TooManyTries, and what `check` raises.
        """
        turnstiles = self._known if is_known else self._unknown
        own = turnstiles.find((name, browser or address, bool(browser)), FREE, PLACES, PAUSE_SECONDS)
        wide = turnstiles.find(name, FREE_OF_NAME, PLACES_OF_NAME, PAUSE_SECONDS_OF_NAME)
        passed = [own] if browser else [own, wide]
        for turnstile in passed:
            await turnstile.enter()
        time = asyncio.get_running_loop().time
        began = time()
        slow = max(turnstile.find_wait() for turnstile in passed)
        # an unknown name costs no hash, however many of them come
        proof = await check(own.read_count() > FREE / 2) if is_known else None
        if proof is not None:
            own.forgive()
            wide.forgive(0 if browser else 1)
            return proof
        if is_known:
            self._usual_seconds = 0.8 * self._usual_seconds + 0.2 * (time() - began)
        await self._hold(began + max(self._first_answer, slow, self._usual_seconds) - time())
        return None

    async def _hold(self, seconds: float) -> None:
        early = asyncio.Event()
        self._held[early] = early
        if len(self._held) > MOST_HELD:
            self._held.popitem(last=False)[1].set()
        try:
            await asyncio.wait_for(early.wait(), max(0.0, seconds))
        except TimeoutError:
            pass
        finally:
            self._held.pop(early, None)
