"""Whether a difference is more than chance, and how well a mean is known. Small samples; nothing but arithmetic."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

_ENOUGH = 1e-14


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """In which the mean lies, by Student's distribution; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = student_quantile(len(values) - 1, confidence) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def welch(before: Sequence[float], after: Sequence[float]) -> float | None:
    """The probability of such a difference of means by chance alone (two-sided); None where nothing can be said."""
    if len(before) < 2 or len(after) < 2:
        return None
    spread = [statistics.variance(one) / len(one) for one in (before, after)]
    if sum(spread) == 0:
        return 1.0 if statistics.fmean(before) == statistics.fmean(after) else 0.0
    t = (statistics.fmean(after) - statistics.fmean(before)) / math.sqrt(sum(spread))
    freedom = sum(spread) ** 2 / sum(
        one**2 / (len(values) - 1) for one, values in zip(spread, (before, after), strict=True)
    )
    return student_tails(t, freedom)


def holm(chances: Sequence[float]) -> list[float]:
    """Each, corrected for how many were looked at."""
    corrected = [0.0] * len(chances)
    worst = 0.0
    for rank, number in enumerate(sorted(range(len(chances)), key=lambda one: chances[one])):
        worst = max(worst, min(1.0, chances[number] * (len(chances) - rank)))
        corrected[number] = worst
    return corrected


def student_tails(t: float, freedom: float) -> float:
    """The probability of a value at least as far from 0 on either side."""
    return _beta_share(freedom / 2, 0.5, freedom / (freedom + t * t))


def student_quantile(freedom: float, confidence: float) -> float:
    low, high = 0.0, 1e4
    while high - low > 1e-9 * max(high, 1.0):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tails(middle, freedom) > 1 - confidence else (low, middle)
    return (low + high) / 2


def _beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta_share(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    f, c, d = 1.0, 1.0, 0.0
    for step in range(300):
        m = step // 2
        if step == 0:
            part = 1.0
        elif step % 2 == 0:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / _not_zero(1.0 + part * d)
        c = _not_zero(1.0 + part / c)
        f *= c * d
        if abs(1.0 - c * d) < _ENOUGH:
            break
    return front * (f - 1.0)


def _not_zero(value: float) -> float:
    return value if abs(value) > 1e-30 else 1e-30
