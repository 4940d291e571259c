"""A load, or several, as one HTML file: whether it counts, what each figure means, and plots. No script, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.model.load_result import Ending, LoadResult, LoadSeries
from seatrial.report import load_figures as figures
from seatrial.report import load_plots as plots
from seatrial.report import load_words as words
from seatrial.report.hostile import html_text as e
from seatrial.report.html_frame import WAVE, document, joined, part
from seatrial.report.load_rate_plots import by_rate
from seatrial.report.load_series_text import intervals, said
from seatrial.report.plot import figure


def render(outcome: LoadResult | LoadSeries) -> str:
    body = [*(_one(outcome) if isinstance(outcome, LoadResult) else _several(outcome))]
    title = f"{words.verdict_of(outcome)[0]}: {words.place(outcome)} – seatrial"
    skip = '<a class="skip" href="#figures">To the figures</a>'
    return document(title, body, skip=skip, style=part("load.css"))


def _one(result: LoadResult) -> Iterator[str]:
    yield _header(result, words.facts(result))
    yield "<main>"
    yield f'<section aria-labelledby="figures"><h2 id="figures">Figures</h2>{_figures(result)}</section>'
    yield from _drawn(result)
    yield from _endings(result)
    yield "</main>"
    yield f"<footer>{e(words.client(result))}</footer>"


def _several(series: LoadSeries) -> Iterator[str]:
    yield _header(series, words.facts(series))
    yield "<main>"
    yield f'<section aria-labelledby="figures"><h2 id="figures">Each run</h2>{_table(words.SERIES_HEAD, words.series_rows(series))}'
    known = [(title, f"{mean:,.2f}", f"{low:,.2f} to {high:,.2f}") for title, mean, (low, high) in intervals(series)]
    if known:
        yield "<h2>How well it is known</h2>" + _table(("Figure", "Mean of the runs", "95 % sure between"), known)
    yield "</section>"
    drawn = joined(figure(one) for one in by_rate(series.results))
    if drawn:
        yield f'<section aria-labelledby="rates"><h2 id="rates">By rate</h2>{drawn}</section>'
    for number, result in enumerate(series.results, 1):
        yield f"<details><summary>Run {number}: {e(words.asked(result))}, {words.verdict_of(result)[0]}</summary>"
        yield f'<ul class="said-of">{joined(_doubts(result, alone=False))}</ul>{_figures(result)}'
        yield from (figure(one) for one in (*plots.over_time(result), *plots.spreads(result)))
        yield from _endings(result)
        yield "</details>"
    yield "</main>"


def _header(outcome: LoadResult | LoadSeries, facts: Iterable[tuple[str, str]]) -> str:
    mark, sentence, standing = words.verdict_of(outcome)
    told = [f"<li>{e(line)}</li>" for line in (said(outcome) if isinstance(outcome, LoadSeries) else ())]
    told += _doubts(outcome) if isinstance(outcome, LoadResult) else ()
    listed = "".join(f'<div><dt>{name}</dt><dd class="mono">{e(value)}</dd></div>' for name, value in facts if value)
    return f"""<header>
<p class="brand">{WAVE}seatrial</p>
<h1><bdi>{e(words.place(outcome))}</bdi></h1>
<p class="headline" data-standing="{standing}"><strong>{mark}</strong> {e(sentence)}</p>
<ul class="said-of">{joined(told)}</ul>
<dl class="facts">{listed}</dl>
</header>"""


def _doubts(result: LoadResult, *, alone: bool = True) -> Iterator[str]:
    for standing, id, what in words.doubts(result, alone=alone):
        yield f'<li data-standing="{standing}"><b>{e(id)}</b>{e(what)}</li>'


def _figures(result: LoadResult) -> str:
    totals = (
        (one.title, f"{one.number:,}", words.number(one.per_second), one.meaning) for one in figures.totals(result)
    )
    head = ("Milliseconds", *map(figures.share_words, figures.SHARES), "mean", "What it is")
    times = (
        (
            one.title,
            *(words.number(figures.milliseconds(one.counts, share)) for share in figures.SHARES),
            words.number(None if one.counts.mean is None else one.counts.mean / 1e6),
            one.meaning,
        )
        for one in figures.times(result)
    )
    return _table(("", "", "per second", "What it is"), totals, told=True) + _table(head, times, told=True)


def _drawn(result: LoadResult) -> Iterator[str]:
    for id, title, drawn in (
        ("time", "Over time", plots.over_time(result)),
        ("spread", "How it spreads", plots.spreads(result)),
    ):
        if pictures := joined(figure(one) for one in drawn):
            yield f'<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>{pictures}</section>'


def _endings(result: LoadResult) -> Iterator[str]:
    rows = [
        (str(ending), f"{count:,}", figures.ENDINGS[ending])
        for ending, count in result.endings.items()
        if ending is not Ending.OK
    ]
    rows += [(f"status {status}", f"{count:,}", "") for status, count in result.statuses.items() if status != 200]
    rows += [(str(mark), f"{count:,}", "odd, though no failure") for mark, count in result.marks.items()]
    if rows:
        yield (
            "<section><h2>What did not go well</h2>"
            + _table(("What", "Requests", "That is"), rows, told=True)
            + "</section>"
        )


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]], *, told: bool = False) -> str:
    """``told``: the last column is words."""
    columns = "".join(f'<th scope="col">{e(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{e(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="{"numbers told" if told else "numbers"}"><thead><tr>{columns}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
