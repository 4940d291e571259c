"""The plots of one load: how it went over time, and how times spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from seatrial.kit.histogram import Counts, middle
from seatrial.model.load_result import LoadResult, ServerSample, Window
from seatrial.report import load_figures as figures
from seatrial.report.plot import Band, Limit, Line, Look, Plot, Point

_COUNTERS = ("_total", "_sum", "_count")
_MOST_METRICS = 24
WIDE_TAIL = 30  # times the median: beyond, only a logarithmic axis shows both


def over_time(result: LoadResult) -> Iterator[Plot]:
    windows = result.windows
    if not windows:
        return
    span = (0.0, max(one.at + one.seconds for one in windows))
    limits = (*_moments(result),)
    yield from _times_over_time(result, span, limits)
    yield Plot(
        title="Requests",
        meaning=f"that were due, went well and failed, per second, in windows of {windows[0].seconds:g} s.",
        x="seconds since the beginning",
        y="requests/s",
        lines=(*_rates(windows, asks=result.plan.slo.asks),),
        limits=limits,
        span=span,
    )
    yield Plot(
        title="In flight",
        meaning="Requests that were under way at the end of each window. What keeps growing is a server that does not keep up.",
        x="seconds since the beginning",
        y="requests",
        lines=(Line(name="in flight", points=tuple((_end(one), float(one.in_flight)) for one in windows)),),
        limits=limits,
        span=span,
        high=170,
    )
    yield Plot(
        title="Tokens",
        meaning="out per second, of the answers whose requests were due in each window.",
        x="seconds since the beginning",
        y="tokens/s",
        lines=(Line(name="tokens", points=tuple((_end(one), one.per_second(one.tokens)) for one in windows)),),
        limits=limits,
        span=span,
        high=170,
    )
    yield from _server(result.samples, span, limits)


def _times_over_time(result: LoadResult, span: tuple[float, float], limits: tuple[Limit, ...]) -> Iterator[Plot]:
    slo = result.plan.slo
    for title, name, limit in (("First token", "ttft", slo.ttft), ("Whole answer", "whole", slo.whole)):
        points = [(one.at + one.seconds / 2, *told) for one in result.windows if (told := getattr(one, name))]
        if not points:
            continue
        highest = max(point[3] for point in points)
        log = min(point[1] for point in points) > 0 and highest > WIDE_TAIL * _median([point[1] for point in points])
        wanted = () if limit is None else (Limit(name=f"objective {limit * 1000:g} ms", at=limit * 1000),)
        yield Plot(
            title=title,
            meaning="since it was due, of the requests that were due in each window: half of them, 95 % and 99 % were at least this quick.",
            x="seconds since the beginning",
            y="ms",
            lines=tuple(
                Line(name=said, points=tuple((one[0], one[place] * 1000) for one in points), hue=hue, look=look)
                for place, said, hue, look in (
                    (1, "median", 0, Look.LINE),
                    (2, "95 %", 0, Look.THIN),
                    (3, "99 %", 1, Look.LINE),
                )
            ),
            bands=(
                Band(
                    name="median to 95 %",
                    points=tuple((at, half * 1000, most * 1000) for at, half, most, _ in points),
                ),
            ),
            limits=(*limits, *wanted),
            span=span,
            log_y=log,
        )


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _end(window: Window) -> float:
    return window.at + window.seconds


def _moments(result: LoadResult) -> Iterator[Limit]:
    if result.plan.warm_up:
        yield Limit(name="end of the warm-up", at=result.plan.warm_up, upright=True)
    if result.steady_from:
        yield Limit(name="steady from here", at=result.steady_from, upright=True)


def _rates(windows: Sequence[Window], *, asks: bool) -> Iterator[Line]:
    rows = [("due", "due", 0), ("went well", "ok", 3), ("failed", "failed", 1)]
    if asks:
        rows.insert(2, ("within the objectives", "good", 2))
    for said, name, hue in rows:
        if name != "failed" or any(one.failed for one in windows):
            values = [(_end(one), one.per_second(getattr(one, name))) for one in windows]
            yield Line(name=said, points=((windows[0].at, values[0][1]), *values), hue=hue, look=Look.STEP)


def _server(samples: Sequence[ServerSample], span: tuple[float, float], limits: tuple[Limit, ...]) -> Iterator[Plot]:
    """Each of the server's own metrics, below the rest and over the same time; counters as what they grew by."""
    names = sorted({name for sample in samples for name in sample.values})
    for name in names[:_MOST_METRICS]:
        points = [(sample.at, sample.values[name]) for sample in samples if name in sample.values]
        counts = name.partition("{")[0].endswith(_COUNTERS)
        yield Plot(
            title=name,
            meaning="the server says, per second." if counts else "the server says.",
            x="seconds since the beginning",
            y="per second" if counts else "",
            lines=(Line(name=name, points=tuple(_growth(points) if counts else points), hue=2),),
            limits=limits,
            span=span,
            high=150,
        )


def _growth(points: Sequence[Point]) -> Iterator[Point]:
    """A counter that fell was begun anew, and says nothing of that stretch."""
    for (before, low), (after, high) in pairwise(points):
        if after > before and high >= low:
            yield after, (high - low) / (after - before)


def spreads(result: LoadResult) -> Iterator[Plot]:
    """How large a share of the requests, or of the tokens, was at least this quick."""
    slo, seen = result.plan.slo, result.distributions
    groups = (
        ("First token", (("since it was due", seen.ttft_due), ("since it was sent", seen.ttft_sent)), slo.ttft),
        (
            "Per token",
            (
                (figures.per_token_words(result), seen.per_token),
                ("between two reads", seen.gaps),
                ("mean of each request", seen.per_token_mean),
            ),
            slo.per_token,
        ),
        ("Whole answer", (("since it was due", seen.whole_due), ("since it was sent", seen.whole_sent)), slo.whole),
    )
    for title, rows, limit in groups:
        yield Plot(
            title=title,
            meaning="The share that was at least this quick.",
            x="ms",
            y="%",
            lines=tuple(
                Line(name=name, points=(*shares(counts),), hue=hue)
                for hue, (name, counts) in enumerate(rows)
                if counts.total
            ),
            limits=() if limit is None else (Limit(name="objective", at=limit * 1000, upright=True),),
            log_x=True,
            until=100.0,
        )


def shares(counts: Counts, most: int = 200) -> Iterator[Point]:
    """Milliseconds, and the share in per cent that is not above; no more points than can be told apart."""
    held = sorted(counts.buckets.items())
    step, told, seen = counts.total / most, -1.0, 0
    for place, (index, number) in enumerate(held):
        seen += number
        last = place == len(held) - 1
        if seen - told >= step or place == 0 or last:
            told = seen
            value = float(counts.most) if last else max(middle(index), float(counts.least))
            yield value / 1e6, 100.0 * seen / counts.total
