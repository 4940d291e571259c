"""A Measure in words, the same on every face: what it is, what it should be, and why one should doubt it."""

from __future__ import annotations

from seatrial.model.measure import Measure
from seatrial.report.outline import Standing
from seatrial.report.wording import amount, precise


def told(one: Measure) -> str:
    """The number; or that there is none."""
    return amount(one) if one.is_there else "not measured"


def interval(one: Measure) -> str:
    """Between which bounds it truly lies, where anything is known of that."""
    if not one.is_there or (one.low is None and one.high is None):
        return ""
    if one.low is None or one.high is None:
        return f"at least {precise(one.low)}" if one.low is not None else f"at most {precise(one.high or 0.0)}"
    return f"{precise(one.low)} to {precise(one.high)}"


def wanted(one: Measure) -> str:
    """What it should be, who says so, and whether it is."""
    if not one.target:
        return ""
    return f"{one.target}{f': {met(one)}' if met(one) else ''}{f' ({one.target_source})' if one.target_source else ''}"


def met(one: Measure) -> str:
    return {True: "met", False: "missed", None: ""}[one.met]


def doubt(one: Measure) -> str:
    """Why not to rely on it; empty where nothing says so."""
    if not one.valid:
        return f"not valid: {one.why_not_valid}"
    return "only of what is simulated" if one.simulated else ""


def standing_of(one: Measure) -> Standing:
    if not one.valid:
        return Standing.UNKNOWN
    return {True: Standing.PASS, False: Standing.FAIL, None: Standing.NOT_APPLICABLE}[one.met]
