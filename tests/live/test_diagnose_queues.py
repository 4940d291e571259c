"""A real Kueue: which limit holds a workload back, next to what Kueue itself says of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from seatrial.app import lab as labs
from seatrial.app.diagnose import diagnose
from seatrial.app.target import Target
from seatrial.lab import site as sites
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from tests.live.conftest import down, kubectl, up
from tests.live.waiting import GPU, job, spec

NAME = "test-queues"
PATIENCE = 120.0
_API = "kueue.x-k8s.io/v1beta2"
_QUEUE = "kueue.x-k8s.io/queue-name"
_TAKES = {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}


def queue(
    name: str,
    quota: int,
    cohort: str,
    *,
    preemption: Obj | None = None,
    flavor: str = "plain",
    more: Obj | None = None,
    **limits: int,
) -> Iterator[Obj]:
    quotas = {"name": flavor, "resources": [{"name": GPU, "nominalQuota": quota, **limits}]}
    yield {
        "apiVersion": _API,
        "kind": "ClusterQueue",
        "metadata": {"name": name},
        "spec": {
            "namespaceSelector": {},
            "cohortName": cohort,
            "resourceGroups": [{"coveredResources": [GPU], "flavors": [quotas]}],
            "preemption": preemption or _TAKES,
            **(more or {}),
        },
    }
    yield {
        "apiVersion": _API,
        "kind": "LocalQueue",
        "metadata": {"name": name, "namespace": "queues"},
        "spec": {"clusterQueue": name},
    }


def work(name: str, queue: str, devices: int, priority: str = "", **more: Any) -> Obj:
    found = job(spec(devices, tolerations=[{"operator": "Exists"}], **more), 1)
    labels = {_QUEUE: queue, **({"kueue.x-k8s.io/priority-class": priority} if priority else {})}
    found["metadata"] = {"name": name, "namespace": "queues", "labels": labels}
    found["spec"]["suspend"] = True
    return found


_FIRST: tuple[Obj, ...] = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "queues"}},
    {"apiVersion": _API, "kind": "ResourceFlavor", "metadata": {"name": "plain"}},
    {"apiVersion": _API, "kind": "WorkloadPriorityClass", "metadata": {"name": "high"}, "value": 1000},
    *queue("borrows", 1, "one", borrowingLimit=1),
    *queue("lends", 4, "one"),
    *queue("asks", 1, "two"),
    *queue("keeps", 4, "two", lendingLimit=1),
    *queue("gave", 2, "three", preemption={"reclaimWithinCohort": "Never", "withinClusterQueue": "LowerPriority"}),
    *queue("took", 2, "three"),
    {
        "apiVersion": _API,
        "kind": "ResourceFlavor",
        "metadata": {"name": "new"},
        "spec": {"nodeLabels": {"pool": "new"}},
    },
    {
        "apiVersion": _API,
        "kind": "AdmissionCheck",
        "metadata": {"name": "capacity"},
        "spec": {"controllerName": "example.com/nobody"},
    },
    *queue("checked", 4, "five", more={"admissionChecksStrategy": {"admissionChecks": [{"name": "capacity"}]}}),
    *queue("choosy", 4, "six", more={"namespaceSelector": {"matchLabels": {"team": "research"}}}),
    *queue("pooled", 4, "seven", flavor="new"),
    *queue("leaves", 2, "eight"),
    *queue("patient", 2, "four", preemption={"reclaimWithinCohort": "Any", "withinClusterQueue": "Never"}),
)
_HOLDERS = (work("holds-all", "took", 4), work("low", "patient", 2))
_WAITERS = (
    work("wants-more", "borrows", 4),
    work("wants-kept", "asks", 4),
    work("wants-back", "gave", 2),
    work("urgent", "patient", 2, "high"),
    work("unchecked", "checked", 2),
    work("stranger", "choosy", 2),
    work("elsewhere", "pooled", 2, nodeSelector={"pool": "old"}),
    work("given-up", "leaves", 2),
)

CASES = (
    ("wants-more", "kueue-limits.borrowing-ends", "borrowingLimit of kueue.x-k8s.io/clusterqueues/borrows"),
    ("wants-kept", "kueue-limits.others-lend-too-little", "lendingLimit of kueue.x-k8s.io/clusterqueues/keeps"),
    ("wants-back", "kueue-limits.quota-is-lent", "reclaimWithinCohort of kueue.x-k8s.io/clusterqueues/gave"),
    ("unchecked", "kueue-admission.check-is-pending", "kueue.x-k8s.io/admissionchecks/capacity"),
    ("stranger", "kueue-admission.namespace-is-not-let-in", "namespaceSelector of kueue.x-k8s.io/clusterqueues/choosy"),
    ("elsewhere", "kueue-admission.no-flavor-matches", "flavors for "),
    ("given-up", "kueue-admission.workload-is-deactivated", "spec.active of "),
    ("urgent", "kueue-limits.may-not-preempt", "withinClusterQueue of kueue.x-k8s.io/clusterqueues/patient"),
)

# What the controller of a check says of it, once it runs: without that the queue is not active.
_ACTIVE = json.dumps(
    {
        "status": {
            "conditions": [
                {
                    "type": "Active",
                    "status": "True",
                    "reason": "Active",
                    "message": "here",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }
            ]
        }
    }
)


def _apply(lab: str, objects: tuple[Obj, ...]) -> None:
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", "apply", "--server-side", "-f", "-"]
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    end = time.monotonic() + PATIENCE  # Kueue's webhooks may come a moment after its process
    while True:
        done = subprocess.run(argv, check=False, capture_output=True, input=items, text=True)
        if done.returncode == 0 or time.monotonic() > end:
            break
        time.sleep(2)
    assert done.returncode == 0, done.stderr[-3000:]


def _workloads(lab: str) -> dict[str, Any]:
    """By the job that each stands for."""
    found = kubectl(lab, "get", "workloads.kueue.x-k8s.io", "-n", "queues")["items"]
    return {one["metadata"]["ownerReferences"][0]["name"]: one for one in found}


def _says(workload: Obj, kind: str) -> Obj:
    conditions = workload.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def _give_up(job: str) -> None:
    """As Kueue itself does when a workload was requeued too often."""
    end = time.monotonic() + PATIENCE
    while job not in _workloads(NAME) and time.monotonic() < end:
        time.sleep(1)
    name = _workloads(NAME)[job]["metadata"]["name"]
    kubectl(
        NAME,
        "patch",
        "workloads.kueue.x-k8s.io",
        name,
        "-n",
        "queues",
        "--type=merge",
        "-p",
        '{"spec":{"active":false}}',
    )


@pytest.fixture(scope="module")
def queues() -> Iterator[str]:
    settings = {"kueue": {"wait_for_pods_ready": False}}
    fleet = labs.parse_fleet("h100:8x4")
    up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=fleet, systems=("kueue",), settings=settings))
    try:
        _apply(NAME, _FIRST)
        kubectl(
            NAME,
            "patch",
            "admissionchecks.kueue.x-k8s.io",
            "capacity",
            "--subresource=status",
            "--type=merge",
            "-p",
            _ACTIVE,
        )
        _apply(NAME, _HOLDERS)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            known = _workloads(NAME)
            if all(_says(known.get(name, {}), "Admitted").get("status") == "True" for name in ("holds-all", "low")):
                break
            time.sleep(1)
        _apply(NAME, _WAITERS)
        _give_up("given-up")
        yield NAME
    finally:
        down(NAME)


@pytest.mark.parametrize(("name", "source", "holder"), CASES)
def test_the_limit_that_holds_a_workload_back_is_named_first(queues: str, name: str, source: str, holder: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        found = asyncio.run(diagnose(Target(lab=queues), f"batch/jobs/queues/{name}"))
        if (found.causes and found.causes[0].source == source) or time.monotonic() > end:
            break
        time.sleep(1)
    said = _says(_workloads(queues)[name], "QuotaReserved")
    print(
        name, "| Kueue says:", said.get("message"), "| we say:", found.causes[0].because if found.causes else "nothing"
    )
    assert found.causes, said
    assert found.causes[0].source == source, (said, found.causes)
    assert found.causes[0].holder.startswith(holder)
    assert _says(_workloads(queues)[name], "Admitted").get("status") != "True"
