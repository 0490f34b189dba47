"""Guessing a password is slow, and never keeps out the one who knows it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from littlest.hub.login import guesses, hashing
from littlest.hub.login.guesses import Guesses, TooManyTries
from littlest.hub.login.hashing import HashingPool, TooBusy

Check = Callable[[bool], Awaitable[str | None]]


def answer(found: str | None) -> Check:
    async def check(_suspect: bool) -> str | None:
        return found

    return check


@pytest.fixture(autouse=True)
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Much faster than in a hub."""
    for name, seconds in (
        ("PAUSE_SECONDS", 0.2),
        ("PAUSE_SECONDS_OF_NAME", 0.01),
    ):
        monkeypatch.setattr(guesses, name, seconds)


async def guess(door: Guesses[str], name: str, address: str, *, right: bool = False, browser: str = "") -> float:
    began = time.monotonic()
    found = await door.check(name, address, browser, True, answer(name if right else None))
    assert found == (name if right else None)
    return time.monotonic() - began


def make() -> Guesses[str]:
    return Guesses(first_answer=0.01)


def test_a_series_of_guesses_slows_down_and_a_right_password_does_not() -> None:
    async def run() -> None:
        door = make()
        waits = [await guess(door, "ada", "one") for _ in range(16)]
        # one answer each pause, after the free ones
        assert min(waits[-3:]) > 0.12
        # neither from her own address, nor at the guesser's, nor another name there
        for name, address in (("ada", "two"), ("ada", "one"), ("bob", "one")):
            assert await guess(door, name, address, right=True) < 0.12

    asyncio.run(run())


def test_guesses_at_once_are_answered_one_after_the_other() -> None:
    async def run() -> None:
        door = make()
        waits = sorted(await asyncio.gather(*(guess(door, "ada", "one") for _ in range(40))))
        assert max(waits[:10]) < 1.0
        assert waits[-1] > 4.0

    asyncio.run(run())


def test_many_guessers_at_her_own_address_do_not_keep_the_owner_out() -> None:
    async def run() -> None:
        door = make()

        async def go_on() -> None:
            while True:
                try:
                    await guess(door, "ada", "class")
                except TooManyTries:
                    await asyncio.sleep(0.005)

        guessers = [asyncio.create_task(go_on()) for _ in range(40)]
        await asyncio.sleep(1.0)
        waits = [await asyncio.wait_for(guess(door, "ada", "class", right=True), 5.0) for _ in range(3)]
        for one in guessers:
            one.cancel()
        assert max(waits) < 0.5

    asyncio.run(run())


def test_a_flood_at_her_own_address_does_not_reach_the_browser_that_she_always_uses() -> None:
    async def run() -> None:
        door = make()
        flood = [asyncio.create_task(guess(door, "ada", "class")) for _ in range(300)]
        await asyncio.sleep(0.05)
        assert await guess(door, "ada", "class", right=True, browser="hers") < 0.5
        for one in flood:
            one.cancel()
        said = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(one, TooManyTries) for one in said) > 150

    asyncio.run(run())


def test_a_class_behind_one_address_with_a_wrong_password_each_notices_nothing() -> None:
    async def run() -> None:
        door = make()
        names = [f"student-{number}" for number in range(50)]
        for right in (False, False, True):
            waits = await asyncio.gather(*(guess(door, name, "school", right=right) for name in names))
            assert max(waits) < 1.0

    asyncio.run(run())


def test_guesses_from_everywhere_at_one_name_are_slowed_too() -> None:
    async def run() -> tuple[int, float]:
        door = make()
        seen, began = 0, time.monotonic()

        async def check(_suspect: bool) -> str | None:
            nonlocal seen
            seen += 1
            return None

        tries = [
            asyncio.create_task(door.check("ada", f"address-{number}", "", True, check)) for number in range(260)
        ]
        await asyncio.sleep(0.15)
        for one in tries:
            one.cancel()
        return seen, time.monotonic() - began

    seen, seconds = asyncio.run(run())
    # after the first 200, one each pause
    assert 200 <= seen <= 201 + seconds / guesses.PAUSE_SECONDS_OF_NAME


def test_an_unknown_name_is_answered_like_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[float]:
        door: Guesses[str] = Guesses(first_answer=0.3)
        waits = []

        async def hash_it(_suspect: bool) -> str | None:
            await asyncio.sleep(0.05)
            return None

        for known, check in ((True, hash_it), (False, answer(None))):
            began = time.monotonic()
            await door.check("ada" if known else "nobody", "one", "", known, check)
            waits.append(time.monotonic() - began)
        return waits

    known, unknown = asyncio.run(run())
    assert abs(known - unknown) < 0.1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "MOST_HELD", 5)
    monkeypatch.setattr(guesses, "MOST_KEYS", 20)

    async def run() -> None:
        door: Guesses[str] = Guesses(first_answer=0.5)
        tries = [asyncio.create_task(guess(door, f"name-{number}", "one")) for number in range(50)]
        await asyncio.sleep(0.1)
        assert len(door._held) == 5
        assert len(door._known._all) <= 5000
        waits = sorted(await asyncio.gather(*tries))
        # the oldest refusals came early
        assert waits[0] < 0.2 < waits[-1]

    asyncio.run(run())


def test_passwords_of_those_who_did_not_guess_are_hashed_first() -> None:
    async def run() -> list[str]:
        pool, done = HashingPool(threads=1), []

        async def hash_one(name: str, suspect: bool) -> None:
            await pool.run(time.sleep, 0.01, suspect=suspect)
            done.append(name)

        first = [asyncio.create_task(hash_one(f"guess-{number}", True)) for number in range(20)]
        await asyncio.sleep(0.005)
        # the second is tried under the name that somebody guesses at
        await asyncio.gather(hash_one("bob", False), hash_one("ada", True), *first)
        return done

    assert {"bob", "ada"} <= set(asyncio.run(run())[:4])


def test_a_full_pool_refuses_the_oldest_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MOST_WAITING", 3)

    async def run() -> list[object]:
        pool = HashingPool(threads=1)
        jobs = [pool.run(time.sleep, 0.01, suspect=suspect) for suspect in (False, True, True, False, False, True)]
        return [type(found) for found in await asyncio.gather(*jobs, return_exceptions=True)]

    nothing = type(None)
    assert asyncio.run(run()) == [nothing, TooBusy, TooBusy, nothing, nothing, nothing]


def test_a_request_that_ends_while_it_waits_leaves_its_place_to_the_next() -> None:
    async def run() -> None:
        pool = HashingPool(threads=1)
        jobs = [asyncio.create_task(pool.run(time.sleep, 0.02)) for _ in range(3)]
        await asyncio.sleep(0.005)
        jobs[1].cancel()
        await asyncio.wait_for(asyncio.gather(jobs[0], jobs[2], pool.run(time.sleep, 0)), 1.0)

    asyncio.run(run())
