"""Averages of tracks over a while, by device, node and namespace, and when such an average says anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from seatrial.catalog.measures.serving import too_short
from seatrial.catalog.views.device_tracks import DeviceTrack, Point
from seatrial.model.measure import Measure, Row, doubted
from seatrial.model.metric import Means

_FEWEST = 5  # points; a proposal
_MOST_ROWS = 256  # devices that are told one by one, those that are least busy; a page holds no more
_CELLS = 60
_ROUNDED = 0.5  # per cent: exporters tell whole ones

Points = Callable[[DeviceTrack], Sequence[Point]]
Found = Sequence[tuple[DeviceTrack, Sequence[Point]]]


def busy(one: DeviceTrack) -> Sequence[Point]:
    return one.busy


def full(one: DeviceTrack) -> Sequence[Point]:
    return one.full


class Sum(msgspec.Struct):
    total: float = 0.0
    many: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.many if self.many else 0.0


def average(
    id: str, tracks: Sequence[DeviceTrack], points: Points, means: Means, *, held: bool, source: str
) -> Measure:
    """In per cent, of all devices or of those that somebody holds; each point counts alike."""
    found = [(track, [one for one in points(track) if one.namespace or not held]) for track in tracks]
    every = [one for _, those in found for one in those]
    of_all = sum_of(every)
    covered = _covered([one for track in tracks for one in points(track)], means.step)
    values = [one.value for one in every]
    error = (
        _ROUNDED + 100 * (max(values) - min(values)) * min(1.0, means.step / max(covered, means.step))
        if values
        else 0.0
    )
    value = round(100 * of_all.mean, 2)
    measure = Measure(
        id=id,
        value=value,
        unit="%",
        low=max(0.0, round(value - error, 2)),
        high=min(100.0, round(value + error, 2)),
        source=source,
        samples=of_all.many,
        seconds=round(covered, 1),
        step=_cell(means),
        rows=tuple(_rows(found, means)),
    )
    whose = "accelerator that somebody holds" if held else "accelerator"
    return doubted(measure, *doubts(of_all.many, covered, means, whose))


def doubts(points: int, covered: float, means: Means, what: str) -> Iterable[str]:
    if not points:
        yield f"there is no point of an {what} in the last {means.window:g} s"
        return
    if points < _FEWEST:
        yield f"too few: {points} points, and {_FEWEST} are wanted"
    if short := too_short(covered, means.window):
        yield short


def sum_of(points: Iterable[Point]) -> Sum:
    found = Sum()
    for one in points:
        found.total += one.value
        found.many += 1
    return found


def _covered(points: Sequence[Point], step: float) -> float:
    if not points:
        return 0.0
    times = [one.at for one in points]
    return max(times) - min(times) + step


def _cell(means: Means) -> float:
    return max(means.step, means.window / _CELLS)


def _rows(found: Found, means: Means) -> Iterable[Row]:
    by: dict[tuple[str, str], Sum] = defaultdict(Sum)
    for track, points in found:
        for one in points:
            for key in (("namespace", one.namespace or "nobody"), ("node", track.node or "not known")):
                by[key].total += one.value
                by[key].many += 1
    for (kind, name), those in sorted(by.items()):
        yield Row(by=kind, name=name, value=round(100 * those.mean, 1), unit="%", weight=those.many)
    newest = max((one.at for _, points in found for one in points), default=0.0)
    means_of = ((sum_of(points).mean, track.subject, points) for track, points in found if points)
    for mean, name, points in sorted(means_of, key=lambda one: one[:2])[:_MOST_ROWS]:
        over = _over_time(points, newest - means.window, _cell(means), means.window)
        yield Row(by="device", name=name, value=round(100 * mean, 1), unit="%", weight=len(points), over_time=over)


def _over_time(points: Sequence[Point], begin: float, cell: float, window: float) -> tuple[float | None, ...]:
    cells = [Sum() for _ in range(max(1, round(window / cell)))]
    for one in points:
        place = min(len(cells) - 1, max(0, int((one.at - begin) / cell)))
        cells[place].total += one.value
        cells[place].many += 1
    return tuple(round(100 * one.mean, 1) if one.many else None for one in cells)
