"""The plots of several loads: what each rate costs, and how much is good enough at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from seatrial.model.load_result import LoadResult
from seatrial.report import load_figures as figures
from seatrial.report.load_plots import WIDE_TAIL
from seatrial.report.plot import Limit, Line, Look, Plot, Point


def by_rate(results: Sequence[LoadResult]) -> Iterator[Plot]:
    """Of loads at different rates: what they cost, and what was good of them."""
    at = sorted(
        ((rate, one) for one in results if (rate := figures.rate_of(one)) is not None), key=lambda pair: pair[0]
    )
    if len({rate for rate, _ in at}) < 2:
        return
    slo = at[0][1].plan.slo
    for title, name, limit in (
        ("First token", "ttft_due", slo.ttft),
        ("Per token", "per_token", slo.per_token),
        ("Whole answer", "whole_due", slo.whole),
    ):
        yield _times_by_rate(title, name, limit, at)
    yield _frontier(at)


def _times_by_rate(title: str, name: str, limit: float | None, at: Sequence[tuple[float, LoadResult]]) -> Plot:
    name = name if any(getattr(one.distributions, name).total for _, one in at) else _INSTEAD[name]
    lines = [
        Line(name=figures.share_words(share), points=points, hue=hue, look=Look.DOTS)
        for hue, share in enumerate((0.5, 0.95, 0.99))
        if (points := (*_told(at, name, share),))
    ]
    highest = max((y for line in lines for _, y in line.points), default=0.0)
    least = min((y for line in lines for _, y in line.points), default=0.0)
    return Plot(
        title=f"{title}, by rate",
        meaning=_MEANINGS[name],
        x="requests/s that were asked for",
        y="ms",
        lines=(*lines, *_invalid(at, name)),
        limits=() if limit is None else (Limit(name=f"objective {limit * 1000:g} ms", at=limit * 1000),),
        log_y=0 < WIDE_TAIL * least < highest,
        log_x=_far(at),
    )


_INSTEAD = {"ttft_due": "ttft_sent", "per_token": "per_token_mean", "whole_due": "whole_sent"}
_MEANINGS = {
    "ttft_due": "Since it was due: what a user waits.",
    "ttft_sent": "Since it was sent; nothing is known since it was due.",
    "per_token": "Between tokens.",
    "per_token_mean": "The mean per token of each request.",
    "whole_due": "Since it was due.",
    "whole_sent": "Since it was sent; nothing is known since it was due.",
}


def _told(at: Sequence[tuple[float, LoadResult]], name: str, share: float) -> Iterator[Point]:
    for rate, one in at:
        value = figures.milliseconds(getattr(one.distributions, name), share)
        if value is not None:
            yield rate, value


def _invalid(at: Sequence[tuple[float, LoadResult]], name: str) -> Iterator[Line]:
    bad = [pair for pair in at if not pair[1].validity.valid]
    if bad:
        yield Line(name="INVALID: the client fell behind", points=(*_told(bad, name, 0.5),), hue=3, look=Look.HOLLOW)


def _frontier(at: Sequence[tuple[float, LoadResult]]) -> Plot:
    asks = at[0][1].plan.slo.asks
    rows: list[Line] = []
    for hue, (said, of) in enumerate((
        ("goodput" if asks else "went well", _good if asks else _ok),
        ("all that were sent", lambda one: one.validity.sent_rate),
    )):  # fmt: skip
        points = tuple((rate, value) for rate, one in at if (value := of(one)) is not None)
        rows.append(Line(name=said, points=points, hue=hue, look=Look.DOTS))
    bad = [(rate, one) for rate, one in at if not one.validity.valid]
    ends = (at[0][0], at[-1][0])
    rows.append(Line(name="all that was asked for", points=tuple((rate, rate) for rate in ends), hue=2, look=Look.THIN))
    if bad:
        points = tuple((rate, value) for rate, one in bad if (value := (_good if asks else _ok)(one)) is not None)
        rows.append(Line(name="INVALID: the client fell behind", points=points, hue=3, look=Look.HOLLOW))
    return Plot(
        title="What was good enough, by rate" if asks else "What went well, by rate",
        meaning="Where goodput leaves what was asked for, the server no longer meets the objectives."
        if asks
        else "Without objectives (--slo) every answer that went well counts.",
        x="requests/s that were asked for",
        y="requests/s",
        lines=tuple(rows),
        log_x=_far(at),
        log_y=_far(at) and all(y > 0 for line in rows for _, y in line.points),
    )


def _good(result: LoadResult) -> float | None:
    return result.goodput


def _ok(result: LoadResult) -> float | None:
    return next((one.per_second for one in islice(figures.totals(result), 1, None)), None)


def _far(at: Sequence[tuple[float, LoadResult]]) -> bool:
    """Whether rates lie so far apart that only a logarithmic axis shows them all."""
    return at[0][0] > 0 and at[-1][0] / at[0][0] > 20
