"""Runs made for one test each."""

import datetime as dt

from hypothesis import strategies as st

from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.standard import Level, RequirementResult
from seatrial.model.verdict import Finding, Outcome, Severity

BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def finding(check: str = "area.good", outcome: Outcome = Outcome.PASS, **more: object) -> Finding:
    fields = {"subject": "", "severity": Severity.HIGH, "because": "so it is", **more}
    return Finding(check=check, outcome=outcome, **fields)  # type: ignore[arg-type]


def requirement(id: str, outcome: Outcome, *checks: str, covered: bool = True) -> RequirementResult:
    return RequirementResult(
        standard="s",
        version="1",
        id=id,
        level=Level.MUST,
        outcome=outcome,
        because="so",
        checks=checks,
        covered=covered,
    )


def a_run(*findings: Finding, requirements: tuple[RequirementResult, ...] = (), simulated: bool | None = False) -> Run:
    return Run(
        id="r",
        seatrial="0",
        command="seatrial prove",
        started_at=BEGAN,
        finished_at=BEGAN + dt.timedelta(seconds=5),
        environment=Environment(kind=EnvironmentKind.LIVE, simulated=simulated, cluster=ClusterIdentity(), name="prod"),
        requirements=requirements,
        findings=findings,
    )


outcomes = st.sampled_from(list(Outcome))
checks = st.sampled_from(["a.one", "a.two", "b.three"])


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Every mix of outcomes. A requirement that nothing covers names no check, and is unknown."""
    findings = draw(st.lists(st.builds(finding, checks, outcomes), max_size=4))
    covered = draw(st.lists(st.tuples(outcomes, checks), max_size=3))
    bare = draw(st.integers(0, 2))
    requirements = [requirement(f"r{number}", outcome, check) for number, (outcome, check) in enumerate(covered)]
    requirements += [requirement(f"n{number}", Outcome.UNKNOWN, covered=False) for number in range(bare)]
    return a_run(*findings, requirements=tuple(requirements))
