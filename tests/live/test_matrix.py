"""Each check passes on the healthy lab and fails under its faults, and no other finding changes meanwhile.

Under each fault the checks of the areas that it concerns are judged; with SEATRIAL_TEST_MATRIX=whole all of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.fault import Fault
from seatrial.model.lab import LabSpec
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from tests.live.conftest import change, proven

FAULTS = Catalog.installed().faults
NEWEST = LabSpec().kubernetes  # faults of older releases alone: test_versions.py
WHOLE = os.environ.get("SEATRIAL_TEST_MATRIX") == "whole"


def concerned(fault: Fault) -> tuple[str, ...]:
    """The checks to judge under a fault; none stands for all."""
    areas = {key.partition(".")[0] for key in (*fault.fails, *fault.silences)}
    return () if WHOLE else tuple(id for id in Catalog.installed().checks if id.partition(".")[0] in areas)


def outcomes(run: Run) -> Mapping[str, Outcome]:
    return {finding.key: finding.outcome for finding in run.findings}


@pytest.fixture(scope="module")
def healthy(whole_lab: str) -> Mapping[str, Outcome]:
    run = proven(whole_lab)
    bad = [
        f"{f.key}: {f.outcome}: {f.because}"
        for f in run.findings
        if f.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE) and not f.because.startswith("not started")
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
    if missing := set(fault.needs) - set(sites.need(whole_lab).spec.systems):
        pytest.skip(f"this lab is without {', '.join(sorted(missing))}; SEATRIAL_TEST_SYSTEMS=all has it")
    try:
        change(whole_lab, fault_id, broken=True)
        run = proven(whole_lab, *concerned(fault))
    finally:
        change(whole_lab, fault_id, broken=False)
    broken = outcomes(run)
    story = {finding.key: finding.because for finding in run.findings}
    for key in fault.fails:
        assert broken.get(key) is Outcome.FAIL, f"{key}: {story.get(key, 'no such finding')}"
    allowed = {*fault.fails, *fault.silences}
    judged = [key for key in healthy if key.partition("@")[0] in (concerned(fault) or Catalog.installed().checks)]
    changed = {key: story.get(key) for key in judged if key not in allowed and broken.get(key) is not healthy[key]}
    assert not changed
    assert not [f"{key}: {story[key]}" for key, outcome in broken.items() if outcome is Outcome.ERROR]


def test_after_all_faults_are_mended_the_lab_is_healthy_again(whole_lab: str, healthy: Mapping[str, Outcome]) -> None:
    assert outcomes(proven(whole_lab)) == healthy
