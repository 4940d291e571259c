from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.foreign import gotest
from seatrial.foreign.results import Case, Ended, Results
from tests.unit.foreign import samples
from tests.unit.foreign.samples import GANG, SECURE


def log(text: str) -> Results:
    return gotest.read_log(text, file="e2e.log")


def events(data: bytes) -> Results:
    return gotest.read_events(data, file="results.json")


def test_events_become_cases() -> None:
    results = events(samples.events((GANG, "pass", 42.7), (SECURE, "skip", 0), said="no accelerator here"))
    assert results.cases == (
        Case(GANG, Ended.PASS, 42.7),
        Case(SECURE, Ended.SKIP, 0.0, "no accelerator here"),
    )
    assert results.slips == ()


@pytest.mark.parametrize(
    ("data", "slip"),
    [
        (samples.events((GANG, "pass", 42.7), end=""), "the run has no end"),
        (samples.events((GANG, "fail", 42.7), end="fail"), "failed"),
        (samples.events((GANG, "pass", 42.7)) + b"warning: something\n", "1 of its lines"),
        (samples.events((GANG, "pass", 9)).replace(b"kubernetes-sigs/ai", b"someone/else"), "not of kubernetes-sigs"),
    ],
)
def test_what_is_wrong_with_a_stream_is_told(data: bytes, slip: str) -> None:
    assert any(slip in one for one in events(data).slips)


def test_a_test_without_an_end_is_unfinished() -> None:
    assert events(samples.events((GANG, "", 0))).cases == (Case(GANG, Ended.UNFINISHED),)


def test_a_log_has_cases_subtests_and_nodes_of_real_tests_alone() -> None:
    results = log(samples.GO_LOG)
    assert {case.name: case.ended for case in results.cases} == {
        GANG: Ended.PASS,
        f"{GANG}/PositiveGangScheduling": Ended.PASS,
        f"{GANG}/NegativeGangScheduling": Ended.PASS,
        "TestDetectAllocationMode": Ended.PASS,
        samples.SCALING: Ended.SKIP,
    }
    assert results.identity.nodes == {"worker-7"}
    assert results.slips == ()


def test_what_a_test_prints_does_not_end_another() -> None:
    said = f"=== RUN   {GANG}\n    log_test.go:1: the pod says:\n        --- PASS: {SECURE} (9.00s)\n    --- PASS: {GANG} (9.00s)\n"
    assert log(said).cases == (Case(GANG, Ended.UNFINISHED, None, "the pod says:"),)


@pytest.mark.parametrize("separator", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_pod_cannot_put_words_at_the_margin(separator: str) -> None:
    said = f"=== RUN   {SECURE}\n    log_test.go:1: {separator}--- PASS: {SECURE} (9.00s)\n"
    assert [case.ended for case in log(said).cases] == [Ended.UNFINISHED]


def test_a_panic_and_a_log_without_end_are_told() -> None:
    slips = log(f"=== RUN   {GANG}\npanic: test timed out after 10m0s\n").slips
    assert slips == ("panic: test timed out after 10m0s", "the run has no end: it was cut short or is still going on")


@given(st.lists(st.sampled_from([*samples.GO_LOG.splitlines(), "=== RUN   ", "--- PASS: x (9s)", "\x1b[2J"])))
def test_no_order_of_lines_crashes_it_or_makes_a_pass_of_nothing(lines: list[str]) -> None:
    results = log("\n".join(lines))
    ended = {line.split()[2] for line in lines if line.lstrip().startswith("--- PASS")}
    assert {case.name for case in results.cases if case.ended is Ended.PASS} <= ended


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_stream(data: bytes) -> None:
    events(samples.events((GANG, "pass", 1)) + data)
