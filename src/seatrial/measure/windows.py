"""The run cut into stretches of equal length, which grow as it goes on, so that there are never too many."""

from __future__ import annotations

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.model.load_result import Ending, Row, Window

_MOST = 512


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

    def add(self, row: Row, *, tokens: int, good: bool) -> None:
        self._at(row.begun).begun += 1
        self._at(row.end).ended += 1
        one = self._at(row.due)
        one.due += 1
        if row.ending is not Ending.OK:
            one.failed += row.ending is not Ending.STOPPED
            return
        one.ok += 1
        one.good += good
        one.tokens += tokens
        one.whole.record(row.end - row.due)
        if row.first >= 0:
            one.ttft.record(row.first - row.due)

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

    def _at(self, moment: int) -> _Stretch:
        while (number := max(moment, 0) // self._length) >= _MOST:
            self._halve()
        while number >= len(self._all):
            self._all.append(_Stretch())
        return self._all[number]

    def _halve(self) -> None:
        for left, right in zip(self._all[::2], self._all[1::2], strict=False):
            left.join(right)
        self._all = self._all[::2]
        self._length *= 2


def _percentiles(counts: Counts) -> tuple[float, float, float] | None:
    found = [counts.percentile(share) for share in (0.5, 0.95, 0.99)]
    half, most, nearly = (None if one is None else one / NANOSECONDS for one in found)
    return None if half is None or most is None or nearly is None else (half, most, nearly)
