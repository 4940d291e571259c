"""A Measure is one number with its unit, its source, its target and how it was obtained."""

from __future__ import annotations

import msgspec


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    value: float
    unit: str
    target: str = ""
    source: str = ""
    valid: bool = True
    why_not_valid: str = ""
