"""From findings to the requirements of a Standard, and from a Run to the exit code. Nothing counts as pass by default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seatrial.model.errors import Interrupted
from seatrial.model.fact import GapReason
from seatrial.model.run import Run
from seatrial.model.standard import Automated, Requirement, RequirementResult, Standard
from seatrial.model.verdict import Finding, Outcome

# The first of these that is among the findings decides.
DECISIVE = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE)
QUOTED = 3


def score(standard: Standard, findings: Iterable[Finding]) -> tuple[RequirementResult, ...]:
    """One result per requirement, in the order of the standard."""
    known = tuple(findings)
    return tuple(_result(standard, requirement, known) for requirement in standard.requirements)


def _result(standard: Standard, requirement: Requirement, findings: Sequence[Finding]) -> RequirementResult:
    coverage = requirement.coverage
    if isinstance(coverage, Automated):
        outcome, because = _judged(coverage, [one for one in findings if one.check in coverage.checks])
    else:
        outcome, because = Outcome.UNKNOWN, coverage.why
    return RequirementResult(
        standard=standard.id,
        version=standard.version,
        id=requirement.id,
        level=requirement.level,
        outcome=outcome,
        because=because,
        checks=coverage.checks if isinstance(coverage, Automated) else (),
        covered=isinstance(coverage, Automated),
    )


def _judged(coverage: Automated, findings: Sequence[Finding]) -> tuple[Outcome, str]:
    passes = [one for one in findings if one.outcome is Outcome.PASS]
    if coverage.any_of and passes:
        return Outcome.PASS, _sentences(_say("it takes one, and this passed", passes), *_others(findings))
    not_run = [check for check in coverage.checks if all(one.check != check for one in findings)]
    outcomes = {one.outcome for one in findings} | ({Outcome.UNKNOWN} if not_run else set())
    outcome = next((one for one in DECISIVE if one in outcomes), Outcome.UNKNOWN)
    deciding = [one for one in findings if one.outcome is outcome]
    missing = f"not run: {', '.join(not_run)}" if not_run else ""
    return outcome, _sentences(_say(outcome.value, deciding) if deciding else "", missing)


def _others(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(
        _say(f"others: {outcome.value}", there)
        for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)
        if (there := [one for one in findings if one.outcome is outcome])
    )


def _say(what: str, findings: Sequence[Finding]) -> str:
    quoted = "; ".join(f"{one.subject or one.check}: {one.because}" for one in findings[:QUOTED])
    more = f"; and {len(findings) - QUOTED} more" if len(findings) > QUOTED else ""
    return f"{what}: {quoted}{more}"


def _sentences(*parts: str) -> str:
    return ". ".join(part for part in parts if part)


def exit_code(run: Run) -> int:
    """0 when something passed and nothing else was found, 1 when anything failed, 3 when no verdict was possible.

    One that was stopped half-way is 130, whatever it had found. A Run in which nothing passed has proven nothing: where all was not applicable, or nothing was covered, it is 3.
    """
    if not run.complete:
        return Interrupted.exit_code
    covered = [one for one in run.requirements if one.covered]
    named = {check for one in covered for check in one.checks}
    counted = [one for one in run.findings if one.check not in named and not _aside(one)]
    outcomes = {one.outcome for one in covered} | {one.outcome for one in counted}
    if Outcome.FAIL in outcomes:
        return 1
    return 0 if Outcome.PASS in outcomes and outcomes <= {Outcome.PASS, Outcome.NOT_APPLICABLE} else 3


def _aside(finding: Finding) -> bool:
    """Told, and not counted: what somebody answers for, and what files alone cannot tell."""
    not_given = finding.outcome is Outcome.UNKNOWN and finding.seen.get("reason") == GapReason.NOT_GIVEN.value
    return finding.accepted is not None or not_given
