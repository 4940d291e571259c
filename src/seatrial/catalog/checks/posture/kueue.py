"""Kueue: whether what it admits is what the cluster has, for whom it was meant. Deadlocks of its gangs stand under `deadlocks`.

Severities: a queue that admits nothing, or quota that is not tied to the devices that it counts, is high. Quota that was lent and does
not come back is medium; what only should be said is low.
"""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kubernetes.core import Namespace, is_accelerator
from seatrial.catalog.systems.kueue import QUEUE
from seatrial.catalog.systems.kueue_objects import CONFIG_KEY, ClusterQueue, LocalQueue, Quota, ResourceFlavor
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_ALONE = "it is in no cohort, so nothing is lent"
_NAME = "kubernetes.io/metadata.name"


@check("kueue.flavors-exist", severity=Severity.HIGH)
def flavors_exist(queue: ClusterQueue, flavors: All[ResourceFlavor]) -> Verdict:
    """Every ResourceFlavor that a ClusterQueue names is there.

    Why: as long as one is missing, the queue is inactive and admits nothing at all.
    Fix: create the ResourceFlavor, or correct `resourceGroups[].flavors[].name`.
    """
    named = {flavor.name for group in queue.spec.resource_groups for flavor in group.flavors}
    missing = named - {one.name for one in flavors}
    if not named:
        return not_applicable("it has no quota of anything")
    return failed(f"{some(missing)} is not there") if missing else passed(f"{some(named)} is there")


@check("kueue.flavors-name-their-nodes", severity=Severity.HIGH)
def flavors_name_their_nodes(flavor: ResourceFlavor, queues: All[ClusterQueue]) -> Verdict:
    """Where a quota tells several kinds of accelerators apart, each ResourceFlavor names its nodes.

    Why: without `nodeLabels` a workload that was admitted for one kind runs on whatever node is free. It pays for the cheap one and gets
    the other, and the quota counts what nobody has.
    Fix: set `spec.nodeLabels` to a label of these nodes, such as `nvidia.com/gpu.product`.
    """
    groups = [
        group for queue in queues for group in queue.spec.resource_groups if _counts_devices(group.covered_resources)
    ]
    mine = [group for group in groups if any(one.name == flavor.name for one in group.flavors)]
    if not mine:
        return not_applicable("no ClusterQueue counts accelerators by it")
    if flavor.spec.node_labels:
        return passed(f"nodes with {some(flavor.spec.node_labels)}")
    if all(len(group.flavors) == 1 for group in mine):
        return passed("it names no nodes, and is the only flavor wherever it is used")
    others = {one.name for group in mine for one in group.flavors} - {flavor.name}
    return failed(f"it names no nodes, and stands beside {some(others)}")


@check("kueue.queues-are-active", severity=Severity.HIGH)
def queues_are_active(queue: ClusterQueue) -> Verdict:
    """A ClusterQueue is active.

    Why: one that is not admits nothing. Jobs wait, suspended, and only a condition of the queue tells why.
    Fix: the condition's reason names it: a ResourceFlavor, an AdmissionCheck or a Topology that is missing, or `stopPolicy`.
    """
    active = next((one for one in queue.status.conditions if one.type == "Active"), None)
    if active is None:
        return unknown("Kueue has not said whether it is") if queue.metadata.uid else not_applicable("it is in a file")
    return passed("it is") if active.status == "True" else failed(f"{active.reason}: {active.message[:300]}")


@check("kueue.lent-quota-comes-back", severity=Severity.MEDIUM)
def lent_quota_comes_back(queue: ClusterQueue) -> Verdict:
    """In a cohort, a ClusterQueue takes back accelerators that others borrowed from it.

    Why: `reclaimWithinCohort` is Never unless it is set. Whoever borrowed keeps the devices until the job ends, and the team that owns
    the quota waits for days.
    Fix: set `preemption.reclaimWithinCohort` to Any or LowerPriority, or `lendingLimit: 0` for what must not be lent.
    """
    cohort = queue.spec.cohort_name or queue.spec.cohort
    quotas = list(_devices(queue))
    if not cohort:
        return not_applicable(_ALONE)
    if not any(str(one.nominal_quota) != "0" for one in quotas):
        return not_applicable("it has no accelerators of its own to lend")
    if all(str(one.lending_limit) == "0" for one in quotas):
        return passed("it lends none")
    policy = queue.spec.preemption.reclaim_within_cohort if queue.spec.preemption is not None else "Never"
    told = f"what it lends in {cohort} comes back"
    return failed(f"{told} only when the borrower is done") if policy == "Never" else passed(f"{told}: {policy}")


