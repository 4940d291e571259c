from __future__ import annotations

from seatrial.catalog.standards.cncf_ai import V1_37
from seatrial.foreign import ginkgo, gotest, junit
from seatrial.foreign.results import Results
from seatrial.foreign.suites import TESTS
from seatrial.foreign.verdicts import BASE, FULL, OTHER, WHOLE, of_file, of_tests, requirements
from seatrial.model.verdict import Finding, Outcome
from tests.unit.foreign import samples
from tests.unit.foreign.samples import GANG, SCALING, SECURE


def xml(*cases: tuple[str, str], file: str = "junit.xml", **more: str) -> Results:
    return junit.read(samples.junit(*cases, **more).encode(), file=file)


def outcomes(findings: list[Finding] | tuple[Finding, ...]) -> dict[str, Outcome]:
    return {one.check: one.outcome for one in findings}


def test_of_a_file_is_said_whether_it_is_whole_and_full() -> None:
    assert outcomes(list(of_file(xml((GANG, "pass"))))) == {WHOLE: Outcome.PASS, FULL: Outcome.PASS}
    broken = list(of_file(xml((GANG, "skip"), (GANG, "skip"), tests="-4")))
    assert outcomes(broken) == {WHOLE: Outcome.FAIL, FULL: Outcome.FAIL}
    assert all(one.fix for one in broken)


def test_base_conformance_passes_fails_or_was_not_shown() -> None:
    many = samples.conformance(419)

    def judged(*cases: tuple[str, str]) -> Outcome:
        return outcomes(list(of_file(xml(*cases, name="Kubernetes e2e suite"))))[BASE]

    assert judged(*many) is Outcome.PASS
    assert judged(*many[1:], *samples.conformance(1, "fail")) is Outcome.FAIL
    assert judged(*many[:20]) is Outcome.UNKNOWN


def test_a_suite_that_nobody_knows_is_unknown() -> None:
    assert outcomes(list(of_file(xml(("a", "pass"), name="mine"))))[OTHER] is Outcome.UNKNOWN


def test_every_test_has_a_finding_and_unit_tests_have_none() -> None:
    results = xml((GANG, "pass"), (SECURE, "fail"), (SCALING, "skip"), ("TestBuildTestPod", "pass"))
    assert outcomes(of_tests([results])) == {
        f"ai-conformance.{GANG}": Outcome.PASS,
        f"ai-conformance.{SECURE}": Outcome.FAIL,
        f"ai-conformance.{SCALING}": Outcome.UNKNOWN,
    }


def test_a_pass_that_shows_nothing_is_unknown() -> None:
    results = gotest.read_events(samples.events((GANG, "pass", 0.0), (SECURE, "", 0)), file="results.json")
    assert set(outcomes(of_tests([results])).values()) == {Outcome.UNKNOWN}


def test_where_files_disagree_the_lesser_counts_and_both_are_named() -> None:
    (found,) = of_tests([xml((GANG, "pass"), file="a.xml"), xml((GANG, "fail"), file="b.xml")])
    assert found.outcome is Outcome.FAIL
    assert "so says b.xml; another file says otherwise" in found.because
    assert found.seen == {"told": {"a.xml": "pass", "b.xml": "fail"}}


def test_requirements_are_those_that_a_test_was_run_for() -> None:
    tests = of_tests([xml((GANG, "pass"), (SCALING, "skip"))])
    assert {one.id: (one.outcome, one.checks) for one in requirements(V1_37, tests)} == {
        "gang_scheduling": (Outcome.PASS, (f"ai-conformance.{GANG}",)),
        "cluster_autoscaling": (Outcome.UNKNOWN, (f"ai-conformance.{SCALING}",)),
    }


def test_every_test_is_for_a_requirement_of_the_standard() -> None:
    assert {one.requirement for one in TESTS.values()} <= {one.id for one in V1_37.requirements}


def test_base_results_say_nothing_of_ai_requirements() -> None:
    assert of_tests([ginkgo.read(samples.ginkgo(*samples.conformance(2)), file="e2e.log")]) == ()
