"""Somebody else's verdicts held against our own, requirement by requirement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from seatrial.foreign.suites import TESTS
from seatrial.foreign.verdicts import by_requirement_of, finding
from seatrial.model.run import Run
from seatrial.model.standard import RequirementResult
from seatrial.model.verdict import Finding, Outcome, Severity, Verdict, failed, not_applicable, passed, unknown

AGREES = "foreign.agrees-with-seatrial"

_FIX = "find out which of the two is wrong: the evidence in the Run and the test's own log say what each of them did"
# Of several versions of a standard in one Run the first of these counts.
_DECISIVE = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE)
_JUDGED = (Outcome.PASS, Outcome.FAIL)


def cross_check(tests: Iterable[Finding], run: Run, same: Verdict) -> Iterator[Finding]:
    """One finding per requirement that either of the two judged by a test of theirs."""
    theirs, ours = by_requirement_of(tests), _ours(run)
    for test, covers in TESTS.items():
        they, we = theirs.get(covers.requirement), ours.get(covers.requirement)
        if they is None and (we is None or not we.covered):
            continue
        if same.outcome is Outcome.FAIL:
            verdict = unknown(f"the two are not about one cluster: {same.because}")
        else:
            verdict = _held(they, we, test, covers.leaves_open)
        if run.environment.simulated and they is not None:
            verdict = Verdict(verdict.outcome, f"{verdict.because}. Ours is about simulated accelerators", verdict.seen)
        yield finding(AGREES, covers.requirement, verdict, severity=Severity.HIGH, fix=_FIX)


def _held(they: Finding | None, we: RequirementResult | None, test: str, leaves_open: str) -> Verdict:
    if they is None:
        return not_applicable(f"only seatrial judged it: {test} is not among the results")
    if we is None or not we.covered:
        return not_applicable(f"only {test} judged it: no check of seatrial was asked")
    if we.outcome not in _JUDGED and they.outcome not in _JUDGED:
        return not_applicable(f"neither judged it: {they.because}. Ours: {we.because}")
    if they.outcome not in _JUDGED:
        return not_applicable(f"only seatrial judged it ({we.outcome}): {they.because}")
    if we.outcome not in _JUDGED:
        return not_applicable(f"only {test} judged it ({they.outcome}). Ours: {we.because}")
    if they.outcome is we.outcome:
        return passed(f"{test} and seatrial agree: {we.outcome}")
    if we.outcome is Outcome.FAIL:
        why = f"{test} passes and seatrial fails. That matters, as {leaves_open}. Ours: {we.because}"
        return failed(why)
    return failed(f"{test} fails and seatrial passes. Theirs: {they.because}. Ours: {we.because}")


def _ours(run: Run) -> Mapping[str, RequirementResult]:
    """The least that the Run says of a requirement, over the versions that ask for it."""
    least: dict[str, RequirementResult] = {}
    for one in run.requirements:
        other = least.get(one.id)
        if other is None or _DECISIVE.index(one.outcome) < _DECISIVE.index(other.outcome):
            least[one.id] = one
    return least
