"""Kueue: workloads for which there is no quota yet, whose queue does not work, or that wait until others are ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.requests import UNIT, asked, thousandths
from seatrial.catalog.systems.kueue_objects import ClusterQueue, LocalQueue, QueuedWorkload
from seatrial.catalog.waits.groups import OWNERS
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Contest, Found, Party, Piece, Stake, Wait, source

_TYPED = {
    "JobSet": "jobset.x-k8s.io/jobsets",
    "RayCluster": "ray.io/rayclusters",
    "RayJob": "ray.io/rayjobs",
    "TrainJob": "trainer.kubeflow.org/trainjobs",
}
_NOT_READY = "PodsReady"


def _party(workload: QueuedWorkload) -> str:
    """What it stands for; a group of plain pods has nothing else that stands for it."""
    owner = workload.metadata.controller or next(iter(workload.metadata.owner_references), None)
    if owner is None or owner.kind == "Pod":
        return workload.subject
    resource = {**OWNERS, **_TYPED}.get(owner.kind, f"{owner.kind.lower()}s")
    return f"{resource}/{workload.metadata.namespace}/{owner.name}"


def _says(workload: QueuedWorkload, type: str) -> bool:
    return any(one.type == type and one.status == "True" for one in workload.status.conditions)


def _message(workload: QueuedWorkload) -> str:
    told = [one.message for one in workload.status.conditions if one.type == "QuotaReserved" and one.status == "False"]
    return told[0] if told else "Kueue says nothing of it"


def _wants(workload: QueuedWorkload) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for one in workload.spec.pod_sets:
        for name, amount in asked(one.template.spec).items():
            total[name] += amount * one.count
    return total


@source("kueue.has-no-quota")
def has_no_quota(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue]
) -> Iterator[Found]:
    """A workload waits in a queue of Kueue.

    Why: its quota is used by others, it asks for more than its queue may have, or the queue is stopped or does not exist.
    Prevent: quota that the nodes can honour, cohorts to borrow from, and preemption for those whose quota is lent.
    """
    known = {(one.metadata.namespace, one.name): one for one in queues}
    cluster = {one.name: one for one in cluster_queues}
    live = [one for one in workloads if not _says(one, "Finished") and one.spec.active]
    pending: dict[str, list[QueuedWorkload]] = defaultdict(list)
    for workload in live:
        if workload.status.admission is not None:
            continue
        yield _waiting(workload)
        queue = known.get((workload.metadata.namespace, workload.spec.queue_name))
        blocked = _queue_trouble(workload, queue, cluster)
        if blocked is not None:
            yield blocked
        elif "PodsReady" in _message(workload):
            yield from _not_ready(workload, live)
        elif queue is not None:
            pending[queue.spec.cluster_queue].append(workload)
    yield from _contests(live, pending, cluster)


def _waiting(workload: QueuedWorkload) -> Party:
    wants = _wants(workload)
    devices = sum(amount for name, amount in wants.items() if is_accelerator(name)) // UNIT
    return Party(
        subject=_party(workload), waiting=sum(one.count for one in workload.spec.pod_sets), accelerators=devices
    )


def _queue_trouble(
    workload: QueuedWorkload, queue: LocalQueue | None, cluster: Mapping[str, ClusterQueue]
) -> Wait | None:
    name = f"{LocalQueue.of}/{workload.metadata.namespace}/{workload.spec.queue_name}"
    if queue is None:
        return _wait(workload, name, f"{name} does not exist", f"create {name}, or name another queue")
    behind = cluster.get(queue.spec.cluster_queue)
    above = f"{ClusterQueue.of}/{queue.spec.cluster_queue}"
    if behind is None:
        return _wait(workload, above, f"{name} leads to {above}, which does not exist", f"create {above}")
    for one, subject in ((queue, name), (behind, above)):
        if one.spec.stop_policy not in ("", "None"):
            return _wait(
                workload,
                subject,
                f"{subject} is stopped ({one.spec.stop_policy})",
                f"set stopPolicy of {subject} to None",
            )
        off = next((c for c in one.status.conditions if c.type == "Active" and c.status == "False"), None)
        if off is not None:
            return _wait(workload, subject, f"{subject} is not active: {off.message}", f"mend {subject}: {off.reason}")
    return None


def _wait(workload: QueuedWorkload, holder: str, because: str, action: str) -> Wait:
    return Wait(
        waiter=_party(workload),
        holder=holder,
        what="a queue that works",
        because=because,
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )


def _not_ready(workload: QueuedWorkload, live: list[QueuedWorkload]) -> Iterator[Wait]:
    """With waitForPodsReady nobody is admitted while the pods of one that was are not ready."""
    for other in live:
        if other.status.admission is not None and not _says(other, _NOT_READY):
            yield Wait(
                waiter=_party(workload),
                holder=_party(other),
                what="the pods of another workload",
                because=_message(workload),
                certainty=Certainty.CERTAIN,
            )


def _contests(
    live: list[QueuedWorkload], pending: Mapping[str, list[QueuedWorkload]], cluster: Mapping[str, ClusterQueue]
) -> Iterator[Contest]:
    """One for each cohort, or queue without one, and resource. Limits of borrowing and lending are not looked at."""
    cohorts: dict[str, list[ClusterQueue]] = defaultdict(list)
    for queue in cluster.values():
        cohorts[_cohort(queue)].append(queue)
    for cohort, queues in sorted(cohorts.items()):
        names = {one.name for one in queues}
        waiting = [workload for name in sorted(names) for workload in pending.get(name, ())]
        nominal = _nominal(queues)
        for resource in sorted({name for workload in waiting for name in _wants(workload)} & nominal.keys()):
            holding = [one for one in live if one.status.admission and one.status.admission.cluster_queue in names]
            held = {_party(one): _used(one, resource) for one in holding}
            free = nominal[resource] - sum(held.values())
            wanting = {_party(one): _wants(one)[resource] for one in waiting if _wants(one).get(resource, 0) > free}
            if wanting:
                stakes = [
                    Stake(party=party, holds={cohort: amount}, tied=False) for party, amount in held.items() if amount
                ]
                stakes += [
                    Stake(party=party, wants=(Piece(1, amount),), tied=False) for party, amount in wanting.items()
                ]
                yield Contest(
                    what=resource, free={cohort: free}, stakes=tuple(stakes), place=f"the quota of {cohort}", unit=UNIT
                )


def _cohort(queue: ClusterQueue) -> str:
    name = queue.spec.cohort_name or queue.spec.cohort
    return f"cohort {name}" if name else queue.subject


def _nominal(queues: list[ClusterQueue]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for queue in queues:
        for group in queue.spec.resource_groups:
            for flavor in group.flavors:
                for quota in flavor.resources:
                    total[quota.name] += thousandths(quota.nominal_quota)
    return total


def _used(workload: QueuedWorkload, resource: str) -> int:
    admission = workload.status.admission
    return (
        sum(thousandths(one.resource_usage.get(resource, 0)) for one in admission.pod_set_assignments)
        if admission
        else 0
    )
