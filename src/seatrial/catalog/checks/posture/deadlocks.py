"""Deadlocks: what lets two gangs each hold half of what both need, or one wait for pods that never come.

Severities: a gang that stands half-started holds accelerators and does nothing, so it is critical; what leads there as soon as two
jobs meet is high; what keeps a single gang from ever starting is high, since nobody is told; what only lies about is low.
Whether gangs wait for one another right now is told by `seatrial diagnose`; whether the scheduler keeps them from it, by `prove`.
"""

from __future__ import annotations

from collections import Counter

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kubernetes.core import Node, is_accelerator
from seatrial.catalog.systems.kubernetes.dra import PodGroup
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.systems.kueue import QUEUE
from seatrial.catalog.systems.kueue_objects import CONFIG_KEY, ClusterQueue, LocalQueue
from seatrial.catalog.systems.volcano_objects import VolcanoJob, VolcanoPodGroup
from seatrial.catalog.views.gangs import Gang
from seatrial.catalog.views.workloads import Workload
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_HALF_STARTED = 300.0  # seconds; the scheduler's own limit for pods that wait for each other
_ORPHANED = 600.0  # seconds; a proposal
_NATIVE = (PodGroup.of, VolcanoPodGroup.of)


@check("deadlocks.no-gang-stands-half-started", severity=Severity.CRITICAL)
def no_gang_stands_half_started(gang: Gang) -> Verdict:
    """No gang holds some places for five minutes while its other pods have none.

    Why: what it holds is lost to everybody, and it does not begin. Two such gangs may wait for each other for ever.
    Fix: `seatrial diagnose` names the holders; suspend or delete the smaller one. Then start gangs as a whole: a PodGroup of the
    Workload API, Volcano, or Kueue with `waitForPodsReady`. Five minutes is what the scheduler gives pods that wait for others.
    """
    if not gang.uses_accelerators or not gang.live:
        return not_applicable("it holds no accelerators")
    minimum = gang.minimum or gang.wanted
    if gang.placed >= minimum:
        return passed(f"{gang.placed} of the {minimum} pods that it needs have their places")
    if not gang.placed:
        return passed(f"none of the {minimum} pods that it needs has a place, so it holds nothing")
    held = f"{gang.placed} of the {minimum} pods that it needs have their places"
    if gang.group is None:
        return unknown(f"{gang.kind} were not read, so nobody can tell how many it needs")
    if gang.waits < _HALF_STARTED:
        return passed(f"{held}, and the others have waited for {gang.waits:.0f} s only")
    return failed(f"{held}, and the others have waited for {gang.waits / 60:.0f} minutes")


@check("deadlocks.gangs-start-together", severity=Severity.HIGH)
def gangs_start_together(gang: Gang) -> Verdict:
    """Something starts the pods of a distributed job with accelerators together, or not at all.

    Why: without it, pods take places one by one. Two jobs that come at the same time each get half, and both wait for ever.
    Fix: give its pods a PodGroup (`schedulingGroup.podGroupName`; from 1.37 the Job controller can make it), `schedulerName:
    volcano` with a PodGroup, or a Kueue queue by the label `kueue.x-k8s.io/queue-name`.
    """
    if not gang.uses_accelerators or gang.wanted < 2 or (gang.pods and not gang.live):
        return not_applicable("it is no job of several pods with accelerators, or it is over")
    if gang.started_by:
        return passed(f"{gang.started_by} starts its {gang.wanted} pods")
    if gang.owner_unread:
        return unknown("it was made by an operator whose objects are not read, and which may queue them")
    return failed(f"nothing keeps its {gang.wanted} pods from starting one by one")


@check("deadlocks.named-groups-exist", severity=Severity.HIGH)
def named_groups_exist(gang: Gang) -> Verdict:
    """The group that pods name is there.

    Why: the scheduler leaves them aside until it is, for ever if need be.
    Fix: create the PodGroup in their namespace before the pods, or correct its name in
    `schedulingGroup.podGroupName` (for Volcano: in the annotation `scheduling.k8s.io/group-name`).
    """
    if gang.kind not in _NATIVE or not gang.wanted:
        return not_applicable("its pods name no group")
    if gang.group is None:
        return unknown(f"{gang.kind} were not read, so nobody can tell")
    if gang.group:
        return passed(f"{gang.wanted} pods name it, and it is there")
    return failed(f"{gang.wanted} pods name {gang.name}, which is not there")


