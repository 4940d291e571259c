"""The highest rate that meets the objectives: doubled until it does not, then halved in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from seatrial.model.load_result import LoadResult

_MOST = 30  # tries


class Try(msgspec.Struct, frozen=True):
    rate: float
    met: bool
    valid: bool
    result: LoadResult


class Found(msgspec.Struct, frozen=True, kw_only=True):
    tries: tuple[Try, ...]
    highest: float | None  # that met the objectives
    lowest_missed: float | None
    limit_is_client: bool  # beyond ``highest``, this client is no measure


def search(attempt: Callable[[float], LoadResult], start: float, *, within: float, most: float = math.inf) -> Found:
    """``within``: how far apart, relatively, the last rate that met them and the first that did not may stay."""
    tries: list[Try] = []
    low: float | None = None
    high: float | None = None
    rate = min(start, most)
    while len(tries) < _MOST:
        result = attempt(rate)
        tries.append(judged(rate, result))
        if not result.complete:
            break
        if tries[-1].met and tries[-1].valid:
            low = rate
        else:
            high = rate
        step = _next(low, high, start, within=within, most=most)
        if step is None:
            break
        rate = step
    missed = [one for one in tries if one.rate == high]
    return Found(
        tries=tuple(tries),
        highest=low,
        lowest_missed=high,
        limit_is_client=any(not one.valid for one in missed),
    )


def judged(rate: float, result: LoadResult) -> Try:
    met = result.requests > 0 and result.good >= result.plan.slo.share * result.requests
    return Try(rate, met, result.validity.valid, result)


def _next(low: float | None, high: float | None, start: float, *, within: float, most: float) -> float | None:
    if high is None:
        return None if low is not None and low >= most else min((low or start) * 2, most)
    if low is None:
        return high / 2 if high > start / 1024 else None
    return None if high / low - 1 <= within else math.sqrt(low * high)


def steps(text: Sequence[float], attempt: Callable[[float], LoadResult]) -> tuple[Try, ...]:
    """Each of these rates, one after the other, until somebody stops it."""
    tries: list[Try] = []
    for rate in text:
        tries.append(judged(rate, attempt(rate)))
        if not tries[-1].result.complete:
            break
    return tuple(tries)
