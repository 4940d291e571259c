from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.engine.compare import Shift, compare
from seatrial.model.fact import ClusterIdentity
from seatrial.model.measure import Measure
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.standard import Level, RequirementResult
from seatrial.model.verdict import Finding, Outcome, Severity

PASS, FAIL, NA, UNKNOWN, ERROR = Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, Outcome.ERROR
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAB = Environment(kind=EnvironmentKind.LAB, simulated=True, cluster=ClusterIdentity("u", "v1.37.1"))


def run(outcome: Outcome | None = None, *measures: Measure, environment: Environment = LAB) -> Run:
    finding = outcome and Finding(
        check="quay.is-up", subject="crane", outcome=outcome, severity=Severity.LOW, because=f"is {outcome}"
    )
    result = outcome and RequirementResult(
        standard="rules", version="1", id="r", level=Level.MUST, outcome=outcome, because=f"is {outcome}"
    )
    return Run(
        id="r1",
        seatrial="0",
        command="prove",
        started_at=DAY,
        finished_at=DAY,
        environment=environment,
        findings=(finding,) if finding else (),
        requirements=(result,) if result else (),
        measures=measures,
    )


@pytest.mark.parametrize(
    ("before", "after", "shift"),
    [
        (None, PASS, Shift.NEW),
        (PASS, None, Shift.GONE),
        (FAIL, PASS, Shift.FIXED),
        (UNKNOWN, PASS, Shift.BETTER),
        (PASS, FAIL, Shift.WORSE),
        (PASS, NA, Shift.WORSE),
        (UNKNOWN, FAIL, Shift.WORSE),
        (FAIL, UNKNOWN, Shift.DIFFERENT),
        (ERROR, NA, Shift.DIFFERENT),
        (FAIL, FAIL, Shift.UNCHANGED),
    ],
)
def test_how_a_finding_and_a_requirement_shift(before: Outcome | None, after: Outcome | None, shift: Shift) -> None:
    comparison = compare(run(before), run(after))
    (finding,), (requirement,) = comparison.findings, comparison.requirements
    assert (finding.key, requirement.key) == ("quay.is-up@crane", "rules@1 r")
    assert finding.shift is requirement.shift is shift
    assert finding.because == f"is {after or before}"


def test_a_run_against_itself_is_unchanged() -> None:
    for outcome in Outcome:
        same = compare(run(outcome), run(outcome))
        assert {change.shift for change in (*same.findings, *same.requirements)} == {Shift.UNCHANGED}
        assert same.caveats == ()


def test_only_a_pass_is_ever_called_better() -> None:
    for before, after in itertools.permutations(Outcome, 2):
        (change,) = compare(run(before), run(after)).findings
        assert (change.shift in (Shift.FIXED, Shift.BETTER)) == (after is PASS)
        assert (change.shift is Shift.WORSE) == (after is FAIL or before is PASS)


def measure(value: float, **fields: object) -> Measure:
    return msgspec.structs.replace(Measure(id="lag", value=value, unit="s"), **fields)


def test_the_change_of_a_measure() -> None:
    (change,) = compare(run(None, measure(2.0)), run(None, measure(3.0))).measures
    assert (change.before, change.after, change.ratio) == (2.0, 3.0, 1.5)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([measure(1)], [measure(1, unit="ms")], "in s before and in ms after"),
        ([measure(1, valid=False, why_not_valid="too few samples")], [measure(1)], "too few samples"),
        ([], [measure(1)], "measured only once"),
    ],
)
def test_measures_that_cannot_be_compared_say_why(before: list[Measure], after: list[Measure], why: str) -> None:
    (change,) = compare(run(None, *before), run(None, *after)).measures
    assert change.not_comparable == why
    assert change.ratio is None


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_ratio_is_never_taken_of_nothing(before: float, after: float) -> None:
    (change,) = compare(run(None, measure(before)), run(None, measure(after))).measures
    assert (change.ratio is None) == (before == 0)


def test_what_else_differs_is_said() -> None:
    live = Environment(kind=EnvironmentKind.LIVE, simulated=None, cluster=ClusterIdentity("u", "v1.36.3"))
    assert compare(run(PASS), run(PASS, environment=live)).caveats == (
        "another kind of environment: lab before, live after",
        "another simulated accelerators: yes before, not known after",
        "another Kubernetes version: v1.37.1 before, v1.36.3 after",
    )
