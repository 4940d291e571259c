from __future__ import annotations

import pytest

from seatrial.foreign import ginkgo, gotest, junit
from seatrial.foreign.results import Case, Ended, Results, Suite
from seatrial.foreign.suites import TESTS
from seatrial.foreign.vacuity import contradictions, emptiness, hollow
from tests.unit.foreign import samples
from tests.unit.foreign.samples import GANG, SCALING, SECURE


def of_xml(*cases: tuple[str, str], **more: str) -> Results:
    return junit.read(samples.junit(*cases, **more).encode(), file="junit.xml")


def base(*cases: tuple[str, str]) -> Results:
    return of_xml(*cases, name="Kubernetes e2e suite", focus="\\[Conformance\\]")


FULL = samples.conformance(419)
UNIT = [("TestDetectAllocationMode", "pass"), ("TestBuildTestPod", "pass")]
MANY = [(test, "skip") for test in TESTS]


@pytest.mark.parametrize(
    ("results", "why"),
    [
        (of_xml(), "there is no case in it"),
        (base(("[SynchronizedBeforeSuite]", "pass")), "there is no case in it"),
        (of_xml((GANG, "skip"), (SECURE, "skip")), "each of its 2 cases was skipped"),
        (of_xml((GANG, "skip"), *UNIT), "each of the 1 tests that look at a cluster was skipped"),
        (of_xml((GANG, "pass"), *MANY[2:]), "of the 7 tests that look at a cluster were skipped"),
        (of_xml(*UNIT), "none of its 2 cases looks at a cluster: TestDetectAllocationMode, TestBuildTestPod"),
        (of_xml((GANG, "pass"), time="0.00"), "in which no pod can have started"),
        (of_xml((GANG, "pass"), (f"{GANG}/Positive", "skip")), "each of its 1 subtests was skipped"),
        (base(*samples.conformance(12)), "12 conformance tests ran, where there are more than 400; its focus was"),
        (base(*samples.conformance(1)), "1 conformance test ran"),
        (
            base(*FULL, ("[It] hard one [Conformance]", "skip")),
            "1 conformance tests were skipped, where all have to run",
        ),
        (of_xml(("a", "pass"), *[(str(n), "skip") for n in range(9)], name="mine"), "9 of its 10 cases were skipped"),
        (ginkgo.read(samples.ginkgo(*samples.conformance(3)), file="e2e.log"), "3 conformance tests ran"),
    ],
)
def test_what_proves_nothing_is_told(results: Results, why: str) -> None:
    assert any(why in one for one in emptiness(results)), emptiness(results)


@pytest.mark.parametrize(
    "results",
    [
        of_xml((GANG, "pass"), (f"{GANG}/Positive", "pass"), (SCALING, "skip"), *UNIT),
        base(*FULL, ("[It] [sig-storage] beside the point", "skip")),
        of_xml(("a", "pass"), name="mine"),
        gotest.read_log(samples.GO_LOG, file="e2e.log"),
    ],
)
def test_what_ran_in_earnest_is_left_alone(results: Results) -> None:
    assert emptiness(results) == ()
    assert contradictions(results) == ()


def test_cases_that_ran_twice_are_told_and_skipped_ones_may_repeat() -> None:
    assert "1 cases are in it more than once: a" in contradictions(of_xml(("a", "pass"), ("a", "fail")))
    assert contradictions(of_xml(("a", "pass"), ("b", "skip"), ("b", "skip"))) == ()


def test_a_case_without_an_end_is_told() -> None:
    results = gotest.read_events(samples.events((GANG, "", 0)), file="results.json")
    assert f"1 cases began and never ended: {GANG}" in contradictions(results)


def test_only_a_pass_can_be_hollow() -> None:
    case = Case(GANG, Ended.FAIL, 0.0)
    assert hollow(case, Results(file="f", suite=Suite.AI, cases=(case,))) == ""
