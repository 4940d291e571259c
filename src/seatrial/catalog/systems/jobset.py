"""JobSet: several Jobs as one. It queues nothing itself; a gang scheduler such as Kueue does that for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import ADMISSION, AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import job_pod, only_pods_with
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.system import Process, Proof, Recipe, Served, System

_LABEL = "jobset.sigs.k8s.io/jobset-name"
_CONFIG = """\
apiVersion: config.jobset.x-k8s.io/v1alpha1
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:{port:health}"}
metrics: {bindAddress: "0"}
webhook: {host: 127.0.0.1, port: {port:webhook}, certDir: "{folder}"}
leaderElection: {leaderElect: false}
internalCertManagement: {enable: false}
"""


class Dependency(Shape, frozen=True):
    name: str = ""
    status: str = ""  # Ready or Complete


class ReplicatedJob(Shape, frozen=True):
    name: str = ""
    replicas: int = 1
    depends_on: tuple[Dependency, ...] = ()


class StartupPolicy(Shape, frozen=True):
    startup_policy_order: str = ""


class JobSetSpec(Shape, frozen=True):
    suspend: bool | None = None
    startup_policy: StartupPolicy | None = None
    replicated_jobs: tuple[ReplicatedJob, ...] = ()

    @property
    def is_in_order(self) -> bool:
        return self.startup_policy is not None and self.startup_policy.startup_policy_order == "InOrder"


class ReplicatedJobStatus(Shape, frozen=True):
    name: str = ""
    ready: int = 0
    succeeded: int = 0
    failed: int = 0


class JobSetStatus(Shape, frozen=True):
    terminal_state: str = ""
    replicated_jobs_status: tuple[ReplicatedJobStatus, ...] = ()


class JobSet(Fact, frozen=True):
    of = "jobset.x-k8s.io/jobsets"

    spec: JobSetSpec = JobSetSpec()
    status: JobSetStatus = JobSetStatus()


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    return {"jobset.yaml": _CONFIG}


def _as_jobset(job: TrainingJob, apis: Apis) -> OperatorObjects:
    def jobset(awaited: str) -> Obj:
        batch = {"parallelism": job.pods, "completions": job.pods, "template": {"spec": job_pod(job)}}
        return {
            "apiVersion": f"jobset.x-k8s.io/{apis.versions(JobSet.of)[0]}",
            "kind": "JobSet",
            "metadata": {"name": job.name, "namespace": job.namespace},
            "spec": {
                "successPolicy": {"operator": "All", "targetReplicatedJobs": [awaited]},
                "replicatedJobs": [{"name": "workers", "replicas": 1, "template": {"spec": batch}}],
            },
        }

    mistake = "its success policy waits for a job that it does not have"
    return OperatorObjects(good=jobset("workers"), wrong=jobset("nobody"), mistake=mistake, pods=job.pods)


_MAKES = ("batch/jobs", "services", "pods")

JOBSET = System(
    id="jobset",
    title="JobSet",
    home="https://jobset.sigs.k8s.io",
    found_by=Served("jobset.x-k8s.io/jobsets"),
    facts=(JobSet,),
    roles=(
        AIOperator(
            player="jobset",
            creates=(JobSet.of,),
            resource=JobSet.of,
            looks_at=(*ADMISSION, *_MAKES),
            makes=_MAKES,
            reconciled="Completed",
            dialect=_as_jobset,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/jobset",
        version="v0.12.0",
        programs={"jobset": "sigs.k8s.io/jobset"},
        ldflags="-X sigs.k8s.io/jobset/pkg/version.GitVersion=v0.12.0",
        manifests=(
            "config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml",
            "config/components/webhook/manifests.yaml",
        ),
        overlay=(
            only_pods_with(_LABEL, kind="mutating", webhook="mpod.kb.io"),
            only_pods_with(_LABEL, kind="validating", webhook="vpod.kb.io"),
        ),
        processes=(
            Process(
                program="jobset",
                args=("--config={folder}/jobset.yaml", "--kubeconfig={kubeconfig}"),
                ready="http://127.0.0.1:{port:health}/readyz",
            ),
        ),
        configure=_configure,
    ),
)