@check("deadlocks.groups-can-be-complete", severity=Severity.HIGH)
def groups_can_be_complete(gang: Gang) -> Verdict:
    """A group asks for no more pods than are made for it.

    Why: it waits for pods that nobody makes. The usual cause is a number of accelerators where pods are counted.
    Fix: set `schedulingPolicy.gang.minCount` (Volcano: `minMember`) to the number of pods: 4 for four pods with eight each.
    """
    if not gang.kind or (gang.kind in _NATIVE and not gang.group) or not gang.wanted:
        return not_applicable("no group and pods of it are here together")
    if not gang.minimum:
        return not_applicable("its group asks for no minimum")
    if gang.minimum <= gang.wanted:
        return passed(f"it asks for {gang.minimum} of {gang.wanted} pods")
    if gang.pods and gang.age < _HALF_STARTED:
        return passed(
            f"{gang.wanted} of the {gang.minimum} pods that it asks for are made, and it is {gang.age:.0f} s old only"
        )
    devices = sum(gang.accelerators.values())
    counted = ", as many as they have accelerators" if gang.minimum == devices else ""
    return failed(f"it asks for {gang.minimum} pods{counted}, and {gang.wanted} are made")


@check("deadlocks.groups-count-every-rank", severity=Severity.MEDIUM)
def groups_count_every_rank(gang: Gang) -> Verdict:
    """Where every pod has a rank, the group asks for all of them.

    Why: with a smaller minimum some ranks start and wait for the others, which may never find a place.
    Fix: set `minCount` (Volcano: `minMember`) to the Job's `parallelism`.
    """
    if not gang.ranked or not gang.kind or not gang.minimum:
        return not_applicable("it is no group of pods that each have a rank")
    if gang.minimum < gang.wanted:
        return failed(f"its group starts with {gang.minimum} of {gang.wanted} ranks")
    return passed(f"its group asks for {gang.minimum} of {gang.wanted} ranks")


@check("deadlocks.groups-have-pods", severity=Severity.LOW)
def groups_have_pods(gang: Gang) -> Verdict:
    """No group is left without pods.

    Why: it shows that its job was removed in part, or that its pods name another group, and keeps queues from being empty.
    Fix: delete it, or correct the name in its pods. Ten minutes without pods is a proposal.
    """
    if gang.kind not in _NATIVE or not gang.group:
        return not_applicable("no object stands for this group")
    if gang.wanted:
        return passed(f"{gang.wanted} pods name it")
    if gang.group_owner:
        return passed(f"{gang.group_owner} made it, and makes its pods when their turn comes")
    if gang.pods_unread:
        return unknown("not all pods could be read, and one of them may name it")
    if gang.age < _ORPHANED:
        return passed(f"no pod names it, and it is {gang.age:.0f} s old only")
    return failed(f"no pod has named it for up to {gang.age / 60:.0f} minutes")


@check("deadlocks.volcano-jobs-count-pods", severity=Severity.HIGH)
def volcano_jobs_count_pods(job: VolcanoJob) -> Verdict:
    """A Volcano job asks for no more pods than its tasks have.

    Why: `minAvailable` counts pods. A number of accelerators there is larger, and the job never starts.
    Fix: leave `spec.minAvailable` out, which means all pods, or set it to the sum of `tasks[].replicas`.
    """
    pods = sum(task.replicas for task in job.spec.tasks)
    least = job.spec.min_available
    if least is None:
        return passed(f"it asks for all of its {pods} pods")
    if least <= pods:
        return passed(f"it asks for {least} of its {pods} pods")
    devices = sum(sum(accelerators(task.template.spec).values()) * task.replicas for task in job.spec.tasks)
    counted = ", as many as they have accelerators" if least == devices else ""
    return failed(f"minAvailable is {least}{counted}, and its tasks have {pods} pods")


