"""Kueue beyond quota: checks, workloads that were given up, namespaces, flavors and places that do not fit."""

from __future__ import annotations

import pytest

from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, named, seen
from tests.unit.catalog.waits.test_kueue import cluster_queue, local_queue, workload

Given = tuple[str, Obj]
_GROUP = "kueue.x-k8s.io"


def reserved(state: str, *, admitted: str = "False", name: str = "a") -> Given:
    """With quota, and before its checks have said yes: as Kueue 0.19 writes it."""
    of, obj = workload(name, 8, admitted=8)
    checks = [{"name": "capacity", "state": state, "message": "no such machines today"}]
    conditions = [
        {"type": "QuotaReserved", "status": "True", "reason": "QuotaReserved"},
        {"type": "Admitted", "status": admitted, "reason": "UnsatisfiedAdmissionChecks"},
    ]
    return of, {**obj, "status": {**obj["status"], "admissionChecks": checks, "conditions": conditions}}


def check(controller: str = f"{_GROUP}/provisioning-request") -> Given:
    return f"{_GROUP}/admissionchecks", {"metadata": {"name": "capacity"}, "spec": {"controllerName": controller}}


def inactive(*, finished: bool = False) -> Given:
    of, obj = workload("a", 4)
    told = [
        {"type": "Evicted", "status": "True", "reason": "RequeuingLimitExceeded", "message": "exceeded the maximum"}
    ]
    told += [{"type": "Finished", "status": "True"}] if finished else []
    return of, {**obj, "spec": {**obj["spec"], "active": False}, "status": {"conditions": told}}


def space(**labels: str) -> Given:
    return "namespaces", {"metadata": {"name": "team", "labels": labels}}


def queue(selector: Obj | None) -> Given:
    return cluster_queue(8, **({} if selector is None else {"namespaceSelector": selector}))


TAINTED = "couldn't assign flavors to pod set main: untolerated taint {pool new NoSchedule <nil>} in flavor f"
UNLIKE = "couldn't assign flavors to pod set main: flavor f doesn't match node affinity"
BOTH = f"{UNLIKE}, insufficient unused quota for {GPU} in flavor g, 4 more needed"
NARROW = 'couldn\'t assign flavors to pod set main: topology "racks" allows to fit only 2 out of 4 pod(s)'
HERE = [local_queue(), queue({}), space()]
LABELLED = {"matchLabels": {"team": "research"}}

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "a check that is pending": (
        "kueue-admission.check-is-pending", f"{_GROUP}/admissionchecks/capacity",
        [*HERE, check(), reserved("Pending")], [*HERE, check(), reserved("Ready", admitted="True")],
    ),
    "a check of nobody who is known": (
        "kueue-admission.check-is-pending", f"{_GROUP}/admissionchecks/capacity", [*HERE, reserved("Retry")], [],
    ),
    "a workload that was given up": (
        "kueue-admission.workload-is-deactivated", "spec.active of", [*HERE, inactive()], [*HERE, inactive(finished=True)],
    ),
    "a namespace that the queue does not select": (
        "kueue-admission.namespace-is-not-let-in", "namespaceSelector of",
        [local_queue(), queue(LABELLED), space(team="other"), workload("a", 4)],
        [local_queue(), queue(LABELLED), space(team="research"), workload("a", 4)],
    ),
    "a queue that selects no namespace": (
        "kueue-admission.namespace-is-not-let-in", "namespaceSelector of",
        [local_queue(), queue(None), space(), workload("a", 4)], [*HERE, workload("a", 4)],
    ),
    "a taint of the flavor": (
        "kueue-admission.no-flavor-matches", "flavors for", [*HERE, workload("a", 4, message=TAINTED)], [*HERE, workload("a", 4, message=BOTH)],
    ),
    "labels of the flavor": (
        "kueue-admission.no-flavor-matches", "flavors for", [*HERE, workload("a", 4, message=UNLIKE)], [*HERE, workload("a", 4)],
    ),
    "no place for all": (
        "kueue-admission.topology-has-no-room", f"{_GROUP}/topologies/racks", [*HERE, workload("a", 4, message=NARROW)], [*HERE, workload("a", 4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    cause = named(given, source, holder)
    assert [row.subject for row in cause.blocked] == ["batch/jobs/team/a"]
    assert cause.actions


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_all_is_well(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in [one.source for one in seen(*silent).causes]


def test_what_waits_for_a_check_is_counted_once_and_its_words_are_told() -> None:
    (cause,) = seen(*HERE, check(), reserved("Pending")).causes
    assert (cause.pods, cause.accelerators) == (1, 8)
    assert "no such machines today" in cause.because
    assert "ProvisioningRequest" in cause.actions[0].what
