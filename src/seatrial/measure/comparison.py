"""Two loads beside each other: what changed, by how much, and whether that is more than chance.

Samples are repeats where both sides have some, otherwise windows of one run: requests of a run are not independent.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

import msgspec

from seatrial.kit.statistics import holm, welch
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.model.load import Plan
from seatrial.model.load_result import Ending, LoadResult, Window

_CHANCE = 0.05
_REPEATS = 2
_WINDOWS = 8


class _Figure(msgspec.Struct, frozen=True):
    title: str
    unit: str
    more_is_better: bool
    of_run: Callable[[LoadResult], float | None]
    of_window: Callable[[Window], float | None]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    unit: str
    before: float
    after: float
    chance: float | None  # that such a difference comes by chance, corrected for how many figures were looked at
    samples: tuple[int, int]
    worse: bool
    better: bool


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    changes: tuple[Change, ...]
    by_windows: bool  # one run each; windows of it are not quite independent either
    caveats: tuple[str, ...] = ()


def compare(before: Sequence[LoadResult], after: Sequence[LoadResult], *, by: float = 0.05) -> Compared:
    """``by``: the relative difference that is worth telling."""
    repeats = min(len(before), len(after)) >= _REPEATS
    rows = []
    for figure in _told_by_both((*before, *after)):
        left, right = _pair(figure, before, after, repeats=repeats)
        if left and right:
            rows.append((figure, left, right, welch(left, right)))
    corrected = iter(holm([chance for *_, chance in rows if chance is not None]))
    changes = [
        _change(figure, left, right, None if chance is None else next(corrected), by)
        for figure, left, right, chance in rows
    ]
    by_windows = not repeats and any(min(one.samples) >= _WINDOWS for one in changes)
    return Compared(changes=tuple(changes), by_windows=by_windows, caveats=(*_caveats(before, after),))


def _told_by_both(results: Sequence[LoadResult]) -> Iterator[_Figure]:
    """Times since a request was sent stand in for those since it was due where another tool does not tell these."""
    for figure in _FIGURES:
        told = all(figure.of_run(one) is not None for one in results if one.origin is not None)
        yield figure if told else _INSTEAD.get(figure.title, figure)


def _pair(
    figure: _Figure, before: Sequence[LoadResult], after: Sequence[LoadResult], *, repeats: bool
) -> tuple[list[float], list[float]]:
    """The same kind of sample on both sides: runs where there are several; else windows; else the one figure of each."""
    if not repeats:
        left, right = (
            [v for one in _full(side[0]) if (v := figure.of_window(one)) is not None] for side in (before, after)
        )
        if min(len(left), len(right)) >= _WINDOWS:
            return left, right
    left, right = ([v for one in side if (v := figure.of_run(one)) is not None] for side in (before, after))
    return left, right


def _full(result: LoadResult) -> Sequence[Window]:
    """The windows in which requests were due from the first moment to the last, and that are steady."""
    begin = max(result.plan.warm_up, result.steady_from or 0.0)
    due = [one for one in result.windows if one.due and one.at >= begin]
    return due[:-1]


def _change(
    figure: _Figure, before: Sequence[float], after: Sequence[float], chance: float | None, by: float
) -> Change:
    left, right = statistics.fmean(before), statistics.fmean(after)
    differs = abs(right - left) > by * abs(left) if left else right != left
    real = chance is not None and chance < _CHANCE and differs
    up = right > left
    return Change(
        title=figure.title,
        unit=figure.unit,
        before=left,
        after=right,
        chance=chance,
        samples=(len(before), len(after)),
        worse=real and up != figure.more_is_better,
        better=real and up == figure.more_is_better,
    )


def _caveats(before: Sequence[LoadResult], after: Sequence[LoadResult]) -> list[str]:
    said = [
        f"a run {side} is not valid: {doubt.what}"
        for side, results in (("before", before), ("after", after))
        for result in results
        for doubt in result.validity.doubts
    ]
    if len({msgspec.json.encode(_comparable(result.plan)) for result in (*before, *after)}) > 1:
        said.append("the plans differ, and so may the reason for a change")
    if len({result.origin.tool if result.origin else "" for result in (*before, *after)}) > 1:
        said.append("different tools measured: each takes its times in its own way")
    return said


def _comparable(plan: Plan) -> Plan:
    """Without what may differ between repeats."""
    target = msgspec.structs.replace(plan.target, url="")
    return msgspec.structs.replace(plan, seed=0, target=target, shards=1)


def _percentile(name: str, share: float) -> Callable[[LoadResult], float | None]:
    def of(result: LoadResult) -> float | None:
        value = getattr(result.distributions, name).percentile(share)
        return None if value is None else float(value) / NANOSECONDS * 1000

    return of


def _of_window(name: str, place: int) -> Callable[[Window], float | None]:
    def of(window: Window) -> float | None:
        values = getattr(window, name)
        return None if values is None else float(values[place]) * 1000

    return of


def _failed(result: LoadResult) -> float:
    counted = result.requests - result.endings.get(Ending.STOPPED, 0)
    return 1 - result.endings.get(Ending.OK, 0) / counted if counted else 0.0


_FIGURES = (
    _Figure("first token, median", "ms", False, _percentile("ttft_due", 0.5), _of_window("ttft", 0)),
    _Figure("first token, 95 %", "ms", False, _percentile("ttft_due", 0.95), _of_window("ttft", 1)),
    _Figure("first token, 99 %", "ms", False, _percentile("ttft_due", 0.99), _of_window("ttft", 2)),
    _Figure("whole answer, median", "ms", False, _percentile("whole_due", 0.5), _of_window("whole", 0)),
    _Figure("whole answer, 99 %", "ms", False, _percentile("whole_due", 0.99), _of_window("whole", 2)),
    _Figure("per token, median", "ms", False, _percentile("per_token", 0.5), lambda window: None),
    _Figure("per token, 99 %", "ms", False, _percentile("per_token", 0.99), lambda window: None),
    _Figure(
        "tokens out",
        "/s",
        True,
        lambda result: result.tokens_per_second,
        lambda window: window.per_second(window.tokens),
    ),
    _Figure(
        "goodput",
        "/s",
        True,
        lambda result: result.goodput,
        lambda window: window.per_second(window.good),
    ),
    _Figure("failed", "", False, _failed, lambda window: window.failed / window.due if window.due else None),
)
_INSTEAD = {
    f"{title}, {share}": _Figure(f"{title}, {share}, {said}", "ms", False, _percentile(name, at), lambda window: None)
    for title, name, said in (
        ("first token", "ttft_sent", "as sent"),
        ("whole answer", "whole_sent", "as sent"),
        ("per token", "per_token_mean", "mean"),
    )
    for share, at in (("median", 0.5), ("95 %", 0.95), ("99 %", 0.99))
}
