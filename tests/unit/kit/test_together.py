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
