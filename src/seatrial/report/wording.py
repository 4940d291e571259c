"""Moments, spans and numbers in words, the same on every face."""

from __future__ import annotations

import datetime as dt

from seatrial.model.measure import Measure


def moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def amount(measure: Measure) -> str:
    return f"{measure.value:g} {measure.unit}".rstrip()


def precise(value: float) -> str:
    """Three figures behind the first, and no more than anybody reads."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
