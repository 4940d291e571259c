"""Kubeflow Trainer: a TrainJob refers to a runtime, and becomes a JobSet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import ADMISSION, AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import job_pod
from seatrial.model.fact import Apis, Fact, Obj
from seatrial.model.system import Process, Proof, Recipe, Served, System

_CONFIG = """\
apiVersion: config.trainer.kubeflow.org/v1alpha1
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:{port:health}"}
metrics: {bindAddress: "0"}
webhook: {host: 127.0.0.1, port: {port:webhook}}
leaderElection: {leaderElect: false}
certManagement: {enable: false}
"""


_GROUP = "trainer.kubeflow.org"
RUNTIMES = f"{_GROUP}/trainingruntimes"


class TrainJob(Fact, frozen=True):
    of = f"{_GROUP}/trainjobs"


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    return {"trainer.yaml": _CONFIG}


def _validated_unless_told_not_to() -> Obj:
    """Upstream's kustomization says so by a JSON patch."""
    key = f"{_GROUP}/webhook-validation"
    selector = {"matchExpressions": [{"key": key, "operator": "NotIn", "values": ["disabled"]}]}
    runtimes = ("clustertrainingruntime", "trainingruntime")
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "validating-webhook-configuration"},
        "webhooks": [{"name": f"validator.{runtime}.{_GROUP}", "objectSelector": selector} for runtime in runtimes],
    }


def train_job(name: str, namespace: str, apis: Apis, *, jobs: list[Obj], nodes: int) -> tuple[Obj, Obj]:
    """The runtime, which is the platform team's part, and the job of whoever trains. The first of ``jobs`` is the trainer;
    Trainer knows it by the name of its container.
    """
    metadata = {"name": name, "namespace": namespace}
    trainer, *others = jobs
    named = {**trainer["template"], "metadata": {"labels": {f"{_GROUP}/trainjob-ancestor-step": "trainer"}}}
    pod = dict(named["spec"]["template"]["spec"])
    pod["containers"] = [{**pod["containers"][0], "name": "node"}, *pod["containers"][1:]]
    named["spec"] = {**named["spec"], "template": {**named["spec"]["template"], "spec": pod}}
    runtime: Obj = {
        "apiVersion": f"{_GROUP}/{apis.versions(RUNTIMES)[0]}",
        "kind": "TrainingRuntime",
        "metadata": metadata,
        "spec": {
            "mlPolicy": {"numNodes": 1},
            "template": {"spec": {"replicatedJobs": [{**trainer, "template": named}, *others]}},
        },
    }
    job: Obj = {
        "apiVersion": f"{_GROUP}/{apis.versions(TrainJob.of)[0]}",
        "kind": "TrainJob",
        "metadata": dict(metadata),
        "spec": {
            "runtimeRef": {"apiGroup": _GROUP, "kind": "TrainingRuntime", "name": name},
            "trainer": {"numNodes": nodes},
        },
    }
    return runtime, job


def _as_trainjob(job: TrainingJob, apis: Apis) -> OperatorObjects:
    node = {"name": "node", "template": {"spec": {"template": {"spec": job_pod(job)}}}}
    runtime, good = train_job(job.name, job.namespace, apis, jobs=[node], nodes=job.pods)
    fetched = {"initializer": {"dataset": {"storageUri": "s3://nobody/nothing"}}}
    return OperatorObjects(
        first=(runtime,),
        good=good,
        wrong={**good, "spec": {**good["spec"], **fetched}},
        mistake="it wants a data set fetched, and its runtime has no step that fetches one",
        pods=job.pods,
    )


_CRDS = "manifests/base/crds/trainer.kubeflow.org"

_MAKES = ("jobset.x-k8s.io/jobsets", "pods")

TRAINER = System(
    id="trainer",
    title="Kubeflow Trainer",
    home="https://www.kubeflow.org/docs/components/trainer/",
    found_by=Served(TrainJob.of),
    facts=(TrainJob,),
    roles=(
        AIOperator(
            player="trainer",
            creates=(TrainJob.of, RUNTIMES),
            resource=TrainJob.of,
            looks_at=(*ADMISSION, *_MAKES),
            makes=_MAKES,
            reconciled="Complete",
            dialect=_as_trainjob,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        by_default=False,
        module="github.com/kubeflow/trainer/v2",
        version="v2.3.0",
        programs={"trainer": "github.com/kubeflow/trainer/v2/cmd/trainer-controller-manager"},
        manifests=(
            *(f"{_CRDS}_{name}.yaml" for name in ("clustertrainingruntimes", "trainingruntimes", "trainjobs")),
            "manifests/base/webhook/manifests.yaml",
        ),
        overlay=(_validated_unless_told_not_to(),),
        processes=(
            Process(
                program="trainer",
                args=("--config={folder}/trainer.yaml", "--kubeconfig={kubeconfig}"),
                env={"TMPDIR": "{folder}"},
                ready="http://127.0.0.1:{port:health}/readyz",
            ),
        ),
        configure=_configure,
        needs=("jobset",),
        certificates="k8s-webhook-server/serving-certs",
    ),
)
