"""What makes results worth nothing, however green they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seatrial.foreign.results import Case, Ended, Results, Suite
from seatrial.foreign.suites import FEWEST, in_scope, is_scaffolding

_MOSTLY = 0.75
_SHORTEST = 1.0  # seconds; no pod of a test starts and is judged in less
_NAMED = 3


def emptiness(results: Results) -> tuple[str, ...]:
    """Why the results prove nothing, or less than they seem to. Empty where nothing is to be said against them."""
    if not any(not is_scaffolding(case) for case in results.cases):
        return ("there is no case in it",)
    if not any(case.ran for case in results.cases if not is_scaffolding(case)):
        return (f"each of its {len(results.cases)} cases was skipped",)
    by_suite = {Suite.AI: _of_ai, Suite.BASE: _of_base, Suite.OTHER: _of_another}
    return tuple(by_suite[results.suite](results))


def contradictions(results: Results) -> tuple[str, ...]:
    """Where the file does not agree with itself."""
    ran = Counter(case.name for case in results.cases if case.ran and not is_scaffolding(case))
    twice = [name for name, number in ran.items() if number > 1]
    unfinished = [case.name for case in results.cases if case.ended is Ended.UNFINISHED]
    slips = list(results.slips)
    slips += [f"{len(twice)} cases are in it more than once: {_some(twice)}"] if twice else []
    slips += [f"{len(unfinished)} cases began and never ended: {_some(unfinished)}"] if unfinished else []
    return tuple(slips)


def hollow(case: Case, results: Results) -> str:
    """Why this pass shows nothing; empty where it may."""
    if case.ended is not Ended.PASS:
        return ""
    if case.seconds is not None and case.seconds < _SHORTEST:
        return f"it passed after {case.seconds:g} s, in which no pod can have started"
    inner = [one for one in results.cases if one.root == case.name and one is not case]
    if inner and not any(one.ran for one in inner):
        return f"it passed, and each of its {len(inner)} subtests was skipped"
    return ""


def _of_ai(results: Results) -> Iterator[str]:
    tests = in_scope(Suite.AI, results.cases)
    if not tests:
        yield (
            f"none of its {len(results.cases)} cases looks at a cluster: "
            f"{_some([case.root for case in results.cases])} and the like are tests of the suite itself"
        )
        return
    skipped = [case.name for case in tests if not case.ran]
    if len(skipped) == len(tests):
        yield f"each of the {len(tests)} tests that look at a cluster was skipped: {_some(skipped)}"
    elif len(tests) >= 4 and len(skipped) > _MOSTLY * len(tests):
        yield f"{len(skipped)} of the {len(tests)} tests that look at a cluster were skipped: {_some(skipped)}"
    yield from (f"{case.name}: {why}" for case in tests if (why := hollow(case, results)))


def _of_base(results: Results) -> Iterator[str]:
    cases = in_scope(Suite.BASE, results.cases)
    ran = [case for case in cases if case.ran]
    focus = f"; its focus was {results.focus}" if results.focus else ""
    if len(ran) < FEWEST:
        tests = "conformance test" if len(ran) == 1 else "conformance tests"
        yield f"{len(ran)} {tests} ran, where there are more than {FEWEST}{focus}"
    skipped = [case.name for case in cases if not case.ran]
    if skipped:
        yield f"{len(skipped)} conformance tests were skipped, where all have to run: {_some(skipped)}"


def _of_another(results: Results) -> Iterator[str]:
    cases = in_scope(Suite.OTHER, results.cases)
    skipped = [case.name for case in cases if not case.ran]
    if len(skipped) > _MOSTLY * len(cases):
        yield f"{len(skipped)} of its {len(cases)} cases were skipped"


def _some(names: list[str]) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - _NAMED} more" if len(different) > _NAMED else ""
    return ", ".join(different[:_NAMED]) + more
