"""What the result files of load generators have in common: distributions told by a few percentiles."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.kit.histogram import Counts, of_percentiles
from seatrial.model.load_result import LoadResult, Row

_SECOND = 1_000_000_000
_LONGEST = 10**7  # seconds; beyond, a time is none
_MOST = 10**12  # requests, tokens


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a file adds up to, and each request where it has them all."""

    result: LoadResult
    rows: tuple[Row, ...] = ()


def times(known: Mapping[float, float], *, total: float, mean: float | None, unit: float = 1.0) -> Counts:
    """``known``: values at shares (0 to 1), in units of so many seconds. A negative time is none: clocks differ a little."""
    nanoseconds = {share: round(seconds(value * unit) * _SECOND) for share, value in known.items() if 0 <= share <= 1}
    return of_percentiles(
        nanoseconds, total=number(total), mean=None if mean is None else seconds(mean * unit) * _SECOND
    )


def seconds(value: float) -> float:
    return min(max(value, 0.0), _LONGEST)


def number(value: float) -> int:
    """Whole, and no more than there can be."""
    return round(min(max(value, 0.0), _MOST))
