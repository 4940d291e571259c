"""Game days: the operational issues of platforms for AI, each as real objects on a real cluster, for ``diagnose`` to name.

None of them changes what a proof finds. The nodes that some bring are of the fleet's kind: KWOK plays them.
"""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.changes import adds
from seatrial.model.fact import Obj
from seatrial.model.fault import Change, Fault
from seatrial.model.lab import LabSpec
from seatrial.model.wait import DEADLOCK

_GAME = "seatrial.dev/game-day"
_GPU = "nvidia.com/gpu"
_IMAGE = "seatrial.dev/lab/workload:v1"
_DEVICES = 8


def _node(
    game: str, number: int, *, version: str = "595.91.07", labels: Obj | None = None, taint: Obj | None = None
) -> Obj:
    """A node with eight accelerators that only pods of this game day go to."""
    name = f"{game}-{number}"
    amounts = {"cpu": "128", "memory": "2Ti", "pods": "250", _GPU: str(_DEVICES)}
    own = {
        "kubernetes.io/hostname": name,
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
        "nvidia.com/cuda.driver-version.full": version,
        "seatrial.dev/simulated": "true",
        "type": "kwok",
        _GAME: game,
    }
    metadata = {"name": name, "labels": own | (labels or {}), "annotations": {"kwok.x-k8s.io/node": "fake"}}
    taints = [{"key": _GAME, "value": game, "effect": "NoSchedule"}, *([taint] if taint else [])]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": {"taints": taints},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def _spec(game: str, devices: int, **more: object) -> Obj:
    work: Obj = {"name": "work", "image": _IMAGE, "command": ["/workload", "work", "--seconds", "0"]}
    if devices:
        work["resources"] = {"limits": {_GPU: str(devices)}}
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {_GAME: game},
        "tolerations": [{"key": _GAME, "operator": "Exists"}],
        "containers": [work],
        **more,
    }


def _pod(name: str, spec: Obj, *, namespace: str = "default", labels: Obj | None = None) -> Obj:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _gang(game: str, name: str, size: int) -> Obj:
    return {
        "apiVersion": "scheduling.k8s.io/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": f"{game}-{name}", "namespace": "default"},
        "spec": {"schedulingPolicy": {"gang": {"minCount": size}}},
    }


def _rivals() -> tuple[Obj, ...]:
    """Two gangs of twelve that come by turns, where there are sixteen accelerators.

    By turns in their names too, in whose order a scheduler that has just started finds them.
    """
    game = "gangs-deadlocked"
    pods = [
        _pod(f"{game}-{number:02}-{name}", _spec(game, 1, schedulingGroup={"podGroupName": f"{game}-{name}"}))
        for number in range(12)
        for name in ("one", "two")
    ]
    return (_node(game, 0), _node(game, 1), _gang(game, "one", 12), _gang(game, "two", 12), *pods)


def _gangs_deadlocked(spec: LabSpec) -> LabSpec:
    return msgspec.structs.replace(spec, objects=(*spec.objects, *_rivals()), gang_scheduling=False)


GANGS_DEADLOCKED = Fault(
    id="gangs-deadlocked",
    title="two gangs of 12 come by turns to 16 accelerators, and the scheduler does not heed their PodGroups",
    diagnosed=DEADLOCK,
    change=Change(_gangs_deadlocked, "delete the gang that `diagnose` names, and let the scheduler heed PodGroups"),
    kubernetes=("1.37",),
)


def _job(game: str, pods: int, devices: int) -> Obj:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": game, "namespace": "default"},
        "spec": {
            "parallelism": pods,
            "completions": pods,
            "completionMode": "Indexed",
            "template": {"spec": _spec(game, devices)},
        },
    }


DRIVERS_DIFFER = Fault(
    id="drivers-differ",
    title="the ranks of one training job run on two driver versions, as in the middle of an upgrade",
    diagnosed="quality.drivers-differ-within-a-gang",
    change=adds(
        _node("drivers-differ", 0),
        _node("drivers-differ", 1, version="570.172.08"),
        _job("drivers-differ", 2, _DEVICES),
        undone_by="end the upgrade, or keep the job on nodes of one version: a job that is there takes no other selector",
    ),
)


