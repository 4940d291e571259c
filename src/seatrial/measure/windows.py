"""The run cut into stretches of equal length, which grow as it goes on, so that there are never too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.model.load_result import Ending, Row, Window

_MOST = 512


class Answers(msgspec.Struct, frozen=True):
    """Requests that went well, and of each how many tokens came and whether it was good."""

    rows: Sequence[Row]
    tokens: Sequence[int]
    good: Sequence[bool]


class _Stretch:
    __slots__ = ("begun", "due", "ended", "failed", "good", "ok", "tokens", "ttft", "whole")

    def __init__(self) -> None:
        self.due = self.ok = self.failed = self.good = self.tokens = self.begun = self.ended = 0
        self.ttft, self.whole = Histogram(), Histogram()

    def join(self, other: _Stretch) -> None:
        for name in ("due", "ok", "failed", "good", "tokens", "begun", "ended"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.ttft.merge(other.ttft.counts())
        self.whole.merge(other.whole.counts())


class Windows:
    """Requests count in the window in which they were due; what runs at once, when it did."""

    def __init__(self, length: int = NANOSECONDS) -> None:
        self._length = length
        self._all: list[_Stretch] = []
        self.ttft, self.whole = Histogram(), Histogram()  # of all stretches together, from when requests were due

    def add(self, rows: Sequence[Row], well: Answers) -> None:
        """``well``: those of the rows that went well."""
        if not rows:
            return
        due, begun, ended = ([row.due for row in rows], [row.begun for row in rows], [row.end for row in rows])
        self._reach(max([*due, *begun, *ended]))
        for name, moments in (("due", due), ("begun", begun), ("ended", ended)):
            self._count(name, moments)
        if len(well.rows) < len(rows):
            failed = [row.due for row in rows if row.ending is not Ending.OK and row.ending is not Ending.STOPPED]
            self._count("failed", failed)
        for number, some in self._by_window(well):
            self._add(self._all[number], some)

    def _add(self, one: _Stretch, well: Answers) -> None:
        one.ok += len(well.rows)
        one.good += sum(well.good)
        one.tokens += sum(well.tokens)
        whole, ttft = Histogram(), Histogram()
        whole.extend([row.end - row.due for row in well.rows])
        ttft.extend([row.first - row.due for row in well.rows if row.first >= 0])
        for seen, kept in ((whole.counts(), (one.whole, self.whole)), (ttft.counts(), (one.ttft, self.ttft))):
            for histogram in kept:
                histogram.merge(seen)

    def taken(self) -> tuple[Window, ...]:
        windows, flying = [], 0
        seconds = self._length / NANOSECONDS
        for number, one in enumerate(self._all):
            flying += one.begun - one.ended
            windows.append(
                Window(
                    at=number * seconds,
                    seconds=seconds,
                    due=one.due,
                    ok=one.ok,
                    failed=one.failed,
                    good=one.good,
                    tokens=one.tokens,
                    in_flight=flying,
                    ttft=_percentiles(one.ttft.counts()),
                    whole=_percentiles(one.whole.counts()),
                )
            )
        return tuple(windows)

    def _count(self, name: str, moments: Sequence[int]) -> None:
        length = self._length
        for number, count in Counter([moment // length for moment in moments]).items():
            one = self._all[max(number, 0)]
            setattr(one, name, getattr(one, name) + count)

    def _by_window(self, well: Answers) -> Iterator[tuple[int, Answers]]:
        length = self._length
        numbers = [row.due // length for row in well.rows]
        different = set(numbers)
        if len(different) == 1:
            yield max(numbers[0], 0), well
            return
        places: dict[int, list[int]] = {number: [] for number in different}
        for place, number in enumerate(numbers):
            places[number].append(place)
        for number, some in places.items():
            yield (
                max(number, 0),
                Answers(
                    [well.rows[place] for place in some],
                    [well.tokens[place] for place in some],
                    [well.good[place] for place in some],
                ),
            )

    def _reach(self, moment: int) -> None:
        while (number := max(moment, 0) // self._length) >= _MOST:
            self._halve()
        while number >= len(self._all):
            self._all.append(_Stretch())

    def _halve(self) -> None:
        for left, right in zip(self._all[::2], self._all[1::2], strict=False):
            left.join(right)
        self._all = self._all[::2]
        self._length *= 2


def _percentiles(counts: Counts) -> tuple[float, float, float] | None:
    found = [counts.percentile(share) for share in (0.5, 0.95, 0.99)]
    half, most, nearly = (None if one is None else one / NANOSECONDS for one in found)
    return None if half is None or most is None or nearly is None else (half, most, nearly)
