"""Kueue: what a workload in a queue waits for."""

from __future__ import annotations

from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, seen

Given = tuple[str, Obj]
_GROUP = "kueue.x-k8s.io"


def workload(
    name: str, devices: int, *, admitted: int = 0, ready: bool = True, message: str = "insufficient unused quota"
) -> Given:
    requests = {"requests": {GPU: str(devices)}}
    pod_set = {"name": "main", "count": 1, "template": {"spec": {"containers": [{"name": "w", "resources": requests}]}}}
    status: Obj = {"conditions": [{"type": "QuotaReserved", "status": "False", "message": message}]}
    if admitted:
        usage = {"name": "main", "count": 1, "resourceUsage": {GPU: str(admitted)}}
        conditions = [{"type": "Admitted", "status": "True"}, {"type": "PodsReady", "status": str(ready)}]
        status = {"admission": {"clusterQueue": "cq", "podSetAssignments": [usage]}, "conditions": conditions}
    owner = {"kind": "Job", "name": name, "uid": name, "controller": True}
    return f"{_GROUP}/workloads", {
        "metadata": {"name": f"job-{name}", "namespace": "team", "ownerReferences": [owner]},
        "spec": {"queueName": "lq", "podSets": [pod_set]},
        "status": status,
    }


def local_queue(**spec: str) -> Given:
    return f"{_GROUP}/localqueues", {
        "metadata": {"name": "lq", "namespace": "team"},
        "spec": {"clusterQueue": "cq", **spec},
    }


def cluster_queue(quota: int, **spec: object) -> Given:
    flavor = {"name": "f", "resources": [{"name": GPU, "nominalQuota": quota}]}
    groups = [{"coveredResources": [GPU], "flavors": [flavor]}]
    return f"{_GROUP}/clusterqueues", {"metadata": {"name": "cq"}, "spec": {"resourceGroups": groups, **spec}}


def test_quota_that_others_use_comes_back_when_they_end() -> None:
    (cause,) = seen(local_queue(), cluster_queue(8), workload("a", 8, admitted=8), workload("b", 4)).causes
    assert (cause.source, cause.what) == ("kueue.has-no-quota", GPU)
    assert "the quota of" in cause.holder
    assert "when others end" in cause.because
    assert [row.subject for row in cause.blocked] == ["batch/jobs/team/b"]
    assert cause.accelerators == 4


def test_more_than_the_quota_can_never_be() -> None:
    (cause,) = seen(local_queue(), cluster_queue(8), workload("b", 9)).causes
    assert "even with all of them free" in cause.because


def test_a_queue_that_does_not_exist_or_is_stopped_is_named() -> None:
    (cause,) = seen(workload("b", 1)).causes
    assert cause.holder == f"{_GROUP}/localqueues/team/lq"
    (cause,) = seen(local_queue(), workload("b", 1)).causes
    assert cause.holder == f"{_GROUP}/clusterqueues/cq"
    (cause,) = seen(local_queue(), cluster_queue(8, stopPolicy="Hold"), workload("b", 1)).causes
    assert "is stopped (Hold)" in cause.because


def test_who_waits_until_another_is_ready_waits_for_that_one() -> None:
    waits = "waiting for all admitted workloads to be in PodsReady condition"
    (cause,) = seen(
        local_queue(), cluster_queue(8), workload("a", 4, admitted=4, ready=False), workload("b", 4, message=waits)
    ).causes
    assert cause.holder == "batch/jobs/team/a"