def _server(game: str) -> Obj:
    labels = {"app": game}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": game, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _spec(game, 1, restartPolicy="Always")},
        },
    }


def _autoscaler(game: str) -> Obj:
    metric = {"metric": {"name": "requests_waiting"}, "target": {"type": "AverageValue", "averageValue": "4"}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": game, "namespace": "default"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": game},
            "minReplicas": 1,
            "maxReplicas": 8,
            "metrics": [{"type": "External", "external": metric}],
        },
    }


BURSTS_UNHEARD = Fault(
    id="bursts-unheard",
    title="a model server is to follow a metric that no metrics API knows, so that its replicas stay when a burst comes",
    diagnosed="quality.autoscaler-gets-no-metric",
    change=adds(
        _node("bursts-unheard", 0),
        _server("bursts-unheard"),
        _autoscaler("bursts-unheard"),
        undone_by="install what serves the metric, or name one that is served: no file says which was meant",
    ),
)


def _exporter(game: str) -> Obj:
    labels = {"app.kubernetes.io/name": "dcgm-exporter"}
    spec = _spec(game, 0, restartPolicy="Always")
    spec["tolerations"] = [{"key": _GAME, "operator": "Exists"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": game, "namespace": "default", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


_NEW_POOL = {"key": "seatrial.dev/new-pool", "value": "true", "effect": "NoSchedule"}

NODES_UNSEEN = Fault(
    id="nodes-unseen",
    title="the exporter does not tolerate the taint of a new pool, so that nobody sees its accelerators",
    diagnosed="quality.exporter-misses-nodes",
    change=adds(
        _node("nodes-unseen", 0),
        _node("nodes-unseen", 1, taint=_NEW_POOL),
        _exporter("nodes-unseen"),
        _pod(
            "nodes-unseen-work",
            _spec("nodes-unseen", 1, tolerations=[{"operator": "Exists"}])
            | {"nodeSelector": {"kubernetes.io/hostname": "nodes-unseen-1"}},
        ),
        undone_by="let the exporter tolerate the taint",
        mended_by="exporters-everywhere",
    ),
)


def _tenant(name: str) -> tuple[Obj, ...]:
    space = f"tenants-share-{name}"
    namespace: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    account: Obj = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": space}}
    return namespace, account, _pod("server", _spec("tenants-share", 1), namespace=space)


TENANTS_SHARE = Fault(
    id="tenants-share",
    title="servers of two namespaces run on time slices of the same accelerators",
    diagnosed="quality.tenants-share-a-device",
    change=adds(
        _node(
            "tenants-share",
            0,
            labels={"nvidia.com/gpu.sharing-strategy": "time-slicing", "nvidia.com/gpu.replicas": "8"},
        ),
        *_tenant("red"),
        *_tenant("blue"),
        undone_by="give each tenant devices or nodes of his own: whose pods may go where is for a person to say",
    ),
)


def _pulled(game: str, number: int) -> Obj:
    """As the kubelet writes it. KWOK pulls nothing, so that the words are the fault's own."""
    took, waited = 40 + number, 200 + 40 * number
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{game}-{number}", "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": f"{game}-{number}"},
        "type": "Normal",
        "reason": "Pulled",
        "message": (
            f'Successfully pulled image "{_IMAGE}" in {took}s ({waited}s including waiting). Image size: 12884901888 bytes.'
        ),
        "source": {"component": "kubelet", "host": f"{game}-0"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
    }


PULLS_QUEUE = Fault(
    id="pulls-queue",
    title="many replicas start at once, and their image of 12 GiB is pulled one after the other",
    diagnosed="images.pulls-queue-up",
    change=adds(
        _node("pulls-queue", 0),
        *(_pod(f"pulls-queue-{number}", _spec("pulls-queue", 1)) for number in range(4)),
        *(_pulled("pulls-queue", number) for number in range(4)),
        undone_by="pull from peers (with Dragonfly the remedy `image-peers`), or let the kubelet pull several at once",
    ),
)
