"""Several loads beside each other in one table, and what they say together."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from seatrial.kit.histogram import Counts
from seatrial.kit.statistics import interval
from seatrial.model.load_result import Ending, LoadResult, LoadSeries, SeriesKind
from seatrial.report.lines import Page
from seatrial.report.load_figures import each_token, first_token, milliseconds, objectives, rate_of
from seatrial.report.load_text import origin_lines


def render(series: LoadSeries, *, colour: bool = False) -> str:
    page = Page(colour=colour, width=100)
    for line in said(series):
        page.say(line, paint="bold")
    if series.results and series.results[0].plan.slo.asks:
        slo = series.results[0].plan.slo
        page.say(f"objectives: {objectives(slo)}, for {slo.share:.1%} of the requests", paint="dim")
    page.gap()
    page.row(f"  {'':>9}{'sent':>9}{'well':>8}{'good':>8}{'tokens':>10}   first token, ms{'':>12}per token, ms")
    page.row(f"  {'rate':>9}{'/s':>9}{'':>8}{'':>8}{'/s':>10}{'50%':>10}{'95%':>9}{'99%':>9}{'50%':>9}{'99%':>9}")
    for result in series.results:
        page.row(_row(result))
    page.gap()
    _intervals(page, series)
    for number, result in enumerate(series.results, 1):
        for doubt in result.validity.doubts:
            page.say(f"row {number}: {doubt.what}", mark="✗", paint="fail")
    return page.text()


def said(series: LoadSeries) -> list[str]:
    """What they say together, and who measured them."""
    return [*_found(series), *origins(series)]


def origins(series: LoadSeries) -> dict[str, None]:
    """Of runs that another tool measured, or of a simulated server: once, as it is the same for all."""
    simulated = dict.fromkeys(one.plan.target.simulated for one in series.results if one.plan.target.simulated)
    return simulated | dict.fromkeys(line for one in series.results if one.origin for line in origin_lines(one.origin))


def _found(series: LoadSeries) -> list[str]:
    if series.kind is not SeriesKind.SEARCH:
        return []
    if series.highest is None:
        return ["no rate that was tried meets the objectives"]
    if series.lowest_missed is None:
        return [f"{series.highest:.4g} requests/s meet the objectives; more was not tried"]
    limit = (
        f"at {series.lowest_missed:.4g} this client is no measure any more: the server's limit may lie higher"
        if series.limit_is_client
        else f"{series.lowest_missed:.4g} do not"
    )
    return [f"{series.highest:.4g} requests/s meet the objectives; {limit}"]


def _row(result: LoadResult) -> str:
    first, each, asked = first_token(result), each_token(result), rate_of(result)
    rate = "–" if asked is None else f"{asked:.4g}"
    sent = f"{result.validity.sent_rate:,.1f}" if result.validity.sent_rate else "–"
    well = result.endings.get(Ending.OK, 0)
    shares = "".join(
        f"{one / result.requests:>8.1%}" if result.requests else f"{'–':>8}" for one in (well, result.good)
    )
    tokens = f"{'–':>10}" if result.tokens_per_second is None else f"{result.tokens_per_second:>10,.0f}"
    times = _ms(first, 0.5, 10) + _ms(first, 0.95) + _ms(first, 0.99)
    mark = "" if result.validity.valid else "  INVALID"
    return f"  {rate:>9}{sent:>9}{shares}{tokens}{times}{_ms(each, 0.5)}{_ms(each, 0.99)}{mark}"


def _ms(counts: Counts, share: float, width: int = 9) -> str:
    value = milliseconds(counts, share)
    return f"{'–':>{width}}" if value is None else f"{value:>{width},.1f}"


def _intervals(page: Page, series: LoadSeries) -> None:
    for title, mean, (low, high) in intervals(series):
        page.row(f"  {title:<28}{mean:>12,.2f}   95 % sure between {low:,.2f} and {high:,.2f}")


def intervals(series: LoadSeries) -> Iterator[tuple[str, float, tuple[float, float]]]:
    """Of repeats: each figure's mean, and between which bounds it lies with 95 % certainty."""
    if series.kind is not SeriesKind.REPEATS:
        return
    for title, of in _FIGURES:
        values = [value for one in series.results if one.validity.valid and (value := of(one)) is not None]
        between = interval(values)
        if between is not None:
            yield title, statistics.fmean(values), between


def _percentile(name: str, share: float) -> Callable[[LoadResult], float | None]:
    return lambda result: milliseconds(getattr(result.distributions, name), share)


_FIGURES: tuple[tuple[str, Callable[[LoadResult], float | None]], ...] = (
    ("first token, median, ms", _percentile("ttft_due", 0.5)),
    ("first token, 99 %, ms", _percentile("ttft_due", 0.99)),
    ("per token, median, ms", _percentile("per_token", 0.5)),
    ("whole answer, 99 %, ms", _percentile("whole_due", 0.99)),
    ("tokens out /s", lambda result: result.tokens_per_second),
    ("goodput /s", lambda result: result.goodput),
)
