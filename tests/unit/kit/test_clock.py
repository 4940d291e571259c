from __future__ import annotations

import datetime as dt

import pytest

from seatrial.kit.clock import FakeClock, SystemClock


def test_the_system_clock_knows_its_zone_and_only_goes_forward() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    assert clock.now().utcoffset() == dt.timedelta(0)
    assert clock.monotonic() >= before


async def test_a_fake_clock_stands_still_until_somebody_sleeps() -> None:
    clock = FakeClock()
    start = clock.now()
    assert clock.now() == start
    await clock.sleep(90)
    assert clock.now() - start == dt.timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_a_fake_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="only goes forward"):
        FakeClock().advance(-1)
