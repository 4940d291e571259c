"""Percentiles of numbers and of buckets, and how sure one may be of a share. Arithmetic alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SURE = 1.959964  # standard deviations for 95 %


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of numbers in ascending order: the smallest that is not exceeded by so large a share of them."""
    if not ordered:
        raise ValueError("there is nothing to take a quantile of")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def between(cumulative: Sequence[tuple[float, float]], share: float) -> tuple[float, float]:
    """Of buckets, each with its upper bound and how many are at or below it: the two bounds between which the quantile lies.

    The lowest bucket begins at zero. Above the last finite bound nobody knows how far it goes, so that is infinity.
    """
    total = cumulative[-1][1] if cumulative else 0.0
    if total <= 0:
        raise ValueError("there is nothing to take a quantile of")
    low = 0.0
    for bound, count in cumulative:
        if count >= share * total:
            return low, bound
        low = bound
    return low, math.inf


def interpolated(cumulative: Sequence[tuple[float, float]], share: float) -> float:
    """As PromQL's ``histogram_quantile`` does: evenly spread within the bucket; the last finite bound for what is above all."""
    low, high = between(cumulative, share)
    if math.isinf(high):
        return low
    counts = dict(cumulative)
    below, upto = counts.get(low, 0.0), counts[high]
    if upto <= below:
        return high
    return min(high, low + (high - low) * ((share * cumulative[-1][1] - below) / (upto - below)))


def share_between(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval: the true share lies in it with 95 %."""
    if of <= 0:
        return 0.0, 1.0
    share, squared = hits / of, _SURE**2
    middle = (share + squared / (2 * of)) / (1 + squared / of)
    half = _SURE * math.sqrt(share * (1 - share) / of + squared / (4 * of * of)) / (1 + squared / of)
    return max(0.0, middle - half), min(1.0, middle + half)
