"""A load, or several, as one table of comma-separated values: a line for each figure, window and reading of the server.

Long rather than wide, so that one reader does for all: filter by ``kind`` and ``figure``.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from seatrial.kit.text import safe
from seatrial.model.load_result import LoadResult, LoadSeries
from seatrial.report import load_figures as figures
from seatrial.report import load_text

HEAD = ("run", "verdict", "asked_per_second", "kind", "at_seconds", "figure", "statistic", "unit", "value")
_SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
_PLACES = ("p50", "p95", "p99")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_Cell = tuple[str, float | None, str, str, str, float | None]  # kind, at, figure, statistic, unit, value


def render(outcome: LoadResult | LoadSeries) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(HEAD)
    for number, result in enumerate((outcome,) if isinstance(outcome, LoadResult) else outcome.results, 1):
        head = (str(number), load_text.verdict(result)[0], _number(figures.rate_of(result)))
        for kind, at, figure, statistic, unit, value in _lines(result):
            if value is not None:
                table.writerow((*head, kind, _number(at), _name(figure), statistic, unit, _number(value)))
    return written.getvalue()


def _lines(result: LoadResult) -> Iterator[_Cell]:
    for total in figures.totals(result):
        yield "whole", None, total.id, "count", "", float(total.number)
        yield "whole", None, total.id, "rate", "/s", total.per_second
    for time in figures.times(result):
        for share in _SHARES:
            yield "whole", None, time.id, f"p{100 * share:g}", "ms", figures.milliseconds(time.counts, share)
        yield "whole", None, time.id, "max", "ms", time.counts.most / 1e6
        yield "whole", None, time.id, "mean", "ms", None if time.counts.mean is None else time.counts.mean / 1e6
    for ending, number in result.endings.items():
        yield "ending", None, str(ending), "count", "", float(number)
    yield from _windows(result)
    for sample in result.samples:
        for name in sorted(sample.values):
            yield "server", sample.at, name, "", "", sample.values[name]


def _windows(result: LoadResult) -> Iterator[_Cell]:
    for window in result.windows:
        for name in ("due", "ok", "good", "failed", "tokens"):
            yield "window", window.at, name, "rate", "/s", window.per_second(getattr(window, name))
        yield "window", window.at, "in_flight", "count", "", float(window.in_flight)
        for name, values in (("ttft_due", window.ttft), ("whole_due", window.whole)):
            for statistic, value in zip(_PLACES, values or (), strict=False):
                yield "window", window.at, name, statistic, "ms", value * 1000


def _name(text: str) -> str:
    """No name becomes a formula in a program for tables."""
    text = safe(text).replace("\n", " ")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.10g}"
