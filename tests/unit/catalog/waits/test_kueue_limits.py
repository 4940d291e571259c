"""Kueue's limits: borrowing, lending, quota that is lent, and priority without preemption; with cohorts below cohorts."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, seen

Given = tuple[str, Obj]
_GROUP = "kueue.x-k8s.io"


def queue(name: str, quota: int, cohort: str = "all", *, preemption: Obj | None = None, **limits: int) -> Given:
    flavor = {"name": "f", "resources": [{"name": GPU, "nominalQuota": quota, **limits}]}
    spec = {
        "cohortName": cohort,
        "resourceGroups": [{"coveredResources": [GPU], "flavors": [flavor]}],
        "preemption": preemption or {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
    }
    return f"{_GROUP}/clusterqueues", {"metadata": {"name": name}, "spec": spec}


def local(name: str) -> Given:
    return f"{_GROUP}/localqueues", {"metadata": {"name": name, "namespace": "team"}, "spec": {"clusterQueue": name}}


def cohort(name: str, parent: str = "", quota: int = 0) -> Given:
    flavor = {"name": "f", "resources": [{"name": GPU, "nominalQuota": quota}]}
    groups = [{"coveredResources": [GPU], "flavors": [flavor]}] if quota else []
    return f"{_GROUP}/cohorts", {"metadata": {"name": name}, "spec": {"parentName": parent, "resourceGroups": groups}}


def work(name: str, queue: str, devices: int, *, admitted: bool = False, priority: int = 0) -> Given:
    requests = {"requests": {GPU: str(devices)}}
    pod_set = {"name": "m", "count": 1, "template": {"spec": {"containers": [{"name": "w", "resources": requests}]}}}
    status: Obj = {"conditions": [{"type": "QuotaReserved", "status": "False", "message": "no quota"}]}
    if admitted:
        usage = {"name": "m", "count": 1, "flavors": {GPU: "f"}, "resourceUsage": {GPU: str(devices)}}
        conditions = [{"type": kind, "status": "True"} for kind in ("Admitted", "PodsReady")]
        status = {"admission": {"clusterQueue": queue, "podSetAssignments": [usage]}, "conditions": conditions}
    owner = {"kind": "Job", "name": name, "uid": name, "controller": True}
    return f"{_GROUP}/workloads", {
        "metadata": {"name": f"job-{name}", "namespace": "team", "ownerReferences": [owner]},
        "spec": {"queueName": queue, "podSets": [pod_set], "priority": priority},
        "status": status,
    }


BOTH = [local("a"), local("b")]
NEVER = {"reclaimWithinCohort": "Never", "withinClusterQueue": "LowerPriority"}
WITHIN_NEVER = {"reclaimWithinCohort": "Any", "withinClusterQueue": "Never"}

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "may borrow no more": (
        "kueue-limits.borrowing-ends", "borrowingLimit of kueue.x-k8s.io/clusterqueues/a",
        [*BOTH, queue("a", 4, borrowingLimit=2), queue("b", 8), work("w", "a", 8)],
        [*BOTH, queue("a", 4, borrowingLimit=4), queue("b", 8), work("w", "a", 8)],
    ),
    "lends too little": (
        "kueue-limits.others-lend-too-little", "lendingLimit of kueue.x-k8s.io/clusterqueues/b",
        [*BOTH, queue("a", 4), queue("b", 8, lendingLimit=2), work("w", "a", 8)],
        [*BOTH, queue("a", 4), queue("b", 8, lendingLimit=4), work("w", "a", 8)],
    ),
    "lent and not to be taken back": (
        "kueue-limits.quota-is-lent", "reclaimWithinCohort of kueue.x-k8s.io/clusterqueues/a",
        [*BOTH, queue("a", 4, preemption=NEVER), queue("b", 4), work("u", "b", 8, admitted=True), work("w", "a", 4)],
        [*BOTH, queue("a", 4), queue("b", 4), work("u", "b", 8, admitted=True), work("w", "a", 4)],
    ),
    "priority alone": (
        "kueue-limits.may-not-preempt", "withinClusterQueue of kueue.x-k8s.io/clusterqueues/a",
        [*BOTH, queue("a", 4, preemption=WITHIN_NEVER), work("u", "a", 4, admitted=True), work("w", "a", 4, priority=9)],
        [*BOTH, queue("a", 4, preemption=WITHIN_NEVER), work("u", "a", 4, admitted=True), work("w", "a", 4)],
    ),
    "borrowing from the cohort above": (
        "kueue-limits.borrowing-ends", "borrowingLimit of kueue.x-k8s.io/clusterqueues/a",
        [*BOTH, cohort("below", "above"), cohort("above", quota=8), queue("a", 0, "below", borrowingLimit=1), work("w", "a", 4)],
        [*BOTH, cohort("below", "above"), cohort("above", quota=8), queue("a", 0, "below"), work("w", "a", 4)],
    ),
}  # fmt: skip


def named(given: list[Given]) -> list[tuple[str, str]]:
    found = seen(*given)
    assert found.blind == ()
    return [(cause.source, cause.holder) for cause in found.causes]


@pytest.mark.parametrize("name", CASES)
def test_the_limit_that_holds_work_back_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    assert (source, holder) in named(given)


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_it_does_not(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in [one for one, _ in named(silent)]


def test_a_circle_of_cohorts_is_no_endless_walk() -> None:
    circle = [cohort("x", "y", quota=4), cohort("y", "x", quota=4)]
    assert named([local("a"), *circle, queue("a", 1, "x"), work("w", "a", 99)])


def test_quota_in_pieces_is_no_quota() -> None:
    two: Any = queue("a", 4, "")[1]
    two["spec"]["resourceGroups"][0]["flavors"].append({"name": "g", "resources": [{"name": GPU, "nominalQuota": 4}]})
    (cause,) = seen(local("a"), (f"{_GROUP}/clusterqueues", two), work("w", "a", 8)).causes
    assert (cause.source, cause.what) == ("kueue.has-no-quota", GPU)
    assert "not in pieces of that size" in cause.because
