"""A lab that knows neither gangs nor fractions: the deadlock of the field, for real, and what is said of what is not there."""

from __future__ import annotations

from seatrial.model.evidence import Step
from seatrial.model.verdict import Outcome
from tests.live.conftest import proven


def test_the_stock_scheduler_alone_fails_and_the_evidence_shows_the_deadlock(plain_lab: str) -> None:
    run = proven(plain_lab, "gang_scheduling", standard="cncf-ai@1.36")
    (finding,) = [one for one in run.findings if one.check == "gang.starts-whole-or-not-at-all"]
    assert (finding.subject, finding.outcome) == ("kube-scheduler", Outcome.FAIL)
    assert "8/12 + 8/12" in finding.because
    (requirement,) = run.requirements
    assert (requirement.id, requirement.outcome) == ("gang_scheduling", Outcome.FAIL)
    (evidence,) = run.evidence
    assert evidence.simulated is True
    bound = [entry for entry in evidence.entries if entry.step is Step.SAW and "by turns" in entry.what]
    (seen,) = bound
    assert sum(1 for pod in seen.detail["objects"] if "node" in pod) == 16


def test_fractions_of_accelerators_that_are_whole_are_unknown_and_never_a_failure(plain_lab: str) -> None:
    (finding,) = proven(plain_lab, "sharing.fractions-share-one-device-and-are-scheduled").findings
    assert finding.outcome is Outcome.UNKNOWN, finding.because
    assert "nothing that is recognised offers fractions" in finding.because
