"""Lines and bands over two axes as inline SVG, coloured by the style of the page and told apart without colour as well.

Belongs here: scales, ticks, paths. What is plotted, and what it means, is for those who call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from seatrial.report.hostile import html_text as e

Point = tuple[float, float]

_WIDE, _LEFT, _RIGHT, _TOP, _BOTTOM = 800, 70, 14, 10, 40
_FAR = 4  # times the highest value: a limit beyond that would flatten all else, and is only named
_LARGEST = 1e15  # beyond, nothing is a figure any more


class Look(StrEnum):
    LINE = "line"
    STEP = "step"
    DOTS = "dots"  # with a line between them
    HOLLOW = "hollow"  # dots that do not count
    THIN = "thin"  # for comparison


class Line(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    points: tuple[Point, ...]
    hue: int = 0
    look: Look = Look.LINE


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Between two lines over the same places."""

    name: str
    points: tuple[tuple[float, float, float], ...]
    hue: int = 0


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A line across, at a place of one of the axes."""

    name: str
    at: float
    upright: bool = False


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    meaning: str
    x: str
    y: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    limits: tuple[Limit, ...] = ()
    log_x: bool = False
    log_y: bool = False
    until: float | None = None  # the highest of y, where that is known
    span: tuple[float, float] | None = None  # of x, where plots are to be read below each other
    high: int = 240


class _Scale(msgspec.Struct, frozen=True):
    low: float
    top: float
    log: bool
    begin: float  # in the picture
    end: float

    def place(self, value: float) -> float:
        low, top, at = self.low, self.top, value
        if self.log:
            low, top, at = math.log10(low), math.log10(top), math.log10(max(value, low))
        share = (at - low) / (top - low)
        return self.begin + (self.end - self.begin) * min(max(share, 0.0), 1.0)


def figure(plot: Plot) -> str:
    """The plot with its title, its keys and what it means; nothing where there is nothing to draw."""
    plot = _sound(plot)
    if not any(line.points for line in plot.lines):
        return ""
    keys = "".join((*map(_key, plot.bands), *map(_key, plot.lines))) if len(plot.lines) + len(plot.bands) > 1 else ""
    listed = f'<ul class="keys">{keys}</ul>' if keys else ""
    return (
        f'<figure class="plotted"><figcaption><strong>{e(plot.title, limit=200)}</strong> {e(plot.meaning)}</figcaption>'
        f"{listed}{_svg(plot)}</figure>"
    )


def _sound(plot: Plot) -> Plot:
    """Without what is no number, and on logarithmic axes without what has no place there."""

    def has_place(x: float, *ys: float) -> bool:
        fine = all(math.isfinite(one) and abs(one) < _LARGEST for one in (x, *ys))
        return fine and not (plot.log_x and x <= 0) and not (plot.log_y and min(ys) <= 0)

    lines = (
        msgspec.structs.replace(one, points=tuple(point for point in one.points if has_place(*point)))
        for one in plot.lines
    )
    bands = (
        msgspec.structs.replace(one, points=tuple(point for point in one.points if has_place(*point)))
        for one in plot.bands
    )
    limits = (one for one in plot.limits if has_place(*((one.at, 1.0) if one.upright else (1.0, one.at))))
    return msgspec.structs.replace(
        plot,
        lines=tuple(one for one in lines if one.points),
        bands=tuple(one for one in bands if one.points),
        limits=tuple(limits),
    )


def _svg(plot: Plot) -> str:
    bottom = plot.high - _BOTTOM
    xs = [x for line in plot.lines for x, _ in line.points]
    xs += [limit.at for limit in plot.limits if limit.upright and plot.span is None]
    ys = [y for line in plot.lines for _, y in line.points] + [y for band in plot.bands for y in band.points[0][1:]]
    ys += [y for band in plot.bands for point in band.points for y in point[1:]]
    ys += [limit.at for limit in plot.limits if not limit.upright and limit.at <= _FAR * max(ys)]
    across = _scale(plot.span or (min(xs), max(xs)), plot.log_x, _LEFT, _WIDE - _RIGHT)
    upward = _scale((min(ys) if plot.log_y else min(0.0, *ys, 0.0), plot.until or max(ys)), plot.log_y, bottom, _TOP)
    inside = (
        *_grid(across, upward, bottom),
        *(_band(one, across, upward) for one in plot.bands),
        *(part for one in plot.lines for part in _line(one, across, upward)),
        *(_limit(one, across, upward, bottom, place) for place, one in enumerate(plot.limits)),
        f'<text class="axis" x="{(_LEFT + _WIDE - _RIGHT) / 2:g}" y="{plot.high - 4}" text-anchor="middle">{e(plot.x)}</text>',
        f'<text class="axis" transform="translate(14 {(bottom + _TOP) / 2:g}) rotate(-90)" text-anchor="middle">{e(plot.y)}</text>',
    )
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDE} {plot.high}" role="img" '
        f'aria-label="{e(f"{plot.title}: {plot.y} by {plot.x}", limit=300)}">{"".join(inside)}</svg>'
    )


def _scale(span: tuple[float, float], log: bool, begin: float, end: float) -> _Scale:
    low, top = span
    if log:
        return _Scale(low / 1.1, max(top, low) * 1.1, log, begin, end)
    return _Scale(low, top if top > low else low + (abs(low) or 1.0), log, begin, end)


def _grid(across: _Scale, upward: _Scale, bottom: float) -> Iterator[str]:
    for tick in ticks(upward.low, upward.top, log=upward.log):
        y = upward.place(tick)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDE - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{_said(tick)}</text>'
    for tick in ticks(across.low, across.top, log=across.log):
        x = across.place(tick)
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom:g}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 16:g}" text-anchor="middle">{_said(tick)}</text>'


def ticks(low: float, top: float, *, log: bool = False, most: int = 8) -> Sequence[float]:
    """Round numbers from the one to the other."""
    if log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(top)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [value for ten in decades for one in steps if low <= (value := one * 10.0**ten) <= top]
            if len(found) <= most:
                return found
        return found[:: -(-len(found) // most)]
    rough = (top - low) / (most - 2)
    ten = 10.0 ** math.floor(math.log10(rough))
    step = next(one * ten for one in (1, 2, 5, 10) if one * ten >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(top / step + 1e-9) + 1)]


def _said(tick: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(tick) >= size:
            return f"{tick / (1000 if letter == 'k' else size):g}{letter}"
    return f"{tick:.6g}"


def _line(line: Line, across: _Scale, upward: _Scale) -> Iterator[str]:
    at = [(across.place(x), upward.place(y)) for x, y in line.points]
    if line.look is not Look.HOLLOW:
        kind = "step" if line.look is Look.STEP else ""
        yield f'<path class="drawn hue{line.hue} {line.look}" d="{_path(at, step=bool(kind))}"/>'
    if line.look in (Look.DOTS, Look.HOLLOW) or len(at) == 1:
        yield from (f'<circle class="hue{line.hue} {line.look}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in at)


def _path(at: Iterable[Point], *, step: bool = False) -> str:
    """As a stair, each value holds from the place before it up to its own."""
    return "".join(
        f"{'M' if not place else 'L'}{x:.1f} {y:.1f}" if not step or not place else f"V{y:.1f}H{x:.1f}"
        for place, (x, y) in enumerate(at)
    )


def _band(band: Band, across: _Scale, upward: _Scale) -> str:
    over = [(across.place(x), upward.place(top)) for x, _, top in band.points]
    below = [(across.place(x), upward.place(low)) for x, low, _ in reversed(band.points)]
    return f'<path class="band hue{band.hue}" d="{_path([*over, *below])}Z"/>'


def _limit(limit: Limit, across: _Scale, upward: _Scale, bottom: float, line: int) -> str:
    if limit.upright:
        x = across.place(limit.at)
        late = x > _WIDE * 0.75
        where = f'x="{x - 5 if late else x + 5:.1f}" y="{_TOP + 12 + 14 * line}"{_END if late else ""}'
        return f'<path class="limit" d="M{x:.1f} {_TOP}V{bottom:g}"/><text class="said" {where}>{e(limit.name, limit=60)}</text>'
    if limit.at > upward.top:
        return f'<text class="said" x="{_WIDE - _RIGHT - 4}" y="{_TOP + 12}"{_END}>{e(limit.name, limit=60)} ↑</text>'
    y = upward.place(limit.at)
    where = f'x="{_WIDE - _RIGHT - 4}" y="{y - 5 if y > _TOP + 20 else y + 14:.1f}"{_END}'
    return f'<path class="limit" d="M{_LEFT} {y:.1f}H{_WIDE - _RIGHT}"/><text class="said" {where}>{e(limit.name, limit=60)}</text>'


_END = ' text-anchor="end"'


def _key(one: Line | Band) -> str:
    if isinstance(one, Band):
        drawn = f'<rect class="band hue{one.hue}" width="26" height="12"/>'
    elif one.look is Look.HOLLOW:
        drawn = f'<circle class="hue{one.hue} hollow" cx="13" cy="6" r="4"/>'
    else:
        drawn = f'<path class="drawn hue{one.hue} {one.look}" d="M0 6H26"/>'
    return f'<li><svg class="plot" viewBox="0 0 26 12" aria-hidden="true">{drawn}</svg><bdi>{e(one.name, limit=120)}</bdi></li>'
