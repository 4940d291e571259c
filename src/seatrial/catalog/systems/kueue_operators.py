"""Kueue in front of operators: an object is held back until its quota is there, and then its operator makes all of its pods.

Two gangs whose pods nobody holds back have to meet in the middle, or there is nothing to see. So a part of each comes later than
the rest: JobSet and Trainer make it when the first half is ready; where an operator makes all pods at once, its leader waits at a
door that opens after some seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.jobset import JobSet
from seatrial.catalog.systems.kuberay import ray_cluster, workers
from seatrial.catalog.systems.kubernetes.core import GANG_LABEL, gang_pod
from seatrial.catalog.systems.kueue import QUEUE, queue_of
from seatrial.catalog.systems.kueue_objects import ClusterQueue
from seatrial.catalog.systems.lws import LeaderWorkerSet
from seatrial.catalog.systems.ray_objects import RayCluster
from seatrial.catalog.systems.trainer import RUNTIMES, TrainJob, train_job
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Proof, Served, System

_DOOR = "seatrial.dev/door"
_CLOSED = 5  # seconds: by then two gangs that nobody holds back have both begun
_BASH = 0o755


def _queued(gang: Gang, apis: Apis, obj: Obj, resource: str, *first: Obj) -> GangObjects:
    """The object in a queue of its own."""
    obj["metadata"]["labels"] = {QUEUE: gang.name}
    return GangObjects(first=(*queue_of(gang, apis), *first), pods=(obj,), owners=((resource, gang.name),))


def _metadata(gang: Gang, name: str = "") -> Obj:
    return {"name": name or gang.name, "namespace": gang.namespace}


def _pod(gang: Gang, **spec: object) -> Obj:
    return {"metadata": {"labels": {GANG_LABEL: gang.name}}, "spec": {**gang_pod(gang), **spec}}


def _halves(gang: Gang) -> list[Obj]:
    """The first job takes half of the room, and the second waits until the first is ready, as ranks wait for their leaders."""
    half = max(1, min(gang.capacity // 2, gang.pods - 1))
    jobs = [_job("leaders", gang, half)]
    if gang.pods > half:
        after = [{"name": "leaders", "status": "Ready"}]
        jobs.append({**_job("others", gang, gang.pods - half), "dependsOn": after})
    return jobs


def _job(name: str, gang: Gang, pods: int) -> Obj:
    spec = {"parallelism": pods, "completions": pods, "backoffLimit": 0, "template": _pod(gang)}
    return {"name": name, "replicas": 1, "template": {"spec": spec}}


def _as_jobset(gang: Gang, apis: Apis) -> GangObjects:
    jobset: Obj = {
        "apiVersion": f"jobset.x-k8s.io/{apis.versions(JobSet.of)[0]}",
        "kind": "JobSet",
        "metadata": _metadata(gang),
        "spec": {"replicatedJobs": _halves(gang)},
    }
    return _queued(gang, apis, jobset, JobSet.of)


def _as_trainjob(gang: Gang, apis: Apis) -> GangObjects:
    """The halves are its runtime's; the first are the nodes of the trainer."""
    jobs = _halves(gang)
    nodes = int(jobs[0]["template"]["spec"]["parallelism"])
    runtime, trainjob = train_job(gang.name, gang.namespace, apis, jobs=jobs, nodes=nodes)
    return _queued(gang, apis, trainjob, TrainJob.of, runtime)


def _as_leader_worker_set(gang: Gang, apis: Apis) -> GangObjects:
    group = {
        "size": gang.pods,
        "leaderTemplate": _late(_pod(gang, restartPolicy="Always"), gang),
        "workerTemplate": _pod(gang, restartPolicy="Always"),
    }
    leader_worker_set: Obj = {
        "apiVersion": f"leaderworkerset.x-k8s.io/{apis.versions(LeaderWorkerSet.of)[0]}",
        "kind": "LeaderWorkerSet",
        "metadata": _metadata(gang),
        "spec": {"replicas": 1, "leaderWorkerTemplate": group},
    }
    return _queued(gang, apis, leader_worker_set, LeaderWorkerSet.of, _door(gang))


def _as_ray_cluster(gang: Gang, apis: Apis) -> GangObjects:
    """KubeRay lets each worker begin with a script that asks Ray whether the head is there. The image of a proof has neither
    Ray nor a shell, so a file takes the shell's place, and says yes.
    """
    bash = f"{gang.name}-bash"
    file: Obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(gang, bash),
        "data": {"bash": "#!/workload env\n"},
    }
    worker = _pod(gang, restartPolicy="Always")
    worker["spec"]["volumes"] = [{"name": "bash", "configMap": {"name": bash, "defaultMode": _BASH}}]
    worker["spec"]["containers"][0]["volumeMounts"] = [{"name": "bash", "mountPath": "/bin/bash", "subPath": "bash"}]
    head = _late(_pod(gang, restartPolicy="Always"), gang)
    cluster = ray_cluster(gang.name, gang.namespace, apis, head=head, group=workers(worker, gang.pods - 1))
    return _queued(gang, apis, cluster, RayCluster.of, file, _door(gang))


def _late(template: Obj, gang: Gang) -> Obj:
    """A pod that finds no place on any node as long as the door of its gang is closed."""
    door = {"labelSelector": {"matchLabels": {_DOOR: gang.name}}, "topologyKey": "kubernetes.io/os"}
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [door]}}
    affinity = {**template["spec"].get("affinity", {}), **away}
    return {**template, "spec": {**template["spec"], "affinity": affinity}}


def _door(gang: Gang) -> Obj:
    """A Job without accelerators that is ended after some seconds, also where nodes only say that they run its pod."""
    idle = Gang(gang.name, gang.namespace, 1, 0, gang.resource, gang.image, 0, nodes=gang.nodes)
    template = {"metadata": {"labels": {_DOOR: gang.name}}, "spec": gang_pod(idle)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(gang, f"{gang.name}-door"),
        "spec": {"activeDeadlineSeconds": _CLOSED, "backoffLimit": 0, "template": template},
    }


def _through_kueue(
    operator: str, title: str, page: str, resource: str, dialect: Callable[[Gang, Apis], GangObjects], *beside: str
) -> System:
    """A kind of workload that Kueue queues: whose it is, and what else a gang of it is made of."""
    queue = tuple(f"kueue.x-k8s.io/{name}" for name in ("resourceflavors", "clusterqueues", "localqueues"))
    player = f"kueue-{operator}"
    return System(
        id=player,
        title=f"Kueue, for {title}s",
        home=f"https://kueue.sigs.k8s.io/docs/tasks/run/{page}/",
        found_by=Served(ClusterQueue.of, beside=(resource,)),
        roles=(GangScheduler(player=player, creates=(*queue, resource, *beside), dialect=dialect),),
        proof=Proof.REAL_PROCESS,
    )


KUEUE_JOBSET = _through_kueue("jobset", "JobSet", "jobsets", JobSet.of, _as_jobset)
KUEUE_TRAINER = _through_kueue("trainer", "TrainJob", "trainjobs", TrainJob.of, _as_trainjob, RUNTIMES)
KUEUE_LWS = _through_kueue(
    "lws", "LeaderWorkerSet", "leaderworkerset", LeaderWorkerSet.of, _as_leader_worker_set, "batch/jobs"
)
KUEUE_KUBERAY = _through_kueue(
    "kuberay", "RayCluster", "rayclusters", RayCluster.of, _as_ray_cluster, "batch/jobs", "configmaps"
)
