"""What the numbers that model servers tell of themselves have in common: whose they are, and whether they cover enough.

What clients see stands beside these, as measures of their own (``loads``).
"""

from __future__ import annotations

from seatrial.catalog.systems.served_models import BY
from seatrial.model.fact import Series

NOBODY = "no model server that is recognised tells of it to the monitoring system"
_COVERED = 0.8  # of the time that was asked for; a proposal


def whose(series: Series) -> str:
    """Namespace and model."""
    return "/".join(filter(None, (series.label(name) for name in BY))) or "all"


def too_short(covered: float, window: float) -> str:
    """Why numbers of so many seconds are not valid for a window; empty where they are."""
    return (
        f"too short: numbers of {covered:.0f} s, and {window:g} s were asked for" if covered < _COVERED * window else ""
    )
