"""LeaderWorkerSet: groups of pods with one leader each, for models that no single node can serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import ADMISSION, AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import job_pod, only_pods_with
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.system import Process, Proof, Recipe, Served, System

_LABEL = "leaderworkerset.sigs.k8s.io/name"
_CONFIG = """\
apiVersion: config.lws.x-k8s.io/v1alpha1
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:{port:health}"}
metrics: {bindAddress: "0"}
webhook: {host: 127.0.0.1, port: {port:webhook}, certDir: "{folder}"}
leaderElection: {leaderElect: false}
internalCertManagement: {enable: false}
"""


class LeaderWorkerTemplate(Shape, frozen=True):
    size: int = 1


class LeaderWorkerSetSpec(Shape, frozen=True):
    startup_policy: str = ""
    replicas: int | None = None
    leader_worker_template: LeaderWorkerTemplate = LeaderWorkerTemplate()


class LeaderWorkerSet(Fact, frozen=True):
    of = "leaderworkerset.x-k8s.io/leaderworkersets"

    spec: LeaderWorkerSetSpec = LeaderWorkerSetSpec()


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    return {"lws.yaml": _CONFIG}


def _as_group(job: TrainingJob, apis: Apis) -> OperatorObjects:
    """One group of a leader and its workers. It is there until it is deleted, as a served model is."""
    group = {"size": job.pods, "workerTemplate": {"spec": job_pod(job, ends=False)}}
    good: Obj = {
        "apiVersion": f"leaderworkerset.x-k8s.io/{apis.versions(LeaderWorkerSet.of)[0]}",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": job.name, "namespace": job.namespace},
        "spec": {"replicas": 1, "leaderWorkerTemplate": group},
    }
    split = {**group, "subGroupPolicy": {"subGroupSize": job.pods + 1}}
    return OperatorObjects(
        good=good,
        wrong={**good, "spec": {**good["spec"], "leaderWorkerTemplate": split}},
        mistake="its subgroups are larger than its group",
        pods=job.pods,
    )


_MAKES = ("apps/statefulsets", "services", "pods")

LWS = System(
    id="lws",
    title="LeaderWorkerSet",
    home="https://lws.sigs.k8s.io",
    found_by=Served("leaderworkerset.x-k8s.io/leaderworkersets"),
    facts=(LeaderWorkerSet,),
    roles=(
        AIOperator(
            player="lws",
            creates=(LeaderWorkerSet.of,),
            resource=LeaderWorkerSet.of,
            looks_at=(*ADMISSION, *_MAKES),
            makes=_MAKES,
            reconciled="Available",
            dialect=_as_group,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        by_default=False,
        module="sigs.k8s.io/lws",
        version="v0.9.0",
        programs={"lws": "sigs.k8s.io/lws/cmd"},
        ldflags="-X sigs.k8s.io/lws/pkg/version.GitVersion=v0.9.0",
        manifests=(
            "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml",
            "config/crd/bases/disaggregatedset.x-k8s.io_disaggregatedsets.yaml",
            "config/crd/patches/webhook_in_leaderworkersets.yaml",
            "config/webhook/manifests.yaml",
        ),
        overlay=(
            only_pods_with(_LABEL, kind="mutating", webhook="mpod.kb.io"),
            only_pods_with(_LABEL, kind="validating", webhook="vpod.kb.io"),
        ),
        processes=(
            Process(
                program="lws",
                args=("--config={folder}/lws.yaml", "--kubeconfig={kubeconfig}"),
                ready="http://127.0.0.1:{port:health}/readyz",
            ),
        ),
        configure=_configure,
    ),
)
