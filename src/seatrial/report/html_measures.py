"""What was measured: a table, and a picture where one says more: parts one after another, devices over time, how values spread."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from seatrial.model.measure import Distribution, Measure, Row
from seatrial.report.hostile import html_text as e
from seatrial.report.measured import doubt, interval, met, standing_of, told
from seatrial.report.wording import amount, count, precise

_HEAD = ("Measure", "Value", "Target", "How it was obtained", "Valid")
_MOST_CELLS = 24_000  # squares of one picture
_MOST_BARS = 40


def section(measures: tuple[Measure, ...]) -> Iterator[str]:
    if not measures:
        return
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    body = "".join(_row(one) for one in measures)
    yield (
        '<section aria-labelledby="measures" class="measures"><h2 id="measures">Measured</h2><div class="scroll">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    yield from (figure for one in measures for figure in _figures(one))
    yield "</section>"


def _row(one: Measure) -> str:
    samples = f"{one.samples:,} samples" if one.samples else ""
    cells = (
        _cell(f"<code>{e(one.id)}</code>", one.subject and f"of {one.subject}"),
        _cell(e(told(one)), interval(one)),
        _cell(e(one.target), "; ".join(filter(None, (met(one), one.target_source)))),
        _cell(e(one.source), samples),
        _cell(f"<b>{e(doubt(one) or 'yes')}</b>", ""),
    )
    return f'<tr data-standing="{standing_of(one)}">{"".join(cells)}</tr>'


def _cell(first: str, beneath: str) -> str:
    """What counts, already written for HTML, and a smaller line beneath it."""
    return f"<td>{first}{f'<small>{e(beneath)}</small>' if beneath else ''}</td>"


def _figures(one: Measure) -> Iterator[str]:
    if one.parts:
        yield _figure(one, "where the time went", _waterfall(one))
    if tracks := [row for row in one.rows if row.over_time]:
        yield _figure(
            one,
            f"{count(len(tracks), 'device')}, over the last {one.step * len(tracks[0].over_time):g} s",
            _heat(tracks),
        )
    for by, rows in groupby((row for row in one.rows if not row.over_time), key=lambda row: row.by):
        yield _figure(one, f"by {by}", _bars(list(rows)))
    if one.spread is not None and len(one.spread.buckets) > 1:
        yield _figure(one, _percentiles(one.spread, one.unit), _histogram(one.spread, one.unit))


def _figure(one: Measure, what: str, picture: str) -> str:
    of = f" of <bdi>{e(one.subject, limit=120)}</bdi>" if one.subject else ""
    return f"<figure><figcaption><code>{e(one.id)}</code>{of}: {e(what)}</figcaption>{picture}</figure>"


def _waterfall(one: Measure) -> str:
    """A line for each part, begun where the one before it ended."""
    whole = sum(part.seconds for part in one.parts) or 1.0
    at, lines = 0.0, []
    for place, part in enumerate(one.parts):
        share = part.seconds / whole
        right = at / whole > 0.6
        said = f"{precise(part.seconds)} s{f' ± {part.error:.1g}' if part.error else ''}"
        lines.append(
            f'<g><title>{e(part.ended_by)}</title><text class="name" x="0" y="{place * 22 + 15}">{e(part.name, limit=60)}</text>'
            f'<rect x="{210 + 480 * at / whole:.2f}" y="{place * 22 + 3}" width="{max(1.0, 480 * share):.2f}" height="15" rx="2"/>'
            f'<text x="{210 + 480 * (at if right else at + part.seconds) / whole + (-6 if right else 6):.2f}" y="{place * 22 + 15}"'
            f"{_END if right else ''}>{said}</text></g>"
        )
        at += part.seconds
    return f'<svg class="waterfall" viewBox="0 0 800 {22 * len(one.parts)}" role="img" aria-label="Parts of {amount(one)}">{"".join(lines)}</svg>'


_END = ' text-anchor="end"'


def _heat(rows: list[Row]) -> str:
    """A line for each device, a square for each moment; the fuller the colour, the busier it was."""
    wide = max(len(row.over_time) for row in rows)
    rows = rows[: max(1, _MOST_CELLS // wide)]
    lines = "".join(
        f'<li><span class="node"><bdi>{e(row.name, limit=80)}</bdi> <small>{precise(row.value)} %</small></span>'
        f'<svg viewBox="0 0 {wide} 1" preserveAspectRatio="none" role="img" aria-label="{precise(row.value)} % on average">{_cells(row)}</svg></li>'
        for row in rows
    )
    return f'<div class="heat" tabindex="0" role="group" aria-label="Devices over time"><ul>{lines}</ul></div>'


def _cells(row: Row) -> str:
    return "".join(
        f'<rect x="{place}" width="1" height="1" fill-opacity="{0.06 + 0.94 * min(max(value, 0.0), 100.0) / 100:.2f}"/>'
        for place, value in enumerate(row.over_time)
        if value is not None
    )


def _bars(rows: list[Row]) -> str:
    most = 100.0 if rows[0].unit == "%" else max(row.value for row in rows) or 1.0
    lines = "".join(
        f'<text class="name" x="0" y="{place * 20 + 14}"><tspan>{e(row.name, limit=44)}</tspan></text>'
        f'<rect x="310" y="{place * 20 + 3}" width="{max(0.0, 400 * row.value / most):.2f}" height="13" rx="2"/>'
        f'<text x="{316 + max(0.0, 400 * row.value / most):.2f}" y="{place * 20 + 14}">{precise(row.value)} {e(row.unit)}</text>'
        for place, row in enumerate(rows[:_MOST_BARS])
    )
    more = f"<p>and {len(rows) - _MOST_BARS} more</p>" if len(rows) > _MOST_BARS else ""
    return f'<svg class="bars" viewBox="0 0 800 {20 * min(len(rows), _MOST_BARS)}" role="img" aria-label="Values">{lines}</svg>{more}'


def _percentiles(spread: Distribution, unit: str) -> str:
    points = (("p50", spread.p50), ("p90", spread.p90), ("p95", spread.p95), ("p99", spread.p99))
    return f"{count(spread.count, 'value')}; {', '.join(f'{name} {precise(value)} {unit}' for name, value in points)}"


def _histogram(spread: Distribution, unit: str) -> str:
    """A column for each bucket; its bounds are told below the first and the last that hold something."""
    held = [place for place, one in enumerate(spread.buckets) if one.count > 0]
    shown = spread.buckets[held[0] : held[-1] + 1] if held else ()
    most = max((one.count for one in shown), default=0.0) or 1.0
    wide = 760 / max(len(shown), 1)
    columns = "".join(
        f'<rect x="{20 + wide * place:.2f}" y="{78 - 70 * one.count / most:.2f}" width="{max(1.0, wide - 2):.2f}" height="{70 * one.count / most:.2f}">'
        f"<title>{_upto(one.upto, unit)}: {one.count:g}</title></rect>"
        for place, one in enumerate(shown)
    )
    ends = (
        f'<text x="20" y="96">{_upto(shown[0].upto, unit)}</text><text x="780" y="96"{_END}>{_upto(shown[-1].upto, unit)}</text>'
        if shown
        else ""
    )
    return (
        f'<svg class="histogram" viewBox="0 0 800 100" role="img" aria-label="How values spread">{columns}{ends}</svg>'
    )


def _upto(bound: float | None, unit: str) -> str:
    return "more" if bound is None else f"≤ {precise(bound)} {e(unit)}"
