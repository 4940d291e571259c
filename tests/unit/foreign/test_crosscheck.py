from __future__ import annotations

import pytest

from seatrial.foreign import junit
from seatrial.foreign.crosscheck import cross_check
from seatrial.foreign.verdicts import of_tests
from seatrial.model.run import Run
from seatrial.model.verdict import Finding, Outcome, failed, passed
from tests.unit.foreign import samples
from tests.unit.report.runs import a_run, requirement

SAME, OTHER = passed("one cluster"), failed("two clusters")


def theirs(how: str) -> tuple[Finding, ...]:
    return of_tests([junit.read(samples.junit((samples.GANG, how)).encode(), file="junit.xml")]) if how else ()


def ours(*outcomes: Outcome, covered: bool = True, simulated: bool = False) -> Run:
    results = tuple(requirement("gang_scheduling", one, covered=covered) for one in outcomes)
    return a_run(requirements=results, simulated=simulated)


@pytest.mark.parametrize(
    ("they", "we", "outcome", "said"),
    [
        ("pass", Outcome.PASS, Outcome.PASS, "agree: pass"),
        ("fail", Outcome.FAIL, Outcome.PASS, "agree: fail"),
        ("pass", Outcome.FAIL, Outcome.FAIL, "That matters, as it asks for CPU alone"),
        ("fail", Outcome.PASS, Outcome.FAIL, "fails and seatrial passes"),
        ("skip", Outcome.PASS, Outcome.NOT_APPLICABLE, "only seatrial judged it (pass)"),
        ("pass", Outcome.UNKNOWN, Outcome.NOT_APPLICABLE, "only TestGangScheduling judged it (pass)"),
        ("skip", Outcome.UNKNOWN, Outcome.NOT_APPLICABLE, "neither judged it"),
        ("", Outcome.PASS, Outcome.NOT_APPLICABLE, "is not among the results"),
    ],
)
def test_both_are_held_against_each_other(they: str, we: Outcome, outcome: Outcome, said: str) -> None:
    (found,) = cross_check(theirs(they), ours(we), SAME)
    assert (found.subject, found.outcome) == ("gang_scheduling", outcome)
    assert said in found.because


def test_what_seatrial_was_not_asked_is_theirs_alone() -> None:
    (found,) = cross_check(theirs("pass"), a_run(), SAME)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert list(cross_check(theirs(""), ours(Outcome.UNKNOWN, covered=False), SAME)) == []


def test_the_least_of_several_versions_counts() -> None:
    (found,) = cross_check(theirs("pass"), ours(Outcome.PASS, Outcome.FAIL), SAME)
    assert found.outcome is Outcome.FAIL


def test_results_of_another_cluster_neither_agree_nor_disagree() -> None:
    (found,) = cross_check(theirs("pass"), ours(Outcome.PASS), OTHER)
    assert found.outcome is Outcome.UNKNOWN
    assert "two clusters" in found.because


def test_simulated_accelerators_are_never_left_unsaid() -> None:
    (found,) = cross_check(theirs("pass"), ours(Outcome.PASS, simulated=True), SAME)
    assert found.because.endswith("Ours is about simulated accelerators")
