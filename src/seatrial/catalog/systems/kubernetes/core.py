"""Kubernetes itself: the facts that most checks read, the stock scheduler, and the Workload API that makes it know gangs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler, TrainingJob
from seatrial.catalog.systems.kubernetes.pods import Condition, Pod, Taint
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.system import Proof, Served, System

WORK = "work"  # the container of every workload of a proof
GANG_LABEL = "seatrial.dev/gang"
HOST = "kubernetes.io/hostname"
IMPLICIT = "deviceclass.resource.kubernetes.io"  # a DeviceClass asked for as if it were an extended resource
_KWOK = "kwok"

Fields = Mapping[str, Any]
_NONE: Fields = MappingProxyType({})


class NodeSpec(Shape, frozen=True):
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeImage(Shape, frozen=True):
    names: tuple[str, ...] = ()
    size_bytes: int = 0


class NodeInfo(Shape, frozen=True):
    kubelet_version: str = ""
    container_runtime_version: str = ""
    kernel_version: str = ""
    os_image: str = ""


class NodeStatus(Shape, frozen=True):
    allocatable: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()
    capacity: dict[str, str] = {}
    images: tuple[NodeImage, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(Fact, frozen=True):
    of = "nodes"

    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def host(self) -> str:
        """By which pods select it; not always its name."""
        return self.metadata.labels.get(HOST, self.name)


def host_of(obj: Obj, name: str) -> str:
    """The same for a node, or a pod on one, as it came: its label, and without one the name of the node."""
    return str((obj["metadata"].get("labels") or {}).get(HOST, "") or name)


OTHER_DEVICES = ("rdma", "vpc.amazonaws.com", "devices.kubevirt.io", "smarter-devices", "squat.ai")  # cards, kvm, fuse


@lru_cache(maxsize=1024)  # asked for each resource of each pod
def is_accelerator(resource: str) -> bool:
    """Extended resources have a domain; those of Kubernetes itself, hugepages and attachable volumes are none."""
    domain, _, name = resource.partition("/")
    if domain == IMPLICIT:
        return bool(name)
    if domain in OTHER_DEVICES or "networking" in domain:
        return False
    return bool(name) and not domain.endswith("kubernetes.io")


class NamespaceStatus(Shape, frozen=True):
    phase: str = ""
    conditions: tuple[Condition, ...] = ()  # while it ends: what is left in it, and what keeps that


class Namespace(Fact, frozen=True):
    of = "namespaces"

    status: NamespaceStatus = NamespaceStatus()


def gang_pods(
    gang: Gang, *, labels: Fields = _NONE, annotations: Fields = _NONE, spec: Fields = _NONE
) -> tuple[Obj, ...]:
    """The pods of a gang, each with what its scheduler wants to see on it."""
    return tuple(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{gang.name}-{number}",
                "namespace": gang.namespace,
                "labels": {GANG_LABEL: gang.name, **labels},
                "annotations": dict(annotations),
            },
            "spec": {**gang_pod(gang), **spec},
        }
        for number in range(gang.pods)
    )


def container(name: str, image: str, argv: tuple[str, ...], devices: Fields = _NONE) -> Obj:
    """A container of a proof: small, and with room for what its runtime needs while it starts."""
    return {
        "name": name,
        "image": image,
        "command": ["/workload", *argv],
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi", **devices},
            "limits": {"memory": "128Mi", **devices},
        },
    }


def job_pod(job: TrainingJob, *, name: str = WORK, ends: bool = True) -> Obj:
    """What each pod of a training job does: preferably on a node where containers really run."""
    work = container(name, job.image, ("work", "--seconds", str(job.seconds if ends else 0)))
    preference = {"matchExpressions": [{"key": "type", "operator": "NotIn", "values": [_KWOK]}]}
    rather = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": preference}]}
    return {
        "restartPolicy": "Never" if ends else "Always",
        "terminationGracePeriodSeconds": 0,
        "containers": [work],
        "affinity": {"nodeAffinity": rather},
    }


ON_REAL_NODES: Obj = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "type", "operator": "NotIn", "values": [_KWOK]}]}]
        }
    }
}  # for pods that have to do something


def runs_containers(node: Node) -> bool:
    """Whether what runs there can be looked into: nodes that KWOK plays only say that it does."""
    return node.metadata.labels.get("type") != _KWOK


def gang_pod(gang: Gang) -> Obj:
    """What each pod of a gang does, and where."""
    devices = {gang.resource: str(gang.accelerators)} if gang.accelerators else {}
    work = container(WORK, gang.image, ("work", "--seconds", str(gang.seconds)), devices)
    spec: Obj = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [work]}
    return spec | ({"affinity": _on_any_of(gang.nodes)} if gang.nodes else {})


def _on_any_of(hostnames: tuple[str, ...]) -> Obj:
    among = {"key": HOST, "operator": "In", "values": list(hostnames)}
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [among]}]}
        }
    }


def as_plain_pods(gang: Gang, apis: Apis) -> GangObjects:
    return GangObjects(first=(), pods=gang_pods(gang))


def _as_workload(gang: Gang, apis: Apis) -> GangObjects:
    """The API was renamed in each release: 1.35 knows groups inside a Workload, later ones a PodGroup of its own."""
    groups = apis.versions("scheduling.k8s.io/podgroups")
    if groups:
        return GangObjects(first=(_pod_group(gang, groups[0]),), pods=gang_pods(gang, spec=_member_of(gang.name)))
    workloads = apis.versions("scheduling.k8s.io/workloads")
    if not workloads:
        raise CannotJudge(
            "the API server serves no scheduling.k8s.io Workload", way_out="turn on the feature gate GenericWorkload"
        )
    reference = {"workloadRef": {"name": gang.name, "podGroup": WORK}}
    return GangObjects(first=(_workload(gang, workloads[0]),), pods=gang_pods(gang, spec=reference))


def _member_of(group: str) -> Obj:
    return {"schedulingGroup": {"podGroupName": group}}


def _pod_group(gang: Gang, version: str) -> Obj:
    return {
        "apiVersion": f"scheduling.k8s.io/{version}",
        "kind": "PodGroup",
        "metadata": {"name": gang.name, "namespace": gang.namespace},
        "spec": {"schedulingPolicy": {"gang": {"minCount": gang.pods}}},
    }


def _workload(gang: Gang, version: str) -> Obj:
    return {
        "apiVersion": f"scheduling.k8s.io/{version}",
        "kind": "Workload",
        "metadata": {"name": gang.name, "namespace": gang.namespace},
        "spec": {"podGroups": [{"name": WORK, "policy": {"gang": {"minCount": gang.pods}}}]},
    }


KUBERNETES = System(
    id="kubernetes",
    title="Kubernetes",
    home="https://kubernetes.io",
    found_by=Served("pods"),
    facts=(Node, Pod, Namespace),
    roles=(GangScheduler(player="kube-scheduler", stand_in=True, dialect=as_plain_pods),),
    proof=Proof.REAL_PROCESS,
)

WORKLOAD_API = System(
    id="workload-api",
    title="Kubernetes Workload API",
    home="https://kubernetes.io/docs/concepts/workloads/workload-api/",
    found_by=Served("scheduling.k8s.io/workloads"),
    roles=(
        GangScheduler(
            player="workload-api",
            creates=("scheduling.k8s.io/podgroups", "scheduling.k8s.io/workloads"),
            dialect=_as_workload,
        ),
    ),
    proof=Proof.REAL_PROCESS,
)


def only_pods_with(label: str, *, kind: str, webhook: str) -> Obj:
    """Upstream's kustomization says so by a JSON patch; without it every pod of the cluster waits for the operator."""
    its_own = {"matchExpressions": [{"key": label, "operator": "Exists"}]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind.title()}WebhookConfiguration",
        "metadata": {"name": f"{kind}-webhook-configuration"},
        "webhooks": [{"name": webhook, "objectSelector": its_own}],
    }
