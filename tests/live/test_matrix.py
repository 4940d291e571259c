"""Each check passes on the healthy lab and fails under its faults, and no other finding changes meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from seatrial.engine.catalog import Catalog
from seatrial.model.lab import LabSpec
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from tests.live.conftest import change, proven

FAULTS = Catalog.installed().faults
NEWEST = LabSpec().kubernetes  # faults of older releases alone: test_versions.py


def outcomes(run: Run) -> Mapping[str, Outcome]:
    return {finding.key: finding.outcome for finding in run.findings}


@pytest.fixture(scope="module")
def healthy(whole_lab: str) -> Mapping[str, Outcome]:
    run = proven(whole_lab)
    bad = [
        f"{f.key}: {f.outcome}: {f.because}"
        for f in run.findings
        if f.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
    ]
    assert not bad, "\n".join(bad)
    assert run.environment.simulated is True
    return outcomes(run)


def test_every_active_check_has_a_fault_under_which_it_fails(healthy: Mapping[str, Outcome]) -> None:
    failing = {key for fault in FAULTS.values() for key in fault.fails}
    unproven = [key for key, outcome in healthy.items() if outcome is Outcome.PASS and key not in failing]
    assert not unproven


@pytest.mark.parametrize(
    "fault_id", sorted(id for id, fault in FAULTS.items() if NEWEST in (fault.kubernetes or (NEWEST,)))
)
def test_under_a_fault_its_checks_fail_and_no_other_finding_changes(
    fault_id: str, whole_lab: str, healthy: Mapping[str, Outcome]
) -> None:
    fault = FAULTS[fault_id]
    try:
        change(whole_lab, fault_id, broken=True)
        run = proven(whole_lab)
    finally:
        change(whole_lab, fault_id, broken=False)
    broken = outcomes(run)
    story = {finding.key: finding.because for finding in run.findings}
    for key in fault.fails:
        assert broken.get(key) is Outcome.FAIL, f"{key}: {story.get(key, 'no such finding')}"
    allowed = {*fault.fails, *fault.silences}
    changed = {key: story.get(key) for key in healthy if key not in allowed and broken.get(key) is not healthy[key]}
    assert not changed
    assert not [f"{key}: {story[key]}" for key, outcome in broken.items() if outcome is Outcome.ERROR]


def test_after_all_faults_are_mended_the_lab_is_healthy_again(whole_lab: str, healthy: Mapping[str, Outcome]) -> None:
    assert outcomes(proven(whole_lab)) == healthy
