"""Kueue in front of JobSet: the JobSet is held back until its quota is there, and then makes all of its pods."""

from __future__ import annotations

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.jobset import JobSet
from seatrial.catalog.systems.kubernetes import GANG_LABEL, gang_pod
from seatrial.catalog.systems.kueue import QUEUE, ClusterQueue, queue_of
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Proof, Served, System


def _as_jobset(gang: Gang, apis: Apis) -> GangObjects:
    """Its first job takes half of the room, and the second waits until the first is ready, as ranks wait for their leaders."""
    half = max(1, min(gang.capacity // 2, gang.pods - 1))
    jobs = [{"name": "leaders", "replicas": 1, "template": _job(gang, half)}]
    if gang.pods > half:
        after = [{"name": "leaders", "status": "Ready"}]
        jobs.append({"name": "others", "replicas": 1, "template": _job(gang, gang.pods - half), "dependsOn": after})
    jobset: Obj = {
        "apiVersion": f"jobset.x-k8s.io/{apis.versions(JobSet.of)[0]}",
        "kind": "JobSet",
        "metadata": {"name": gang.name, "namespace": gang.namespace, "labels": {QUEUE: gang.name}},
        "spec": {"replicatedJobs": jobs},
    }
    return GangObjects(first=queue_of(gang, apis), pods=(jobset,), owners=((JobSet.of, gang.name),))


def _job(gang: Gang, pods: int) -> Obj:
    labelled = {"metadata": {"labels": {GANG_LABEL: gang.name}}, "spec": gang_pod(gang)}
    return {"spec": {"parallelism": pods, "completions": pods, "backoffLimit": 0, "template": labelled}}


KUEUE_JOBSET = System(
    id="kueue-jobset",
    title="Kueue, for JobSets",
    home="https://kueue.sigs.k8s.io/docs/tasks/run/jobsets/",
    found_by=Served(ClusterQueue.of, beside=(JobSet.of,)),
    roles=(
        GangScheduler(
            player="kueue-jobset",
            creates=(
                "kueue.x-k8s.io/resourceflavors",
                "kueue.x-k8s.io/clusterqueues",
                "kueue.x-k8s.io/localqueues",
                JobSet.of,
            ),
            dialect=_as_jobset,
        ),
    ),
    proof=Proof.REAL_PROCESS,
)
