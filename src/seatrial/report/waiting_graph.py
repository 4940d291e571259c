"""Who waits for whom, drawn: a circle as a circle, anything else as waiters on the left and what they wait for on the right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seatrial.model.wait import Cause
from seatrial.report.hostile import html_text as e

_MOST = 12  # boxes; a drawing of more shows nothing
_WIDTH, _BOX, _HIGH = 900, 330, 34


def drawn(cause: Cause) -> str:
    ring = cause.cycle[:-1]
    name = f"arrow-{cause.rank}"
    if 1 < len(ring) <= _MOST:
        height, body = _ring(ring, name)
    else:
        height, body = _row([row.subject for row in cause.blocked[:_MOST]], cause.holder, name)
    label = e(f"Who waits for whom: {cause.holder}", limit=300)
    marker = f'<defs><marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    return f'<svg class="net" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{marker}{body}</svg>'


def _row(waiters: Sequence[str], holder: str, arrow: str) -> tuple[int, str]:
    height = max(1, len(waiters)) * (_HIGH + 12) + 12
    middle = height / 2
    parts = []
    for number, waiter in enumerate(waiters):
        y = 12 + number * (_HIGH + 12) + _HIGH / 2
        parts.append(_box(6 + _BOX / 2, y, waiter))
        parts.append(_arrow(6 + _BOX, y, _WIDTH - 6 - _BOX, middle, arrow))
    return height, "".join((*parts, _box(_WIDTH - 6 - _BOX / 2, middle, holder, end=True)))


def _ring(names: Sequence[str], arrow: str) -> tuple[int, str]:
    height = 140 + 40 * len(names)
    wide, high = (_WIDTH - _BOX) / 2 - 10, height / 2 - _HIGH
    spots = []
    for number in range(len(names)):
        angle = 2 * math.pi * number / len(names) - math.pi / 2
        spots.append((_WIDTH / 2 + wide * math.cos(angle), height / 2 + high * math.sin(angle)))
    arrows = []
    for number, (x, y) in enumerate(spots):
        to = spots[(number + 1) % len(spots)]
        bend = (_WIDTH / 2 + (y - to[1]) * 0.9, height / 2 + (to[0] - x) * 0.2)
        below = _HIGH / 2 if to[1] > y else -_HIGH / 2
        arrows.append(
            f'<path class="circle" d="M{x:.0f} {y + below:.0f}Q{bend[0]:.0f} {bend[1]:.0f} {to[0]:.0f} {to[1] - below:.0f}" marker-end="url(#{arrow})"/>'
        )
    boxes = [_box(x, y, name, end=True) for (x, y), name in zip(spots, names, strict=True)]
    return height, "".join((*arrows, *boxes))


def _box(x: float, y: float, text: str, *, end: bool = False) -> str:
    kind = ' class="end"' if end else ""
    shown = text if len(text) <= 42 else f"{text[:12]}…{text[-28:]}"
    return (
        f'<g{kind}><title>{e(text, limit=300)}</title><rect x="{x - _BOX / 2:.0f}" y="{y - _HIGH / 2:.0f}" width="{_BOX}" height="{_HIGH}" rx="6"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{e(shown)}</text></g>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, name: str) -> str:
    half = (x + to_x) / 2
    return f'<path d="M{x:.0f} {y:.0f}C{half:.0f} {y:.0f} {half:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}" marker-end="url(#{name})"/>'
