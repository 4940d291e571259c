from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.engine.score import exit_code, score
from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.standard import Automated, Coverage, Level, Manual, NotYet, Requirement, RequirementResult, Standard
from seatrial.model.verdict import Finding, Outcome, Severity

PASS, FAIL, NA, UNKNOWN, ERROR = Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, Outcome.ERROR
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def finding(outcome: Outcome, subject: str = "", check: str = "quay.is-up") -> Finding:
    return Finding(
        check=check, subject=subject, outcome=outcome, severity=Severity.HIGH, because=f"{outcome} of {subject}"
    )


def result(coverage: Coverage, *findings: Finding) -> RequirementResult:
    requirement = Requirement(id="r", category="c", level=Level.MUST, gist="", digest="", coverage=coverage)
    standard = Standard(id="s", version="1", title="", stated=DAY.date(), source="", requirements=(requirement,))
    (one,) = score(standard, findings)
    return one


def of(*outcomes: Outcome) -> list[Finding]:
    return [finding(outcome, f"s{number}") for number, outcome in enumerate(outcomes)]


ALL, ANY = Automated(("quay.is-up",)), Automated(("quay.is-up",), any_of=True)


@pytest.mark.parametrize(
    ("outcomes", "whole", "any_of"),
    [
        ((PASS,), PASS, PASS),
        ((PASS, NA), PASS, PASS),
        ((NA, NA), NA, NA),
        ((FAIL, PASS), FAIL, PASS),
        ((ERROR, PASS), ERROR, PASS),
        ((UNKNOWN, PASS), UNKNOWN, PASS),
        ((UNKNOWN, ERROR, FAIL), FAIL, FAIL),
        ((UNKNOWN, ERROR), ERROR, ERROR),
        ((UNKNOWN, NA), UNKNOWN, UNKNOWN),
        ((), UNKNOWN, UNKNOWN),
    ],
)
def test_the_worst_finding_decides_unless_one_pass_is_enough(
    outcomes: tuple[Outcome, ...], whole: Outcome, any_of: Outcome
) -> None:
    assert result(ALL, *of(*outcomes)).outcome is whole
    assert result(ANY, *of(*outcomes)).outcome is any_of


def test_a_pass_among_failures_mentions_them() -> None:
    because = result(ANY, finding(PASS, "kueue"), finding(FAIL, "volcano"), finding(UNKNOWN, "other")).because
    assert "kueue: pass of kueue" in because
    assert "others: fail: volcano" in because
    assert "others: unknown: other" in because


def test_a_check_that_did_not_run_is_unknown_and_named() -> None:
    both = Automated(("quay.is-up", "quay.is-dry"))
    one = result(both, finding(PASS))
    assert one.outcome is UNKNOWN
    assert "not run: quay.is-dry" in one.because
    assert result(both, finding(FAIL)).outcome is FAIL
    assert result(both, finding(PASS), finding(PASS, check="quay.is-dry")).outcome is PASS


def test_findings_of_other_checks_count_for_nothing() -> None:
    assert result(ALL, finding(PASS, check="quay.is-dry")).outcome is UNKNOWN
    assert result(ALL, finding(PASS), finding(FAIL, check="quay.is-dry")).outcome is PASS


@pytest.mark.parametrize("coverage", [Manual("ask the harbour master"), NotYet("no tide table yet")])
def test_what_no_check_covers_never_passes(coverage: Manual | NotYet) -> None:
    one = result(coverage, finding(PASS))
    assert (one.outcome, one.covered, one.because) == (UNKNOWN, False, coverage.why)


def test_many_failures_are_quoted_only_in_part() -> None:
    because = result(ALL, *of(*[FAIL] * 50)).because
    assert because.count("fail of") == 3
    assert "and 47 more" in because


@given(st.lists(st.sampled_from(list(Outcome))), st.booleans())
def test_nothing_passes_without_a_pass(outcomes: list[Outcome], any_of: bool) -> None:
    one = result(Automated(("quay.is-up",), any_of=any_of), *of(*outcomes))
    assert one.outcome is not PASS or PASS in outcomes
    assert any_of or one.outcome is not PASS or not {FAIL, UNKNOWN, ERROR} & set(outcomes)


def run(requirements: tuple[RequirementResult, ...] = (), findings: tuple[Finding, ...] = ()) -> Run:
    return Run(
        id="r1",
        seatrial="0",
        command="prove",
        started_at=DAY,
        finished_at=DAY,
        environment=Environment(kind=EnvironmentKind.LAB, simulated=True, cluster=ClusterIdentity()),
        requirements=requirements,
        findings=findings,
    )


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((PASS,), 0),
        ((PASS, NA), 0),
        ((PASS, UNKNOWN), 3),
        ((PASS, ERROR), 3),
        ((PASS, FAIL), 1),
        ((UNKNOWN, FAIL), 1),
        ((NA,), 3),
        ((), 3),
    ],
)
def test_the_exit_code_is_that_of_the_covered_requirements(outcomes: tuple[Outcome, ...], code: int) -> None:
    requirements = tuple(result(ALL, finding(outcome)) for outcome in outcomes)
    assert exit_code(run(requirements)) == code
    assert exit_code(run((*requirements, result(NotYet("later"))))) == code
    findings = tuple(finding(one, check=f"other.c{number}") for number, one in enumerate(outcomes))
    assert exit_code(run(findings=findings)) == code


def test_a_failure_that_any_of_forgives_does_not_come_back_through_its_finding() -> None:
    findings = (finding(PASS, "kueue"), finding(FAIL, "volcano"))
    assert exit_code(run((result(ANY, *findings),), findings)) == 0
    beside = msgspec.structs.replace(findings[1], check="quay.is-dry")
    assert exit_code(run((result(ANY, *findings),), (*findings, beside))) == 1


def test_every_mix_of_outcomes_has_one_of_three_codes() -> None:
    for outcomes in itertools.product(Outcome, repeat=3):
        findings = tuple(finding(one, check=f"other.c{number}") for number, one in enumerate(outcomes))
        code = exit_code(run(findings=findings))
        assert (code == 1) == (FAIL in outcomes)
        assert code != 0 or PASS in outcomes