@check("kueue.borrowing-is-bounded", severity=Severity.LOW)
def borrowing_is_bounded(queue: ClusterQueue) -> Verdict:
    """In a cohort, a ClusterQueue says how many accelerators it may borrow.

    Why: without `borrowingLimit` one team's night run takes every device that is idle, and the others first have to take theirs back.
    Fix: set `borrowingLimit` for accelerators. Where taking all of them is meant, accept this finding.
    """
    if not (queue.spec.cohort_name or queue.spec.cohort):
        return not_applicable(_ALONE)
    quotas = list(_devices(queue))
    if not quotas:
        return not_applicable("it has no quota of accelerators")
    open_ = {one.name for one in quotas if one.borrowing_limit is None}
    return failed(f"it may borrow any number of {some(open_)}") if open_ else passed("it has a limit for each")


@check("kueue.namespaces-may-use-their-queue", severity=Severity.HIGH)
def namespaces_may_use_their_queue(queue: LocalQueue, quotas: All[ClusterQueue], namespaces: All[Namespace]) -> Verdict:
    """A ClusterQueue takes jobs of the namespace whose LocalQueue points at it.

    Why: without `namespaceSelector` it takes those of no namespace. Every job is inadmissible, and stays suspended.
    Fix: set `spec.namespaceSelector: {}` for all, or a label that the namespace carries.
    """
    quota = quotas.by_name.get(queue.spec.cluster_queue)
    here = namespaces.by_name.get(queue.metadata.namespace)
    if quota is None:
        return not_applicable(f"{queue.spec.cluster_queue or 'its ClusterQueue'} is not there")
    selector = quota.spec.namespace_selector
    if selector is None:
        return failed(f"{quota.name} has no namespaceSelector, so that it takes jobs of no namespace")
    if selector.is_empty:
        return passed(f"{quota.name} takes jobs of every namespace")
    if here is None:
        return unknown(f"namespace {queue.metadata.namespace} was not read")
    labels = {_NAME: here.name, **here.metadata.labels}
    fits = selector.matches(labels)
    return passed(f"{quota.name} takes its jobs") if fits else failed(f"{quota.name} does not select its namespace")


@check("kueue.claims-are-counted", severity=Severity.HIGH)
def claims_are_counted(workload: Workload, queues: All[ClusterQueue], configs: All[ConfigMap]) -> Verdict:
    """Where jobs in a queue claim devices, Kueue's configuration says as what a DeviceClass counts.

    Why: a claim is in no list of `resources.requests`. Without a mapping, Kueue either admits it without counting the device, or never.
    Fix: name the class below `resources.deviceClassMappings` of its configuration, and give the ClusterQueue a quota for that name.
    """
    if not workload.spec.resource_claims or not (workload.metadata.labels.get(QUEUE) or workload.labels.get(QUEUE)):
        return not_applicable("it is in no queue, or claims no devices")
    found = [one for one in configs if "config.kueue.x-k8s.io/" in one.data.get(CONFIG_KEY, "")]
    if not found:
        return unknown(f"no ConfigMap with Kueue's configuration ({CONFIG_KEY}) is here")
    for config in found:
        try:
            resources = settings(config, CONFIG_KEY).get("resources")
        except BadSettings as error:
            return unknown(str(error))
        mappings = resources.get("deviceClassMappings") if isinstance(resources, dict) else None
        names = [one.get("name") for one in mappings if isinstance(one, dict)] if isinstance(mappings, list) else []
        if not names:
            return failed(
                f"{config.subject} maps no DeviceClass, and {len(queues)} ClusterQueues cannot count its claim"
            )
    return passed(f"{some(one.subject for one in found)} maps DeviceClasses")


def _counts_devices(names: tuple[str, ...]) -> bool:
    return any(is_accelerator(name) for name in names)


def _devices(queue: ClusterQueue) -> Iterator[Quota]:
    for group in queue.spec.resource_groups:
        for flavor in group.flavors:
            yield from (one for one in flavor.resources if is_accelerator(one.name))
