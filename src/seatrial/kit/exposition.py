"""The text in which programs expose metrics to Prometheus: series of the names that somebody asks for.

What cannot be read is left out, line by line: one spoilt series says nothing of the others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping

import msgspec

_SERIES = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+\S+)?\s*")
_LABEL = re.compile(r'\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)")
_LONGEST = 16_384  # characters of one line


class Series(msgspec.Struct, frozen=True):
    name: str
    labels: Mapping[str, str]
    value: float


def series(text: str, names: Collection[str]) -> Iterator[Series]:
    """The series of these names and of no others, however alike those are spelt. A value that is no number is left out."""
    for line in text.split("\n"):
        name = re.split(r"[{\s]", line, maxsplit=1)[0]
        if name in names and len(line) <= _LONGEST and (one := _read(line)) is not None:
            yield one


def _read(line: str) -> Series | None:
    match = _SERIES.fullmatch(line)
    if match is None:
        return None
    labels = _labels(match["labels"] or "")
    try:
        value = float(match["value"])
    except ValueError:
        return None
    return None if labels is None or math.isnan(value) else Series(match["name"], labels, value)


def _labels(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _LABEL.match(text, at)
        if match is None:
            return None
        found[match["name"]] = _ESCAPED.sub(lambda escape: {"n": "\n"}.get(escape[1], escape[1]), match["value"])
        at = match.end()
    return found
