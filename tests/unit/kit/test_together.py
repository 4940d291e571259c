from __future__ import annotations

import asyncio

import pytest

from seatrial.kit.together import together


async def gives(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def breaks() -> int:
    raise LookupError("broken")


async def test_results_come_in_the_order_of_the_work() -> None:
    assert await together(gives(1), gives(2), gives(3)) == [1, 2, 3]


async def test_the_first_error_ends_the_others_and_is_raised_as_it_is() -> None:
    ended = asyncio.Event()

    async def waits() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 0

    with pytest.raises(LookupError, match="broken"):
        await together(waits(), breaks())
    assert ended.is_set()


async def test_who_is_stopped_ends_as_stopped_whatever_breaks_because_of_that() -> None:
    async def breaks_when_stopped() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("half-way") from None

    task = asyncio.create_task(together(breaks_when_stopped(), asyncio.sleep(60)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
