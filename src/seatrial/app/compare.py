"""Tells what changed from one saved Run to another."""

from __future__ import annotations

from pathlib import Path

from seatrial.engine.compare import Change, Comparison, MeasureChange, Shift, compare
from seatrial.engine.schema import read_run
from seatrial.report.lines import Page

# What a reader wants to know first; what did not change is only counted.
_ORDER = (
    (Shift.WORSE, "Worse", "fail"),
    (Shift.NEW, "New", "bold"),
    (Shift.DIFFERENT, "Different", "unknown"),
    (Shift.GONE, "No longer judged", "unknown"),
    (Shift.FIXED, "Fixed", "pass"),
    (Shift.BETTER, "Better", "pass"),
)


def of_files(before: Path, after: Path) -> Comparison:
    return compare(read_run(before), read_run(after))


def is_worse(comparison: Comparison) -> bool:
    """Something was lost, or what was not judged before fails."""
    changes = (*comparison.requirements, *comparison.findings)
    return any(
        change.shift is Shift.WORSE or (change.shift is Shift.NEW and change.after == "fail") for change in changes
    )


def as_text(comparison: Comparison, *, colour: bool = False) -> str:
    page = Page(colour=colour)
    for caveat in comparison.caveats:
        page.say(caveat, mark="!", paint="unknown")
    for shift, heading, paint in _ORDER:
        requirements = _shifted(comparison.requirements, shift)
        findings = _shifted(comparison.findings, shift)
        if not requirements + findings:
            continue
        page.gap()
        page.say(f"{heading} ({len(requirements + findings)})", paint=paint)
        for change in requirements + findings:
            _change(page, change)
    _measures(page, comparison.measures)
    page.gap()
    page.say(_unchanged(comparison))
    return page.text()


def _shifted(changes: tuple[Change, ...], shift: Shift) -> list[Change]:
    return [change for change in changes if change.shift is shift]


def _change(page: Page, change: Change) -> None:
    page.say(f"{change.key}: {change.before or 'not judged'} → {change.after or 'not judged'}", indent=2, mark="·")
    if change.because:
        page.say(change.because, indent=4)


def _measures(page: Page, measures: tuple[MeasureChange, ...]) -> None:
    if not measures:
        return
    page.gap()
    page.say("Measured", paint="bold")
    for one in measures:
        before, after = ("none" if number is None else f"{number:g}" for number in (one.before, one.after))
        ratio = f" (× {one.ratio:.2f})" if one.ratio is not None else ""
        doubt = f"; not comparable: {one.not_comparable}" if one.not_comparable else ""
        page.say(f"{one.id}: {before} → {after} {one.unit}{ratio}{doubt}", indent=2, mark="·")


def _unchanged(comparison: Comparison) -> str:
    same = len(_shifted(comparison.requirements, Shift.UNCHANGED)), len(_shifted(comparison.findings, Shift.UNCHANGED))
    return f"Unchanged: {same[0]} requirements, {same[1]} findings."
