"""What every entry of the catalog owes, so that no check is green without having looked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from seatrial.cli.measuring import AREAS
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.model.check import Check
from seatrial.model.claim import Claim
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.metric import Metric
from seatrial.model.standard import Automated, Standard
from seatrial.model.verdict import Outcome
from tests.cases.runner import check_of, read

CATALOG = Catalog.load("seatrial.catalog")
CASES = Path(__file__).parent / "cases"
CHECKS = [pytest.param(check, id=check.id) for check in CATALOG.checks.values()]
FAULTS = [pytest.param(fault, id=fault.id) for fault in CATALOG.faults.values()]
OWED = {Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN}


def case_file(check: Check) -> Path:
    return CASES / check.area / f"{check.id.split('.', 1)[1]}.yaml"


def test_there_is_something_to_hold_to_account() -> None:
    assert CATALOG.checks
    assert CATALOG.systems
    assert CATALOG.standards
    assert CATALOG.faults


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_says_what_is_healthy_why_and_what_to_do(check: Check) -> None:
    assert check.title.endswith("."), "the title is a sentence that states the healthy condition"
    assert check.why
    assert check.fix


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_something_under_which_it_fails(check: Check) -> None:
    """An active check has a fault; a passive one has cases, which show a pass and an unknown too."""
    if check.active:
        assert [one.id for one in CATALOG.faults.values() if any(key.split("@")[0] == check.id for key in one.fails)]
    else:
        cases = read(case_file(check))
        assert {outcome for case in cases for outcome in case.expect.values()} >= OWED


@pytest.mark.parametrize("check", CHECKS)
def test_an_active_check_says_what_it_creates(check: Check) -> None:
    assert bool(plan(CATALOG, [check]).creates) == check.active


def test_every_case_file_is_that_of_a_passive_check() -> None:
    for path in CASES.glob("*/*.yaml"):
        assert not CATALOG.check(check_of(path)).active, path


@pytest.mark.parametrize("standard", CATALOG.standards.values(), ids=CATALOG.standards)
def test_what_covers_a_requirement_exists(standard: Standard) -> None:
    for requirement in standard.requirements:
        if isinstance(requirement.coverage, Automated):
            assert requirement.coverage.checks
            assert set(requirement.coverage.checks) <= set(CATALOG.checks)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_the_lab_and_names_who_must_notice(fault: Fault) -> None:
    spec = LabSpec(systems=fault.needs)
    assert fault.fails or fault.diagnosed
    assert fault.change(spec) != spec
    assert fault.level in set(LabLevel)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_subject_that_a_fault_names_plays_the_role_of_the_check(fault: Fault) -> None:
    for key in fault.fails:
        id, _, subject = key.partition("@")
        role = CATALOG.check(id).role
        if subject and role:
            players = {part.player for one in CATALOG.systems.values() for part in one.roles if isinstance(part, role)}
            assert subject in players


@pytest.mark.parametrize("metric", [pytest.param(one, id=one.id) for one in CATALOG.metrics.values()])
def test_a_metric_says_what_it_is_how_it_is_taken_and_who_sets_its_target(metric: Metric) -> None:
    assert metric.title.endswith("."), "the title is a sentence"
    assert metric.how
    assert metric.fix
    assert metric.target is None or metric.target.source
    assert bool(metric.creates) == metric.active


def test_the_command_line_knows_every_area_of_metrics() -> None:
    assert set(AREAS) == {"all", *(one.area for one in CATALOG.metrics.values())}


def test_every_area_of_checks_belongs_to_one_domain() -> None:
    claimed = [area for domain in CATALOG.domains.values() for area in domain.areas]
    assert len(claimed) == len(set(claimed))
    assert {check.area for check in CATALOG.checks.values()} <= set(claimed)


@pytest.mark.parametrize("claim", [pytest.param(one, id=one.id) for one in CATALOG.claims.values()])
def test_an_item_of_the_deck_is_covered_by_what_exists_or_says_why_not(claim: Claim) -> None:
    assert claim.checks or claim.systems or claim.metrics or claim.later
    assert set(claim.metrics) <= set(CATALOG.metrics)
    assert set(claim.checks) <= set(CATALOG.checks)
    assert set(claim.systems) <= set(CATALOG.systems)
    assert set(claim.faults) <= set(CATALOG.faults)


def test_no_item_of_the_deck_is_missing() -> None:
    """As many as the talk has: issues, threats, mitigations, points of the standard, checklist, metrics, steps, stacks."""
    parts = Counter(one.part for one in CATALOG.claims.values())
    assert parts == {
        "issue": 6,
        "threat": 5,
        "mitigation": 5,
        "standard": 22,
        "checklist": 8,
        "metric": 8,
        "step": 27,
        "stack": 4,
        "survey": 2,
    }
