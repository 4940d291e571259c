"""From results to Findings and requirements, so that a Run can hold them and every face can show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seatrial.foreign.results import Case, Ended, Results, Suite
from seatrial.foreign.suites import SOURCE, TESTS, in_scope
from seatrial.foreign.vacuity import contradictions, emptiness, hollow
from seatrial.model.standard import RequirementResult, Standard
from seatrial.model.verdict import Finding, Outcome, Severity, Verdict, failed, passed, unknown

WHOLE = "foreign.results-agree-with-themselves"
FULL = "foreign.results-show-something"
BASE = "foreign.base-conformance-passes"
OTHER = "foreign.suite-is-known"
SUITE = "ai-conformance"  # ``ai-conformance.TestGangScheduling`` is the finding of that test

FIXES = {
    WHOLE: "take the files as the tool wrote them, all of one run that came to its end",
    FULL: "run the whole suite against the cluster, with the flags that its skipped tests ask for",
    BASE: "look at the first failing test in e2e.log",
}
_SHOWN = 5

# Where files or repeated runs disagree about a test, the first of these is what counts.
_DECISIVE = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


def finding(
    check: str, subject: str, verdict: Verdict, *, severity: Severity = Severity.HIGH, fix: str = ""
) -> Finding:
    fix = fix or FIXES.get(check, "")
    return Finding(
        check=check,
        subject=subject,
        outcome=verdict.outcome,
        severity=severity,
        because=verdict.because,
        fix=fix if verdict.outcome is Outcome.FAIL else "",
        seen=verdict.seen,
    )


def of_file(results: Results) -> Iterator[Finding]:
    """What is to be said of one file, whatever its tests found."""
    wrong = contradictions(results)
    told = f"{_counted(results)}, and nothing in it contradicts that"
    yield finding(WHOLE, results.file, failed("; ".join(wrong)) if wrong else passed(told))
    empty = emptiness(results)
    yield finding(FULL, results.file, failed("; ".join(empty)) if empty else passed(_substance(results)))
    if results.suite is Suite.BASE:
        yield finding(BASE, results.file, _base(results))
    if results.suite is Suite.OTHER and results.cases:
        why = f"these are neither the tests of {SOURCE} nor base conformance, so what they show is not known"
        yield finding(OTHER, results.file, unknown(why))


def of_tests(all_results: Sequence[Results]) -> tuple[Finding, ...]:
    """One finding per test that looks at a cluster, over all files: the least that any of them tells of it."""
    told: defaultdict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    for results in all_results:
        if results.suite is Suite.AI:
            for case in in_scope(Suite.AI, results.cases):
                told[case.name].append((results.file, _test(case, results)))
    return tuple(finding(f"{SUITE}.{test}", "", _least(verdicts)) for test, verdicts in sorted(told.items()))


def requirements(standard: Standard, tests: Iterable[Finding]) -> tuple[RequirementResult, ...]:
    """What the tests say of a standard's requirements; of one that they were not asked about, nothing."""
    by_requirement = by_requirement_of(tests)
    return tuple(
        RequirementResult(
            standard=standard.id,
            version=standard.version,
            id=one.id,
            level=one.level,
            outcome=found.outcome,
            because=found.because,
            checks=(found.check,),
        )
        for one in standard.requirements
        if (found := by_requirement.get(one.id)) is not None
    )


def by_requirement_of(tests: Iterable[Finding]) -> Mapping[str, Finding]:
    return {TESTS[one.check.removeprefix(f"{SUITE}.")].requirement: one for one in tests}


def _test(case: Case, results: Results) -> Verdict:
    said = f": {case.because}" if case.because else ""
    if case.ended is Ended.FAIL:
        return failed(f"{case.name} fails{said}")
    if case.ended is Ended.SKIP:
        return unknown(f"{case.name} was skipped{said}; that shows nothing either way")
    if case.ended is Ended.UNFINISHED:
        return unknown(f"{case.name} began, and nothing says how it ended")
    if why := hollow(case, results):
        return unknown(f"{case.name}: {why}")
    took = f" after {case.seconds:g} s" if case.seconds is not None else ""
    return passed(f"{case.name} passes{took}")


def _least(verdicts: Sequence[tuple[str, Verdict]]) -> Verdict:
    file, least = min(verdicts, key=lambda told: _DECISIVE.index(told[1].outcome))
    outcomes = {name: verdict.outcome.value for name, verdict in verdicts}
    if len({verdict.outcome for _, verdict in verdicts}) == 1:
        return Verdict(least.outcome, least.because, {"files": sorted(outcomes)})
    return Verdict(least.outcome, f"{least.because} (so says {file}; another file says otherwise)", {"told": outcomes})


def _base(results: Results) -> Verdict:
    cases = in_scope(Suite.BASE, results.cases)
    broken = [case.name for case in cases if case.ended in (Ended.FAIL, Ended.UNFINISHED)]
    if broken:
        return failed(f"{len(broken)} of {len(cases)} conformance tests do not pass: {'; '.join(broken[:_SHOWN])}")
    if emptiness(results):
        return unknown("what ran passed, and too little ran to call that conformance")
    return passed(f"all of {len(cases)} conformance tests pass")


def _substance(results: Results) -> str:
    scope = [case for case in in_scope(results.suite, results.cases) if case.ran]
    if results.suite is Suite.AI:
        rest = sum(case.root not in TESTS for case in results.cases)
        aside = f"; {rest} more cases test the suite itself, and say nothing of a cluster" if rest else ""
        return f"{len(scope)} tests looked at a cluster{aside}"
    return f"{len(scope)} {'conformance tests' if results.suite is Suite.BASE else 'cases'} ran"


def _counted(results: Results) -> str:
    ran = sum(case.ran for case in results.cases)
    return f"{len(results.cases)} cases, {ran} of which ran"
