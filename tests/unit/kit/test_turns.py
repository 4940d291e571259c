from __future__ import annotations

import asyncio

import pytest

from seatrial.kit.turns import Turns


@pytest.mark.parametrize(
    ("first", "second", "beside"),
    [
        (("a",), ("b",), True),
        (("a",), ("a",), False),
        (("a",), ("a/b",), False),
        (("a/b",), ("a",), False),
        (("a/b",), ("a/c",), True),
        (("a",), ("ab",), True),
        (("a", "b"), ("c", "b/1"), False),
        ((), ("a",), True),
    ],
)
async def test_what_meets_is_held_by_turns(first: tuple[str, ...], second: tuple[str, ...], beside: bool) -> None:
    turns, entered = Turns(), asyncio.Event()

    async def enter() -> None:
        async with turns.one_of(second):
            entered.set()

    async with turns.one_of(first):
        task = asyncio.create_task(enter())
        for _ in range(5):
            await asyncio.sleep(0)
        assert entered.is_set() is beside
    await task
    assert entered.is_set()


async def test_the_first_choice_that_is_free() -> None:
    turns = Turns()
    async with turns.one_of(("a",), ("b",)) as first, turns.one_of(("a",), ("b",)) as second:
        assert (first, second) == (0, 1)
    async with turns.one_of(("a",), ("b",)) as again:
        assert again == 0


async def test_who_is_cancelled_while_it_waits_holds_nothing() -> None:
    turns = Turns()

    async def enter() -> None:
        async with turns.one_of(("a",)):
            raise AssertionError("it was not its turn")

    async with turns.one_of(("a",)):
        task = asyncio.create_task(enter())
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with turns.one_of(("a",)) as free:
        assert free == 0


async def test_what_was_spent_and_what_could_not_be_less() -> None:
    loop, now = asyncio.get_running_loop(), 0.0
    turns = Turns()

    async def hold(seconds: float, *names: str) -> None:
        nonlocal now
        async with turns.one_of(names):
            now += seconds

    real, loop.time = loop.time, lambda: now  # type: ignore[method-assign]
    try:
        assert (turns.in_a_row, turns.at_least) == (0.0, (0.0, ""))
        await hold(5.0)
        assert turns.at_least == (5.0, "")
        await hold(3.0, "a/1")
        await hold(4.0, "a/2")
        assert turns.at_least == (5.0, "")  # what is beside each other adds up to nothing
        await hold(2.5, "a")
        assert turns.at_least == (6.5, "a/2")
    finally:
        loop.time = real  # type: ignore[method-assign]
    assert turns.in_a_row == 14.5
