from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.foreign import ginkgo
from seatrial.foreign.results import Case, Ended, Identity, Results, Suite
from tests.unit.foreign import samples

NAMES = [name.removeprefix("[It] ") for name, _ in samples.conformance(3)]
LOG = samples.ginkgo(*zip(NAMES, ("pass", "fail", "skip"), strict=True), planned=2)


def read(text: str) -> Results:
    return ginkgo.read(text, file="e2e.log")


def test_a_log_has_cases_and_says_which_cluster() -> None:
    results = read(LOG)
    assert results.suite is Suite.BASE
    assert results.cases == (
        Case(NAMES[0], Ended.PASS, 2.115),
        Case(NAMES[1], Ended.FAIL, 61.204),
        Case(NAMES[2], Ended.SKIP, 0.01),
    )
    assert results.identity == Identity(version="v1.37.1", nodes=frozenset({"worker-7"}))
    assert results.slips == ()


def test_without_v_the_end_comes_before_the_name() -> None:
    block = (
        f"{'-' * 30}\n• [FAILED] [49.027 seconds]\n[sig-node] a case [It] should hold [Conformance]\n/e2e/pods.go:5\n"
    )
    assert read(block).cases == (Case("[sig-node] a case should hold [Conformance]", Ended.FAIL, 49.027),)


def test_ginkgo_1_names_cases_in_events() -> None:
    text = '•{"msg":"PASSED [sig-node] Pods should run [Conformance]","total":1,"completed":1,"skipped":3,"failed":0}\n'
    assert read(text).cases == (Case("[sig-node] Pods should run [Conformance]", Ended.PASS),)


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        (LOG.replace("1 Passed", "422 Passed"), "its end says 422 passed, and the log shows 1"),
        (LOG.replace("1 Failed", "-1 Failed"), "its end says -1 failed, and nothing can be counted to that"),
        (LOG.replace("Ran 2 of", "Ran 5 of"), "its end says 5 cases ran, and the log shows 2"),
        (LOG.replace("Will run 2 of", "Will run 9 of"), "it set out to run 9 cases, and ran 2"),
        (LOG.split("Ran 2", maxsplit=1)[0], "the run has no end"),
        ("Will run 12 of 7144 specs\nSSS•SSS\nRan 12 of 7144 Specs in 9.1 seconds\n", "names none of them"),
    ],
)
def test_a_log_that_does_not_fit_its_own_end_is_told(text: str, slip: str) -> None:
    assert any(slip in one for one in read(text).slips)


@given(st.lists(st.sampled_from([*LOG.splitlines(), "• [FAILED] [", "• [1.1.1 seconds]", "\x1b[31m"]), max_size=60))
def test_no_order_of_lines_crashes_it(lines: list[str]) -> None:
    read("\n".join(lines))
