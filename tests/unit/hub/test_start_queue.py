"""The line of servers that wait to be started."""

import asyncio

import pytest

from littlest.hub.servers.start_queue import StartQueue


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def hold(queue: StartQueue, who: str, done: asyncio.Event, log: list[str]) -> None:
    async with queue.take_turn(who):
        log.append(who)
        await done.wait()


def test_as_many_as_there_are_slots_start_and_the_others_know_their_place() -> None:
    async def play() -> None:
        queue, done, log = StartQueue(2), asyncio.Event(), []
        tasks = [asyncio.create_task(hold(queue, name, done, log)) for name in "abcde"]
        await settle()
        assert log == ["a", "b"]
        assert [queue.read_place(name) for name in "abcde"] == [None, None, 1, 2, 3]
        done.set()
        await asyncio.gather(*tasks)
        assert log == list("abcde")

    asyncio.run(play())


def test_who_gives_up_makes_room_and_keeps_no_slot() -> None:
    async def play() -> None:
        queue, done, log = StartQueue(1), asyncio.Event(), []
        first, second, third = (asyncio.create_task(hold(queue, name, done, log)) for name in "abc")
        await settle()
        second.cancel()
        await settle()
        assert queue.read_place("c") == 1
        done.set()
        await asyncio.gather(first, third)
        assert log == ["a", "c"]
        await asyncio.wait_for(hold(queue, "d", done, log), 1)

    asyncio.run(play())


def test_who_gives_up_in_the_moment_of_the_turn_hands_it_on() -> None:
    async def play() -> None:
        queue, done, log = StartQueue(1), asyncio.Event(), []
        async with queue.take_turn("a"):
            second, third = (asyncio.create_task(hold(queue, name, done, log)) for name in "bc")
            await settle()
        # b's turn has come, and b has not noticed yet
        second.cancel()
        done.set()
        await asyncio.wait_for(third, 1)
        assert log == ["c"]
        await asyncio.wait_for(hold(queue, "d", done, log), 1)

    asyncio.run(play())


def test_a_start_that_fails_gives_its_slot_back() -> None:
    async def fail(queue: StartQueue) -> None:
        async with queue.take_turn("a"):
            raise RuntimeError("no")

    async def play() -> None:
        queue, done, log = StartQueue(1), asyncio.Event(), []
        with pytest.raises(RuntimeError):
            await fail(queue)
        done.set()
        await asyncio.wait_for(hold(queue, "b", done, log), 1)

    asyncio.run(play())
