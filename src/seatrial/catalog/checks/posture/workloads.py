"""Workloads: whether jobs and services with accelerators are written so that they start, last and end well; from their files already.

Severities: what keeps a workload from ever starting, or ends it again while it loads, is high. What costs it its work when a pod is lost, or
makes it slow or unsteady, is medium. What may be meant so, such as a job that keeps its checkpoints by means that no manifest shows, is
low. Thresholds are proposals. Replicas and disruption budgets are judged in `bursts`, images in `pulls`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.checks.posture.serving import serves
from seatrial.catalog.systems.kubernetes.controllers import CronJob, Job
from seatrial.catalog.systems.kubernetes.pods import Container, PodSpec
from seatrial.catalog.systems.kubernetes.requests import devices_of
from seatrial.catalog.systems.kubernetes.storage import PersistentVolumeClaim
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.placing import admits
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_TRAINERS = (Job.of, CronJob.of, "pytorchjob", "mpijob", "tfjob", "jaxjob", "trainjob", "rayjob")
_REMOTE = re.compile(r"\b(?:s3|gs|gcs|az|abfss?|wasbs?|oss|hdfs|hf|r2)://|_BUCKET\b|CHECKPOINT_URI", re.IGNORECASE)
_SHM = "/dev/shm"  # noqa: S108 - a path in a container
_TO_LOAD = 120  # seconds; a proposal: the smallest of models take as long
_TO_SAVE = 60  # seconds; a proposal
_DEFAULT_GRACE = 30  # of Kubernetes
_NEAR = (
    "kueue.x-k8s.io/podset-required-topology",
    "kueue.x-k8s.io/podset-preferred-topology",
    "kueue.x-k8s.io/podset-slice-required-topology",
    "alpha.jobset.sigs.k8s.io/exclusive-topology",
)
_NO_JOB = "it is no training job with accelerators"
_NO_SERVICE = "it is no service with accelerators"
_ONE_NODE = ("ReadWriteOnce", "ReadWriteOncePod")


@check("workloads.jobs-survive-a-lost-pod", severity=Severity.MEDIUM)
def jobs_survive_a_lost_pod(job: Job) -> Verdict:
    """A job with accelerators is not over when one of its pods is evicted.

    Why: nodes with accelerators are drained for drivers and preempted for others. With `backoffLimit: 0` the first such pod ends a job of days.
    Fix: raise `backoffLimit`, or let a `podFailurePolicy` ignore the condition DisruptionTarget, so that only real failures count.
    """
    spec = job.spec.template.spec
    if not any(devices_of(one) for one in spec.every_container) and not spec.resource_claims:
        return not_applicable("it has no accelerators")
    if job.metadata.controller is not None:
        return not_applicable(f"{job.metadata.controller.kind} {job.metadata.controller.name} decides that")
    if _ignores_disruption(job.spec.pod_failure_policy):
        return passed("pods that are disrupted do not count as failed")
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if job.spec.backoff_limit_per_index:
        return passed(f"each index may fail {job.spec.backoff_limit_per_index} times")
    return (
        passed(f"{limit} pods may fail")
        if limit
        else failed("backoffLimit is 0, and no podFailurePolicy ignores disruptions")
    )


@check("workloads.jobs-keep-what-they-computed", severity=Severity.LOW)
def jobs_keep_what_they_computed(workload: Workload) -> Verdict:
    """A training job has a place for checkpoints that outlives its pods.

    Why: with nothing but its own disk and `emptyDir`, a pod that is moved begins at step 0.
    Fix: mount a PersistentVolumeClaim that all pods can write (ReadWriteMany), or write to an object store. One that a program reaches by
    means that no manifest shows is not seen here: accept the finding then.
    """
    if not _trains(workload):
        return not_applicable(_NO_JOB)
    lasting = [one.name for one in workload.spec.volumes if one.persistent_volume_claim or one.host_path]
    if lasting:
        return passed(f"it mounts {some(lasting)}")
    if any(_REMOTE.search(word) for one in workload.spec.containers for word in _words(one)):
        return passed("its settings name a store outside")
    return failed("it has no volume that outlives its pods, and names no store outside")


@check("workloads.jobs-have-time-to-save", severity=Severity.LOW)
def jobs_have_time_to_save(workload: Workload) -> Verdict:
    """A training job has a minute to write a checkpoint when it is asked to end.

    Why: what it computed since the last checkpoint is lost otherwise, on all of its accelerators.
    Fix: set `terminationGracePeriodSeconds` to what a checkpoint takes; 60 is a proposal, and 30 what Kubernetes gives unless told.
    """
    return _ends_late(workload.spec) if _trains(workload) else not_applicable(_NO_JOB)


@check("workloads.jobs-stay-close-together", severity=Severity.LOW)
def jobs_stay_close_together(workload: Workload) -> Verdict:
    """The pods of a distributed job are placed near one another.

    Why: a collective is as fast as the longest way between two ranks; pods that land in several racks or zones halve it.
    Fix: ask Kueue (`kueue.x-k8s.io/podset-preferred-topology`), or Volcano's `networkTopology`, or use pod affinity to the topology key of
    your racks.
    """
    if not _trains(workload) or workload.wanted < 2:
        return not_applicable("it is no job of several pods with accelerators")
    notes = {*workload.template.metadata.annotations, *workload.metadata.annotations}
    asked = [name for name in _NEAR if name in notes]
    affinity = (workload.spec.affinity or {}).get("podAffinity")
    if asked or affinity or workload.spec.topology_spread_constraints:
        return passed(f"it asks for that by {some(asked) or 'affinity or spread'}")
    if any(key.startswith(("topology.kubernetes.io/", "cloud.google.com/")) for key in workload.spec.node_selector):
        return passed("its node selector names one place")
    return failed(f"nothing keeps its {workload.wanted} pods near one another")


@check("workloads.accelerators-are-asked-for-as-limits", severity=Severity.HIGH)
def accelerators_are_asked_for_as_limits(workload: Workload) -> Verdict:
    """A container names its accelerators under limits; where it names them under requests too, by the same number.

    Why: the API server refuses it otherwise. A JobSet, RayCluster or other custom kind is taken all the same, and makes no pod.
    Fix: write `resources.limits` alone; requests follow.
    """
    asking = [one for one in workload.spec.every_container if devices_of(one)]
    if not asking:
        return not_applicable("it asks for no extended resources")
    wrong = [f"{one.name} ({name})" for one in asking for name in _unlike(one)]
    return failed(f"requests and limits differ: {some(wrong)}") if wrong else passed(f"{len(asking)} containers do so")


@check("workloads.processors-and-memory-are-asked-for", severity=Severity.MEDIUM)
def processors_and_memory_are_asked_for(workload: Workload) -> Verdict:
    """A container with accelerators asks for processor and memory as well.

    Why: without it the node may be full of other pods. Its data loaders starve, its accelerators idle, and it is the first to be evicted.
    Fix: set `requests.cpu` and `requests.memory`: a node's share for each accelerator, less what DaemonSets need.
    """
    asking = [one for one in workload.spec.containers if devices_of(one) or one.resources.claims]
    if not asking:
        return not_applicable("it has no accelerators")
    poor = [
        f"{one.name} ({name})"
        for one in asking
        for name in ("cpu", "memory")
        if name not in {**one.resources.requests, **one.resources.limits}
    ]
    return failed(f"not asked for: {some(poor)}") if poor else passed(f"{len(asking)} containers do so")


@check("workloads.several-devices-have-shared-memory", severity=Severity.MEDIUM)
def several_devices_have_shared_memory(workload: Workload) -> Verdict:
    """A container with several accelerators has more shared memory than the 64 MiB that runtimes give.

    Why: collectives between devices of one pod and data loaders of frameworks share memory through `/dev/shm`. They fail with a bus error.
    Fix: mount an `emptyDir` with `medium: Memory` and a `sizeLimit` at `/dev/shm`; it counts as the container's memory.
    """
    many = [one for one in workload.spec.containers if sum(devices_of(one).values()) > 1]
    if not many:
        return not_applicable("no container of it asks for several accelerators")
    if workload.spec.host_ipc:
        return passed("it uses the node's shared memory (hostIPC)")
    volumes = {one.name for one in workload.spec.volumes if one.empty_dir and one.empty_dir.medium == "Memory"}
    without = [one.name for one in many if not _mounts(one, volumes)]
    return failed(f"{some(without)} has no memory at {_SHM}") if without else passed(f"it is at {_SHM}")


@check("workloads.volumes-reach-every-pod", severity=Severity.HIGH)
def volumes_reach_every_pod(workload: Workload, claims: All[PersistentVolumeClaim]) -> Verdict:
    """A volume that several pods of a workload with accelerators share can be mounted on several nodes.

    Why: ReadWriteOnce is for one node. The second pod waits for the volume, and holds its accelerators meanwhile.
    Fix: use a claim with ReadWriteMany or ReadOnlyMany, or a claim for each pod (`volumeClaimTemplates`).
    """
    names = {one.persistent_volume_claim.claim_name for one in workload.spec.volumes if one.persistent_volume_claim}
    if not workload.uses_accelerators or workload.wanted < 2 or not names:
        return not_applicable("it has no several pods with accelerators that share a volume")
    here = {one.name: one for one in claims if one.metadata.namespace == workload.namespace}
    narrow = [name for name in names if name in here and all(m in _ONE_NODE for m in here[name].spec.access_modes)]
    if narrow:
        return failed(f"{workload.wanted} pods share {some(narrow)}, which one node can mount")
    missing = names - here.keys()
    if missing:
        return unknown(f"{some(missing)} was not found")
    return passed(f"several nodes can mount {some(names)}")


@check("workloads.some-node-admits-it", severity=Severity.HIGH)
def some_node_admits_it(workload: Workload, nodes: All[AcceleratorNode]) -> Verdict:
    """Some node with the accelerators that a workload asks for is one that it selects and tolerates.

    Why: otherwise its pods wait for ever, or until an autoscaler knows better.
    Fix: add the toleration for the pool's taint (often `nvidia.com/gpu`), or correct node selector and affinity: labels such as
    `nvidia.com/gpu.product` differ by one letter between products. Room on the nodes is not judged here.
    """
    wanted = workload.accelerators
    if not wanted:
        return not_applicable("it asks for no extended resources")
    told = ", ".join(f"{count} × {name}" for name, count in sorted(wanted.items()))
    offering = 0
    for one in nodes:
        if all(one.resources.get(name, 0) >= count for name, count in wanted.items()):
            offering += 1
            if admits(one.node, workload.admitted):
                return passed(f"{one.name} offers {told}, and admits it")
    if offering:
        return failed(f"{offering} nodes offer {told}, and it selects or tolerates none of them")
    if any(one.claimable(name) for one in nodes for name in wanted):
        return unknown(f"DRA offers such devices, and whether as {some(wanted)} was not read")
    return failed(f"none of {len(nodes)} nodes with accelerators offers {told}")


@check("workloads.services-say-when-they-are-ready", severity=Severity.HIGH)
def services_say_when_they_are_ready(workload: Workload) -> Verdict:
    """A service with accelerators has a readiness probe.

    Why: without one it gets requests while it loads its model, for minutes, and answers none.
    Fix: give it a `readinessProbe` on what answers only when the model is loaded, such as vLLM's `/health`.
    """
    if not serves(workload):
        return not_applicable(_NO_SERVICE)
    having = [one.name for one in workload.spec.containers if one.readiness_probe is not None]
    return passed(f"{some(having)} has one") if having else failed("no container of it has one")


@check("workloads.services-have-time-to-load", severity=Severity.HIGH)
def services_have_time_to_load(workload: Workload) -> Verdict:
    """A service with accelerators is not ended while it loads its model.

    Why: a liveness probe that gives up earlier restarts it, again and again, and it never answers.
    Fix: add a `startupProbe` with `failureThreshold` × `periodSeconds` above the longest load that you have seen. Two minutes is a proposal.
    """
    if not serves(workload):
        return not_applicable(_NO_SERVICE)
    living = [
        one
        for one in workload.spec.containers
        if one.liveness_probe is not None and (devices_of(one) or one.resources.claims)
    ]
    if not living:
        return passed("no liveness probe ends it")
    hasty = [f"{one.name} ({_patience(one):.0f} s)" for one in living if _patience(one) < _TO_LOAD]
    return (
        failed(f"it is ended after {some(hasty)}") if hasty else passed(f"it has {_patience(living[0]):.0f} s to load")
    )


@check("workloads.services-finish-what-they-began", severity=Severity.LOW)
def services_finish_what_they_began(workload: Workload) -> Verdict:
    """A service with accelerators has a minute to finish its answers when it is asked to end.

    Why: answers are streamed for as long. Every scale-down and every update cuts some off.
    Fix: set `terminationGracePeriodSeconds` above the longest answer; 60 is a proposal, and 30 what Kubernetes gives unless told.
    """
    return _ends_late(workload.spec) if serves(workload) else not_applicable(_NO_SERVICE)


def _trains(workload: Workload) -> bool:
    return workload.uses_accelerators and workload.made_by.startswith(_TRAINERS)


def _ignores_disruption(policy: Mapping[str, Any] | None) -> bool:
    """Hostile shapes say nothing."""
    rules = (policy or {}).get("rules")
    for rule in rules if isinstance(rules, list) else ():
        conditions = rule.get("onPodConditions") if isinstance(rule, dict) else None
        types = [one.get("type") for one in conditions or () if isinstance(one, dict)]
        if isinstance(rule, dict) and rule.get("action") == "Ignore" and "DisruptionTarget" in types:
            return True
    return False


def _words(container: Container) -> Iterator[str]:
    yield from (*container.command, *container.args)
    for one in container.env:
        yield one.name
        yield one.value


def _ends_late(spec: PodSpec) -> Verdict:
    given = spec.termination_grace_period_seconds
    seconds = _DEFAULT_GRACE if given is None else given
    return passed(f"it has {seconds} s") if seconds >= _TO_SAVE else failed(f"it has {seconds} s")


def _unlike(container: Container) -> list[str]:
    requests, limits = container.resources.requests, container.resources.limits
    return [
        name
        for name in devices_of(container)
        if name not in limits or (name in requests and str(requests[name]) != str(limits[name]))
    ]


def _mounts(container: Container, volumes: set[str]) -> bool:
    return any(one.mount_path.rstrip("/") == _SHM and one.name in volumes for one in container.volume_mounts)


def _patience(container: Container) -> float:
    """Seconds after which a container that does not answer yet is ended."""
    probes = [one for one in (container.startup_probe, container.liveness_probe) if one is not None]
    return sum(one.patience for one in probes)
