"""A load in words and in the rows of tables, the same in HTML, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.model.load_result import Ending, LoadResult, LoadSeries
from seatrial.report import load_figures as figures
from seatrial.report import load_text
from seatrial.report.wording import count, span

SERIES_HEAD = ("Run", "Counts", "Asked, /s", "Sent, /s", "Went well", "Good", "Tokens, /s",
               "First token 50 %, ms", "95 %", "99 %", "Per token 50 %, ms", "99 %")  # fmt: skip


def verdict_of(outcome: LoadResult | LoadSeries) -> tuple[str, str, str]:
    """In a word, in a sentence, and as a standing."""
    if isinstance(outcome, LoadResult):
        mark, said = load_text.verdict(outcome)
        standing = {"VALID": "pass", "IMPORTED": "unknown"}.get(mark, "fail")
        return mark, said + ("" if outcome.complete else "; stopped before its end"), standing
    runs = outcome.results
    bad = sum(not one.validity.valid for one in runs)
    if not bad:
        marks = {load_text.verdict(one)[0] for one in runs} or {"EMPTY"}
        return (
            " and ".join(sorted(marks)),
            f"in none of {count(len(runs), 'run')} is anything known against the client",
            "pass" if marks == {"VALID"} else "fail" if marks == {"FAILED"} else "unknown",
        )
    return "INVALID", f"in {bad} of {count(len(runs), 'run')} the client fell behind; they measure nothing", "fail"


def place(outcome: LoadResult | LoadSeries) -> str:
    result = outcome if isinstance(outcome, LoadResult) else next(iter(outcome.results), None)
    if result is None:
        return "nothing was sent"
    target = result.plan.target
    names = ", ".join(model.name for model in target.models[:4])
    url = target.url or "a server that is not named"
    return f"{names} at {url}" if names else url


def asked(result: LoadResult) -> str:
    return load_text.asked(result.plan)


def facts(outcome: LoadResult | LoadSeries) -> tuple[tuple[str, str], ...]:
    """Of several: what they have in common."""
    if isinstance(outcome, LoadSeries):
        same = facts(outcome.results[0])[3:] if outcome.results else ()
        return (*same, ("Runs", str(len(outcome.results))))
    result, plan = outcome, outcome.plan
    warm = f"{span(plan.warm_up)}, {count(result.warm, 'request')}" if plan.warm_up else ""
    answers = (
        "" if result.origin is not None else f"{plan.target.api}, {'streaming' if plan.stream else 'not streaming'}"
    )
    return (
        ("Load", asked(result)),
        ("Measured", span(result.seconds)),
        ("Warm-up, kept apart", warm),
        ("Objectives", f"{figures.objectives(plan.slo)}, for {plan.slo.share:.1%}" if plan.slo.asks else ""),
        ("Answers", answers),
        ("Begun", result.started_at),
    )


def doubts(result: LoadResult, *, alone: bool = True) -> Iterator[tuple[str, str, str]]:
    """Standing, name, and what it is: what makes it invalid first. ``alone``: not one of a series, which says the rest."""
    for one in result.validity.doubts:
        yield "fail", one.id, one.what
    if result.origin is not None and alone:
        for line in load_text.origin_lines(result.origin):
            yield "unknown", "imported", line
    if result.plan.target.simulated and alone:
        yield "unknown", "simulated", result.plan.target.simulated
    for one in result.validity.notes:
        yield "unknown", one.id, one.what
    if result.steady_from:
        yield "unknown", "steady", f"from second {result.steady_from:g} on; --warm-up keeps apart what comes before"
    if result.lost_in_flight:
        yield "unknown", "lost", f"{result.lost_in_flight:,} were under way when the run was cut off; not counted"


def series_rows(series: LoadSeries) -> Iterator[tuple[str, ...]]:
    for place, one in enumerate(series.results, 1):
        first, each = figures.first_token(one), figures.each_token(one)
        well = one.endings.get(Ending.OK, 0)
        yield (
            str(place),
            load_text.verdict(one)[0],
            number(figures.rate_of(one)),
            number(one.validity.sent_rate),
            *(f"{part / one.requests:.1%}" if one.requests else "–" for part in (well, one.good)),
            number(one.tokens_per_second),
            *(number(figures.milliseconds(first, share)) for share in (0.5, 0.95, 0.99)),
            *(number(figures.milliseconds(each, share)) for share in (0.5, 0.99)),
        )


def client(result: LoadResult) -> str:
    return load_text.client(result)


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.2f}"
