"""What runs, and runs badly; autoscalers that add no more; gates by their names; images that are volumes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, NOW, gang, named, node, pod, seen

Given = tuple[str, Obj]


def event(reason: str, message: str) -> Given:
    return "events", {
        "metadata": {"name": "p.1", "namespace": "team"},
        "involvedObject": {"kind": "Pod", "namespace": "team", "name": "p"},
        "reason": reason,
        "message": message,
        "lastTimestamp": NOW.isoformat(),
    }


def pool(limit: int, used: int, **template: Any) -> Given:
    return "karpenter.sh/nodepools", {
        "metadata": {"name": "gpus"},
        "spec": {"limits": {GPU: str(limit)}, "template": template},
        "status": {"resources": {GPU: str(used)}},
    }


def restarted(count: int, minutes: int, reason: str = "Error") -> Obj:
    ended = (NOW - dt.timedelta(minutes=minutes)).isoformat()
    last = {"terminated": {"exitCode": 137, "reason": reason, "finishedAt": ended}}
    one = {"name": "work", "restartCount": count, "state": {"running": {}}, "lastState": last}
    return {"containerStatuses": [one]}


def series(of: str, value: float, **labels: str) -> Given:
    named = {"UUID": "GPU-1", "exported_namespace": "team", "exported_pod": "p", **labels}
    return f"metrics/{of}", {"labels": named, "value": value}


def heat(value: float) -> Given:
    return series("accelerator-temperature", value, __name__="DCGM_FI_DEV_GPU_TEMP")


def limited(reason: str) -> Given:
    conditions = [
        {"type": "ScalingLimited", "status": "True", "reason": reason, "message": "the desired count is more"}
    ]
    return "autoscaling/horizontalpodautoscalers", {
        "metadata": {"name": "h", "namespace": "team"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "s", "apiVersion": "apps/v1"}, "maxReplicas": 4},
        "status": {"conditions": conditions, "currentReplicas": 4},
    }


CLIQUE, ZONE = "nvidia.com/gpu.clique", "topology.kubernetes.io/zone"
PLACES = [node("n1", labels={CLIQUE: "a", ZONE: "z"}), node("n2", labels={CLIQUE: "b", ZONE: "z"})]
HIGHER = [node("n1", labels={ZONE: "z"}), node("n2", labels={ZONE: "y"})]
FULL = [node("n1"), pod("q", 8, "n1"), pod("p", 1)]
TAINTED = {"spec": {"taints": [{"key": "x", "effect": "NoSchedule"}]}}

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "a pool at its limit": (
        "autoscalers.pool-is-at-its-limit", "limits of karpenter.sh/nodepools/gpus",
        [*FULL, pool(8, 8)], [*FULL, pool(16, 8)],
    ),
    "a pool that would not take it": (
        "autoscalers.pool-is-at-its-limit", "limits of karpenter.sh/nodepools/gpus",
        [*FULL, pool(8, 8)], [*FULL, pool(8, 8, **TAINTED)],
    ),
    "a group at its largest": (
        "autoscalers.group-is-at-its-largest", "the largest size of node groups",
        [*FULL, event("NotTriggerScaleUp", "pod didn't trigger scale-up: 3 max node group size reached")], FULL,
    ),
    "replicas at their most": (
        "autoscalers.replicas-are-at-their-most", "maxReplicas of",
        [limited("TooManyReplicas")], [limited("TooFewReplicas")],
    ),
    "restarts": (
        "containers.restart-often", "container work of pods/team/p",
        [node("n1"), pod("p", 1, "n1", status=restarted(5, 10))], [node("n1"), pod("p", 1, "n1", status=restarted(5, 600))],
    ),
    "idle": (
        "use.device-idles", "idle devices of pods/team/p",
        [node("n1"), pod("p", 1, "n1"), series("accelerator-use-of-late", 0.0)],
        [node("n1"), pod("p", 1, "n1"), series("accelerator-use-of-late", 0.5)],
    ),
    "hot": (
        "use.device-is-too-hot", "hot devices of nodes/n1",
        [node("n1"), pod("p", 1, "n1"), heat(95)], [node("n1"), pod("p", 1, "n1"), heat(60)],
    ),
    "one outside of the fast network": (
        "topology.gang-is-uneven", CLIQUE,
        [*PLACES, *gang("g", 3, ["n1", "n1", "n2"])], [*PLACES, *gang("g", 4, ["n1", "n1", "n2", "n2"])],
    ),
    "a gang in two zones": (
        "topology.gang-is-uneven", ZONE,
        [*HIGHER, *gang("g", 2, ["n1", "n2"])], [*HIGHER, *gang("g", 2, ["n1", "n1"])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    cause = named(given, source, holder)
    assert cause.blocked
    assert cause.actions


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_all_is_well(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in [one.source for one in seen(*silent).causes]


def test_an_image_volume_is_named_and_not_the_image_of_the_container() -> None:
    message = 'Back-off pulling image "reg/model:7": not found'
    state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "work", "state": state}]}
    volumes = [{"name": "model", "image": {"reference": "reg/model:7"}}]
    (cause,) = seen(node("n1"), pod("p", 0, "n1", status=status, volumes=volumes)).causes
    assert (cause.source, cause.holder) == ("images.cannot-be-pulled", "image reg/model:7")


ADMISSION = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
WORKLOAD = (
    "kueue.x-k8s.io/workloads",
    {
        "metadata": {
            "name": "pod-p",
            "namespace": "team",
            "ownerReferences": [{"kind": "Pod", "name": "p", "uid": "uid-p"}],
        },
        "spec": {"queueName": "none", "podSets": [{"name": "m", "count": 1}]},
    },
)


def test_a_gate_of_kueue_leads_to_what_its_workload_waits_for() -> None:
    (cause,) = seen(node("n1"), pod("p", meta={"uid": "uid-p"}, **ADMISSION), WORKLOAD).causes
    assert (cause.source, cause.holder) == ("kueue.has-no-quota", "kueue.x-k8s.io/localqueues/team/none")
    assert "pods/team/p" in {row.subject for row in cause.blocked}


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ("kueue.x-k8s.io/admission", "Kueue has made no Workload for it"),
        ("grove.io/podgang-pending-creation", "see why Grove keeps it closed"),
        ("example.com/later", "see why the owner of example.com/later keeps it closed"),
    ],
)
def test_a_gate_is_told_with_who_opens_it(gate: str, told: str) -> None:
    (cause,) = seen(node("n1"), pod("p", schedulingGates=[{"name": gate}])).causes
    assert (cause.source, cause.holder) == ("gangs.gate-is-closed", f"gate {gate}")
    assert told in cause.actions[0].what
