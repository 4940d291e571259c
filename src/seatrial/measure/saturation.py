"""The highest rate that meets the objectives: doubled until one does not, then cut in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from seatrial.model.errors import Interrupted
from seatrial.model.load_result import Ending, LoadResult, LoadSeries, SeriesKind

_MOST = 30  # tries
_FLOOR = 1024  # how far below the first rate is looked, by division

Attempt = Callable[[float], LoadResult]


def search(attempt: Attempt, start: float, *, within: float) -> LoadSeries:
    """``within``: how far apart, relatively, the last rate that met them and the first that did not may stay."""
    results: list[LoadResult] = []
    low: float | None = None
    high: float | None = None
    by_client = False
    rate: float | None = start
    while rate is not None and len(results) < _MOST:
        result = _next_one(attempt, rate, results)
        if result is None or not result.complete:
            break
        if result.validity.valid and met(result):
            low = rate
        else:
            high, by_client = rate, not result.validity.valid
        rate = _next(low, high, start, within)
    return LoadSeries(
        kind=SeriesKind.SEARCH,
        results=tuple(results),
        highest=low,
        lowest_missed=high,
        limit_is_client=by_client,
    )


def sweep(attempt: Attempt, rates: Sequence[float], kind: SeriesKind = SeriesKind.SWEEP) -> LoadSeries:
    """One after the other, until somebody stops it."""
    results: list[LoadResult] = []
    for rate in rates:
        result = _next_one(attempt, rate, results)
        if result is None or not result.complete:
            break
    return LoadSeries(kind=kind, results=tuple(results))


def _next_one(attempt: Attempt, rate: float, results: list[LoadResult]) -> LoadResult | None:
    """Added to the results; None where somebody stopped it before it had begun, and there are others to tell of."""
    try:
        results.append(attempt(rate))
    except Interrupted:
        if not results:
            raise
        return None
    return results[-1]


def met(result: LoadResult) -> bool:
    """Whether enough answers were good, of those that were not cut off."""
    counted = result.requests - result.endings.get(Ending.STOPPED, 0)
    return counted > 0 and result.good >= result.plan.slo.share * counted


def _next(low: float | None, high: float | None, start: float, within: float) -> float | None:
    if high is None:
        return start if low is None else low * 2
    if low is None:
        return high / 2 if high > start / _FLOOR else None
    return None if high / low - 1 <= within else math.sqrt(low * high)