@check("deadlocks.kueue-waits-for-pods", severity=Severity.HIGH)
def kueue_waits_for_pods(queues: All[ClusterQueue], configs: All[ConfigMap]) -> Verdict:
    """Kueue takes its quota back from a job whose pods do not all become ready.

    Why: quota is no place on a node. Two jobs that fit the quota and not the nodes may each hold half, and wait for ever, as Kueue's
    own documentation says; its chart leaves the setting out.
    Fix: set `waitForPodsReady` in Kueue's configuration, with `blockAdmission: true` where jobs are large.
    """
    if not queues:
        return not_applicable("Kueue has no ClusterQueue here")
    found = [one for one in configs if "config.kueue.x-k8s.io/" in one.data.get(CONFIG_KEY, "")]
    if not found:
        return unknown(f"no ConfigMap with Kueue's configuration ({CONFIG_KEY}) is here, so its settings are not known")
    for config in found:
        try:
            told = settings(config, CONFIG_KEY)
        except BadSettings as error:
            return unknown(str(error))
        waits = told.get("waitForPodsReady")
        old = str(told.get("apiVersion", "")).endswith("v1beta1")
        if not isinstance(waits, dict) or (old and waits.get("enable") is not True):
            return failed(f"{config.subject} does not turn waitForPodsReady on", queues=len(queues))
        if waits.get("blockAdmission") is not True:
            return passed(
                f"{config.subject} turns it on; gangs that meet lose their places in turn, until one is complete"
            )
    return passed(f"{some(one.subject for one in found)} turns it on, and lets one job begin after another")


@check("deadlocks.quota-is-backed-by-devices", severity=Severity.MEDIUM)
def quota_is_backed_by_devices(queues: All[ClusterQueue], nodes: All[Node]) -> Verdict:
    """All ClusterQueues together promise no more accelerators than nodes offer.

    Why: Kueue admits by quota. What is admitted beyond the nodes waits on them, half-started where pods start one by one.
    Fix: lower `nominalQuota`, or put the queues into one cohort and lend; where an autoscaler brings nodes, use an AdmissionCheck
    with a ProvisioningRequest, and accept this finding.
    """
    promised, offered = Counter[str](), Counter[str]()
    try:
        for queue in queues:
            for group in queue.spec.resource_groups:
                for one in (quota for flavor in group.flavors for quota in flavor.resources):
                    promised[one.name] += whole(one.nominal_quota) if is_accelerator(one.name) else 0
    except ValueError as error:
        return unknown(f"a quota is no amount: {error}")
    promised = +promised
    if not promised:
        return not_applicable("no ClusterQueue has a quota of extended resources")
    for node in nodes:
        offered.update({name: whole(node.status.allocatable.get(name, "0")) for name in promised})
    beyond = {name: count for name, count in promised.items() if count > offered[name]}
    told = ", ".join(f"{count} × {name} of {offered[name]}" for name, count in sorted((beyond or promised).items()))
    if beyond:
        return failed(f"{len(queues)} ClusterQueues promise {told} that nodes offer")
    return passed(f"{len(queues)} ClusterQueues promise {told} that nodes offer")


@check("deadlocks.queues-lead-to-quota", severity=Severity.HIGH)
def queues_lead_to_quota(queue: LocalQueue, quotas: All[ClusterQueue]) -> Verdict:
    """Every LocalQueue points at a ClusterQueue that exists and admits.

    Why: jobs that are sent there wait for ever, without an event.
    Fix: create the ClusterQueue, correct `spec.clusterQueue`, or set `stopPolicy` back to None.
    """
    named = queue.spec.cluster_queue
    quota = next((one for one in quotas if one.name == named), None)
    if quota is None:
        return failed(f"it points at {named or 'nothing'}, which is not there")
    stopped = next((one for one in (queue.spec.stop_policy, quota.spec.stop_policy) if one not in ("", "None")), "")
    if stopped:
        return failed(f"it or {named} is stopped (stopPolicy {stopped})")
    return passed(f"it points at {named}, which admits")


@check("deadlocks.named-queues-exist", severity=Severity.HIGH)
def named_queues_exist(workload: Workload, queues: All[LocalQueue]) -> Verdict:
    """The Kueue queue that a workload names is in its namespace.

    Why: Kueue keeps it suspended until the queue is there, and the only sign is a condition of its Workload.
    Fix: create the LocalQueue in that namespace, or correct the label `kueue.x-k8s.io/queue-name`.
    """
    named = workload.metadata.labels.get(QUEUE) or workload.labels.get(QUEUE)
    if not named:
        return not_applicable("it names no queue")
    here = {one.name for one in queues if one.metadata.namespace == workload.namespace}
    if named in here:
        return passed(f"{named} is there")
    return failed(f"{named} is not in namespace {workload.namespace}, which has {some(here) or 'no queue'}")
