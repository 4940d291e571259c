"""Kueue: queues with quota. A group of plain pods is held back until its quota is there, and then starts as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.kubernetes.core import gang_pods
from seatrial.catalog.systems.kueue_objects import (
    AdmissionCheck,
    ClusterQueue,
    Cohort,
    LocalQueue,
    QueuedWorkload,
    ResourceFlavor,
)
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Process, Proof, Recipe, Served, System

_CONFIG = """\
apiVersion: config.kueue.x-k8s.io/v1beta2
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:{port:health}"}
metrics: {bindAddress: "0"}
webhook: {host: 127.0.0.1, port: {port:webhook}, certDir: "{folder}"}
leaderElection: {leaderElect: false}
clientConnection: {qps: 300, burst: 500}
featureGates: {VisibilityOnDemand: false}  # it needs an aggregated API server
integrations: {frameworks: [{frameworks}]}
"""
_FRAMEWORKS = ("batch/job", "pod", "statefulset", "jobset.x-k8s.io/jobset")
_OPERATORS = {
    "kuberay": ("ray.io/raycluster", "ray.io/rayjob"),
    "lws": ("leaderworkerset.x-k8s.io/leaderworkerset",),
    "trainer": ("trainer.kubeflow.org/trainjob",),
}  # Kueue heeds those whose kinds are served
_WAIT = "waitForPodsReady: {timeout: 5m, blockAdmission: true}\n"

QUEUE = "kueue.x-k8s.io/queue-name"  # the label that puts an object into a LocalQueue


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    listed = (name for operator, names in _OPERATORS.items() if settings[operator] for name in names)
    config = _CONFIG.replace("{frameworks}", ", ".join((*_FRAMEWORKS, *listed)))
    return {"kueue.yaml": config + (_WAIT if settings["wait_for_pods_ready"] else "")}


def _as_pod_group(gang: Gang, apis: Apis) -> GangObjects:
    """Kueue lets go of a group's pods when its Workload goes, not when they are deleted; not even their namespace
    would end, since it waits for its pods before it deletes anything else.
    """
    labels = {QUEUE: gang.name, "kueue.x-k8s.io/pod-group-name": gang.name}
    annotations = {
        "kueue.x-k8s.io/pod-group-total-count": str(gang.pods),
        "kueue.x-k8s.io/pod-group-fast-admission": "true",  # the first pod tells the size of all
    }
    return GangObjects(
        first=queue_of(gang, apis),
        pods=gang_pods(gang, labels=labels, annotations=annotations),
        leaves=(("kueue.x-k8s.io/workloads", gang.name),),
    )


def queue_of(gang: Gang, apis: Apis) -> tuple[Obj, ...]:
    """Every gang has a queue of its own that is allowed the whole cluster, as teams usually are: quota alone saves nobody."""
    versions = apis.versions("kueue.x-k8s.io/clusterqueues")
    if not versions:
        raise CannotJudge("the API server serves no ClusterQueue", way_out="install Kueue's CRDs")
    api, queue = f"kueue.x-k8s.io/{versions[0]}", f"{gang.namespace}-{gang.name}"
    return (
        {"apiVersion": api, "kind": "ResourceFlavor", "metadata": {"name": queue}},
        {"apiVersion": api, "kind": "ClusterQueue", "metadata": {"name": queue}, "spec": _quota(gang, queue)},
        {
            "apiVersion": api,
            "kind": "LocalQueue",
            "metadata": {"name": gang.name, "namespace": gang.namespace},
            "spec": {"clusterQueue": queue},
        },
    )


def _quota(gang: Gang, flavor: str) -> Obj:
    amounts = {"cpu": "1k", "memory": "1Ti", gang.resource: str(gang.capacity)}
    resources = [{"name": name, "nominalQuota": amount} for name, amount in amounts.items()]
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": gang.namespace}},
        "resourceGroups": [{"coveredResources": list(amounts), "flavors": [{"name": flavor, "resources": resources}]}],
    }


_CRDS = "config/components/crd"
_CONVERTED = ("localqueues", "clusterqueues", "cohorts", "workloads", "multikueueclusters")
_DEFINED = (
    *_CONVERTED,
    "resourceflavors",
    "admissionchecks",
    "workloadpriorityclasses",
    "provisioningrequestconfigs",
    "multikueueconfigs",
    "topologies",
)

KUEUE = System(
    id="kueue",
    title="Kueue",
    home="https://kueue.sigs.k8s.io",
    found_by=Served("kueue.x-k8s.io/clusterqueues"),
    facts=(LocalQueue, ClusterQueue, Cohort, ResourceFlavor, QueuedWorkload, AdmissionCheck),
    roles=(
        GangScheduler(
            player="kueue",
            creates=(
                "kueue.x-k8s.io/resourceflavors",
                "kueue.x-k8s.io/clusterqueues",
                "kueue.x-k8s.io/localqueues",
                "kueue.x-k8s.io/workloads",
            ),
            dialect=_as_pod_group,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/kueue",
        version="v0.19.2",
        programs={"kueue": "sigs.k8s.io/kueue/cmd/kueue"},
        ldflags="-X sigs.k8s.io/kueue/pkg/version.GitVersion=v0.19.2",
        manifests=(
            *(f"{_CRDS}/bases/kueue.x-k8s.io_{name}.yaml" for name in _DEFINED),
            *(f"{_CRDS}/patches/webhook_in_{name}.yaml" for name in _CONVERTED),
            "config/components/webhook/manifests.yaml",
        ),
        processes=(
            Process(
                program="kueue",
                args=("--config={folder}/kueue.yaml", "--kubeconfig={kubeconfig}", "--zap-log-level=2"),
                ready="http://127.0.0.1:{port:health}/readyz",
            ),
        ),
        configure=_configure,
        settings={"wait_for_pods_ready": True, **dict.fromkeys(_OPERATORS, True)},
        after=("jobset", "kuberay", "lws", "trainer"),  # of a kind that comes later it learns only after a while
    ),
)
