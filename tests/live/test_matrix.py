"""Each check passes on the healthy lab and fails under its faults, and no other finding changes meanwhile.

Faults that are about different findings are judged in one round, by the checks of the areas that they concern. With
SEATRIAL_TEST_MATRIX=whole every check judges the rounds, and each fault is judged once more in other company, by the checks
that it is about: no two faults share both rounds, so that what is red in both is that fault's own doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.fault import Fault
from seatrial.model.lab import LabSpec
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from tests.live.conftest import WHOLE, change, outcomes, proven

CATALOG = Catalog.installed()
NEWEST = LabSpec().kubernetes  # faults of older releases alone: test_versions.py
FAULTS = {
    id: fault
    for id, fault in CATALOG.faults.items()
    if fault.fails and NEWEST in (fault.kubernetes or (NEWEST,))  # what is diagnosed: test_diagnose.py
}

Round = tuple[Fault, ...]


def about(fault: Fault) -> set[str]:
    return {*fault.fails, *fault.silences}


def apart(one: Fault, other: Fault) -> bool:
    """Whether no finding is about both. A check without its subject stands for all of its findings."""
    return not any(_meet(key, another) for key in about(one) for another in about(other))


def _meet(key: str, another: str) -> bool:
    return key == another or (_check(key) == _check(another) and not ("@" in key and "@" in another))


def _check(key: str) -> str:
    return key.partition("@")[0]


def rounds(faults: Iterable[Fault], met: Iterable[Round] = ()) -> list[Round]:
    """Who is about most goes first; the others join the first round in which they are apart from everybody, and met nobody."""
    found: list[Round] = []
    known = {frozenset((one.id, other.id)) for together in met for one in together for other in together}
    for fault in sorted(faults, key=lambda fault: (-len(about(fault)), fault.id)):
        for place, there in enumerate(found):
            if all(apart(fault, one) and frozenset((fault.id, one.id)) not in known for one in there):
                found[place] = (*there, fault)
                break
        else:
            found.append((fault,))
    return found


def everything(faults: Round) -> tuple[str, ...]:
    """No choice of checks: all of them."""
    return ()


def concerned(faults: Round) -> tuple[str, ...]:
    """The checks of the areas that a round is about."""
    areas = {key.partition(".")[0] for fault in faults for key in about(fault)}
    return tuple(id for id in CATALOG.checks if id.partition(".")[0] in areas)


def affected(faults: Round) -> tuple[str, ...]:
    """The checks that a round is about."""
    return tuple(sorted({_check(key) for fault in faults for key in about(fault)}))


def under(lab: str, faults: Round, *checks: str) -> Run:
    """The lab judged while these faults are in it."""
    ids = [fault.id for fault in faults]
    try:
        change(lab, *ids, broken=True)
        return proven(lab, *checks)
    finally:
        change(lab, *ids, broken=False)


class Matrix:
    """Rounds, each judged by some checks when the first of its faults is asked for."""

    def __init__(self, lab: str, company: list[Round], checks: Callable[[Round], tuple[str, ...]]) -> None:
        self._lab, self._rounds, self._checks = lab, company, checks
        self._runs: dict[Round, Run] = {}

    def of(self, fault: Fault) -> tuple[Round, Run]:
        together = next(one for one in self._rounds if fault in one)
        if together not in self._runs:
            self._runs[together] = under(self._lab, together, *self._checks(together))
        return together, self._runs[together]


@pytest.fixture(scope="module")
def possible(whole_lab: str) -> list[Fault]:
    systems = set(sites.need(whole_lab).spec.systems)
    return [fault for fault in FAULTS.values() if set(fault.needs) <= systems]


@pytest.fixture(scope="module")
def matrix(whole_lab: str, possible: list[Fault]) -> Matrix:
    return Matrix(whole_lab, rounds(possible), everything if WHOLE else concerned)


@pytest.fixture(scope="module")
def other_company(whole_lab: str, possible: list[Fault]) -> Matrix:
    return Matrix(whole_lab, rounds(possible, met=rounds(possible)), affected)


def test_every_active_check_has_a_fault_under_which_it_fails(healthy: Mapping[str, Outcome]) -> None:
    failing = {key for fault in FAULTS.values() for key in fault.fails}
    unproven = [key for key, outcome in healthy.items() if outcome is Outcome.PASS and key not in failing]
    assert not unproven


def noticed(fault: Fault, run: Run, together: Round, healthy: Mapping[str, Outcome]) -> None:
    """The fault's findings fail, and none that was judged has changed but those that a fault of the round is about."""
    broken = outcomes(run)
    story = {finding.key: finding.because for finding in run.findings}
    for key in fault.fails:
        assert broken.get(key) is Outcome.FAIL, f"{key}: {story.get(key, 'no such finding')}"
    allowed = {key for one in together for key in about(one)}
    judged = {_check(key) for key in broken}
    changed = {
        key: story.get(key)
        for key in healthy
        if _check(key) in judged and key not in allowed and broken.get(key) is not healthy[key]
    }
    assert not changed
    assert not [f"{key}: {story[key]}" for key, outcome in broken.items() if outcome is Outcome.ERROR]


def there(fault: Fault, lab: str) -> Fault:
    if missing := set(fault.needs) - set(sites.need(lab).spec.systems):
        pytest.skip(f"this lab is without {', '.join(sorted(missing))}; SEATRIAL_TEST_SYSTEMS=all has it")
    return fault


@pytest.mark.parametrize("fault_id", sorted(FAULTS))
def test_under_a_fault_its_checks_fail_and_no_other_finding_changes(
    fault_id: str, whole_lab: str, healthy: Mapping[str, Outcome], matrix: Matrix
) -> None:
    fault = there(FAULTS[fault_id], whole_lab)
    together, run = matrix.of(fault)
    noticed(fault, run, together, healthy)


@pytest.mark.skipif(not WHOLE, reason="a second time only with SEATRIAL_TEST_MATRIX=whole (make test-all)")
@pytest.mark.parametrize("fault_id", sorted(FAULTS))
def test_in_other_company_a_fault_turns_its_checks_red_again(
    fault_id: str, whole_lab: str, healthy: Mapping[str, Outcome], other_company: Matrix
) -> None:
    fault = there(FAULTS[fault_id], whole_lab)
    together, run = other_company.of(fault)
    noticed(fault, run, together, healthy)


def test_after_all_faults_are_mended_the_lab_is_healthy_again(whole_lab: str, healthy: Mapping[str, Outcome]) -> None:
    assert outcomes(proven(whole_lab)) == healthy
