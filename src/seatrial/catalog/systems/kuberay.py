"""KubeRay: a RayCluster becomes a head, its workers and a Service that finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import ADMISSION, AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import job_pod
from seatrial.catalog.systems.ray_objects import RayCluster, RayJob, RayService
from seatrial.model.fact import Apis, Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Proof, Recipe, Served, System

_CONFIG = """\
apiVersion: config.ray.io/v1alpha1
kind: Configuration
probeAddr: "{address}:{port:health}"
metricsAddr: "0"
enableLeaderElection: false
"""


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    namespace = settings["watch_namespace"]
    return {"kuberay.yaml": _CONFIG + (f"watchNamespace: {namespace}\n" if namespace else "")}


def ray_cluster(name: str, namespace: str, apis: Apis, *, head: Obj, group: Obj) -> Obj:
    """A RayCluster of which each container does what its template says, and not what Ray would."""
    return {
        "apiVersion": f"ray.io/{apis.versions(RayCluster.of)[0]}",
        "kind": "RayCluster",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {"ray.io/overwrite-container-cmd": "true"},
        },
        "spec": {
            "headGroupSpec": {"rayStartParams": {}, "template": _probed(head)},
            "workerGroupSpecs": [group],
        },
    }


def workers(template: Obj, replicas: int) -> Obj:
    fixed = {"replicas": replicas, "minReplicas": replicas, "maxReplicas": max(replicas, 1)}
    return {"groupName": "workers", "rayStartParams": {}, "template": _probed(template), **fixed}


def _probed(template: Obj) -> Obj:
    """KubeRay would add probes that ask Ray."""
    alive = {"exec": {"command": ["/workload", "env"]}, "periodSeconds": 1}
    ray, *others = template["spec"]["containers"]
    containers = [{**ray, "readinessProbe": alive, "livenessProbe": alive}, *others]
    return {**template, "spec": {**template["spec"], "containers": containers}}


def _as_cluster(job: TrainingJob, apis: Apis) -> OperatorObjects:
    """A head, and a group of workers that has none so far: KubeRay lets a worker's pod begin with a script of Ray's own,
    which the image of a proof does not have.
    """
    template = {"spec": job_pod(job, ends=False)}
    good = ray_cluster(job.name, job.namespace, apis, head=template, group=workers(template, 0))
    twice = {"workerGroupSpecs": good["spec"]["workerGroupSpecs"] * 2}
    return OperatorObjects(
        good=good,
        wrong={**good, "spec": {**good["spec"], **twice}},
        mistake="two of its groups of workers have the same name",
        pods=1,
    )


_MAKES = ("services", "pods")

KUBERAY = System(
    id="kuberay",
    title="KubeRay",
    home="https://docs.ray.io/en/latest/cluster/kubernetes/",
    found_by=Served("ray.io/rayclusters"),
    facts=(RayCluster, RayJob, RayService),
    roles=(
        AIOperator(
            player="kuberay",
            creates=(RayCluster.of,),
            resource=RayCluster.of,
            looks_at=(*ADMISSION, *_MAKES),
            makes=_MAKES,
            reconciled="RayClusterProvisioned",
            dialect=_as_cluster,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/ray-project/kuberay/ray-operator",
        version="v1.6.0",
        programs={"kuberay": "github.com/ray-project/kuberay/ray-operator"},
        manifests=(
            *(f"config/crd/bases/ray.io_{name}.yaml" for name in ("rayclusters", "rayjobs", "rayservices")),
            "config/webhook/manifests.yaml",
        ),
        processes=(
            Process(
                program="kuberay",
                args=("--config={folder}/kuberay.yaml", "--kubeconfig={kubeconfig}"),
                env={"ENABLE_WEBHOOKS": "true", "TMPDIR": "{folder}"},
                ready="http://{address}:{port:health}/readyz",
            ),
        ),
        configure=_configure,
        settings={"watch_namespace": ""},  # empty: all of them
        level=LabLevel.NODE,  # its webhook listens on every address, and those of the node are nobody else's
        ports={"webhook": 9443},
        certificates="k8s-webhook-server/serving-certs",
    ),
)
