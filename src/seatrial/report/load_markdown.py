"""A load, or several, as Markdown: for an issue, a pull request or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.model.load_result import Ending, LoadResult, LoadSeries
from seatrial.report import load_figures as figures
from seatrial.report import load_words as words
from seatrial.report.hostile import markdown_code, markdown_text
from seatrial.report.load_series_text import intervals, said


def render(outcome: LoadResult | LoadSeries) -> str:
    lines = (*_head(outcome), *(_one(outcome) if isinstance(outcome, LoadResult) else _several(outcome)))
    return "\n".join(lines).rstrip() + "\n"


def _head(outcome: LoadResult | LoadSeries) -> Iterator[str]:
    mark, sentence, _ = words.verdict_of(outcome)
    yield f"# {mark}: {markdown_text(sentence)}"
    yield ""
    yield f"Of {markdown_code(words.place(outcome))}."
    yield ""


def _one(result: LoadResult) -> Iterator[str]:
    yield from (f"- {name}: {markdown_text(value)}" for name, value in words.facts(result) if value)
    yield from _doubts(result)
    yield from _figures(result)
    yield from _endings(result)
    yield markdown_text(words.client(result))


def _several(series: LoadSeries) -> Iterator[str]:
    yield from (f"- **{markdown_text(line)}**" for line in said(series))
    yield from (f"- {name}: {markdown_text(value)}" for name, value in words.facts(series) if value)
    yield ""
    yield from _table(words.SERIES_HEAD, words.series_rows(series))
    known = [(title, f"{mean:,.2f}", f"{low:,.2f} to {high:,.2f}") for title, mean, (low, high) in intervals(series)]
    if known:
        yield from _table(("Figure", "Mean of the runs", "95 % sure between"), known)
    for number, result in enumerate(series.results, 1):
        for _, id, what in words.doubts(result, alone=False):
            yield f"- run {number}, {markdown_text(id)}: {markdown_text(what)}"


def _doubts(result: LoadResult) -> Iterator[str]:
    for standing, id, what in words.doubts(result):
        yield f"- {'**' if standing == 'fail' else ''}{markdown_text(id)}{'**' if standing == 'fail' else ''}: {markdown_text(what)}"
    yield ""


def _figures(result: LoadResult) -> Iterator[str]:
    totals = (
        (one.title, f"{one.number:,}", words.number(one.per_second), one.meaning) for one in figures.totals(result)
    )
    yield from _table(("What", "Number", "Per second", "That is"), totals)
    head = ("Milliseconds", *map(figures.share_words, figures.SHARES), "That is")
    times = (
        (one.title, *(words.number(figures.milliseconds(one.counts, share)) for share in figures.SHARES), one.meaning)
        for one in figures.times(result)
    )
    yield from _table(head, times)


def _endings(result: LoadResult) -> Iterator[str]:
    failed = [(one, number) for one, number in result.endings.items() if one is not Ending.OK]
    if failed:
        yield from _table(("What did not go well", "Requests", "That is"), _ended(failed))


def _ended(failed: Iterable[tuple[Ending, int]]) -> Iterator[tuple[str, ...]]:
    return ((str(ending), f"{number:,}", figures.ENDINGS[ending]) for ending, number in failed)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *(tuple(map(markdown_text, row)) for row in rows)):
        yield f"| {' | '.join(row)} |"
    yield ""
