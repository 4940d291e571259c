"""Histograms of whole numbers with a bounded relative error, which merge exactly.

Values below 256 are kept as they are; above, each power of two is divided into 128 parts, so that a value is known to
0.4 % at worst. Two histograms are merged by adding counts: nothing is lost that was not lost at recording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated

import msgspec

_BITS = 7
_ROUND = _BITS + 1  # bits of a value that are kept
_BATCH = 1 << 16  # values that are looked at in one go


_Index = Annotated[int, msgspec.Meta(ge=0, lt=1 << 6 + _BITS)]  # of a value of 64 bits at most
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram at rest: how many values lie in each bucket, and what is known exactly."""

    buckets: Mapping[_Index, _Count] = {}
    total: int = 0
    sum: int = 0
    least: int = 0
    most: int = 0

    @property
    def mean(self) -> float | None:
        return self.sum / self.total if self.total else None

    def percentile(self, share: float) -> float | None:
        """The value below or at which this share (0 to 1) of the values lies; None where there is none."""
        if not self.total:
            return None
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share lies between 0 and 1, not at {share}")
        rank = max(1, -int(-share * self.total // 1))  # rounded up
        if rank >= self.total:
            return float(self.most)
        seen = 0
        for index in sorted(self.buckets):
            seen += self.buckets[index]
            if seen >= rank:
                return min(max(middle(index), float(self.least)), float(self.most))
        return float(self.most)

    def share_within(self, limit: float) -> float | None:
        """The share of the values that are not above the limit."""
        if not self.total:
            return None
        if self.most <= limit:
            return 1.0
        return sum(count for index, count in self.buckets.items() if middle(index) <= limit) / self.total


class Histogram:
    """A histogram that grows. Negative values count as 0."""

    __slots__ = ("_buckets", "least", "most", "sum", "total")

    def __init__(self, start: Counts | None = None) -> None:
        self._buckets: dict[int, int] = {}
        self.total = self.sum = self.least = self.most = 0
        if start is not None:
            self.merge(start)

    def record(self, value: int, times: int = 1) -> None:
        value = max(value, 0)
        shift = value.bit_length() - _ROUND
        index = (shift << _BITS) + (value >> shift) if shift > 0 else value
        buckets = self._buckets
        buckets[index] = buckets.get(index, 0) + times
        self.most = max(self.most, value)
        if value < self.least or not self.total:
            self.least = value
        self.total += times
        self.sum += value * times

    def extend(self, values: Iterable[int]) -> None:
        """Many in one go, for a quarter of the price of ``record``."""
        left = iter(values)
        while batch := list(islice(left, _BATCH)):
            self._extend(batch)

    def _extend(self, values: list[int]) -> None:
        if (least := min(values)) < 0:
            values = [max(value, 0) for value in values]
        indexes = [
            (shift << _BITS) + (value >> shift) if (shift := value.bit_length() - _ROUND) > 0 else value
            for value in values
        ]
        self._add(Counter(indexes), len(values), sum(values), max(least, 0), max(values))

    def merge(self, other: Counts) -> None:
        if other.total:
            self._add(other.buckets, other.total, other.sum, other.least, other.most)

    def _add(self, counted: Mapping[int, int], total: int, sum: int, least: int, most: int) -> None:
        buckets = self._buckets
        for index, count in counted.items():
            buckets[index] = buckets.get(index, 0) + count
        self.least = min(self.least, least) if self.total else least
        self.most = max(self.most, most)
        self.total += total
        self.sum += sum

    def counts(self) -> Counts:
        return Counts(
            buckets=dict(sorted(self._buckets.items())),
            total=self.total,
            sum=self.sum,
            least=self.least,
            most=self.most,
        )

    def taken(self) -> Counts:
        """The counts, and empty from here on."""
        counts = self.counts()
        self._buckets = {}
        self.total = self.sum = self.least = self.most = 0
        return counts


def merged(many: Iterable[Counts]) -> Counts:
    histogram = Histogram()
    for one in many:
        histogram.merge(one)
    return histogram.counts()


def of_percentiles(known: Mapping[float, int], *, total: int, mean: float | None = None) -> Counts:
    """From values at shares (0 to 1): there they are as given; in between, each counts as the next above."""
    histogram, seen = Histogram(), 0
    for share in sorted(known):
        upto = (
            total if share >= 1 else min(max(1, -int(-share * total // 1)), total)
        )  # the rank, as ``percentile`` has it
        if upto > seen:
            histogram.record(known[share], upto - seen)
            seen = upto
    if known and seen < total:
        histogram.record(known[max(known)], total - seen)
    counts = histogram.counts()
    if not counts.total:
        return counts
    least, most = (max(known.get(share, value), 0) for share, value in ((0.0, counts.least), (1.0, counts.most)))
    return msgspec.structs.replace(
        counts, least=least, most=most, sum=counts.sum if mean is None else round(mean * total)
    )


def middle(index: int) -> float:
    """The middle of a bucket."""
    shift = (index >> _BITS) - 1
    if shift <= 0:
        return float(index)
    low = (index - (shift << _BITS)) << shift
    return low + ((1 << shift) - 1) / 2
