"""Retry-After, in both of its forms: seconds, and a date."""

from __future__ import annotations

import datetime as dt
import re
import time

_SECONDS = re.compile(rb"\d{1,9}(?:\.\d{1,9})?")
_DATE = re.compile(rb"[A-Za-z]{3}, (\d\d) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()


def seconds_until(value: bytes, answered: bytes | None) -> float:
    """0 where it says nothing that is known. ``answered``: the date of the answer, by the same clock as that of the value."""
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = _moment(value)
    if moment is None:
        return 0.0
    now = _moment(answered or b"")
    return max(moment - (time.time() if now is None else now), 0.0)


def _moment(text: bytes) -> float | None:
    match = _DATE.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[number]) for number in (1, 3, 4, 5, 6))
    month = _MONTHS.index(match[2].lower()) + 1
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None
