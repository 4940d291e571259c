"""Kueue: workloads for which there is no quota yet, whose queue does not work, or that wait until others are ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.requests import UNIT, asked
from seatrial.catalog.systems.kueue_objects import ClusterQueue, Cohort, LocalQueue, QueuedWorkload
from seatrial.catalog.waits.groups import OWNERS
from seatrial.catalog.waits.quota_tree import Branch, Cell, tree, use_of
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Contest, Found, Party, Piece, Stake, Wait, source

_TYPED = {
    "JobSet": "jobset.x-k8s.io/jobsets",
    "RayCluster": "ray.io/rayclusters",
    "RayJob": "ray.io/rayjobs",
    "TrainJob": "trainer.kubeflow.org/trainjobs",
}
_NOT_READY = "PodsReady"


def party(workload: QueuedWorkload) -> str:
    """What it stands for; a group of plain pods has nothing else that stands for it."""
    owner = workload.metadata.controller or next(iter(workload.metadata.owner_references), None)
    if owner is None or owner.kind == "Pod":
        return workload.subject
    resource = {**OWNERS, **_TYPED}.get(owner.kind, f"{owner.kind.lower()}s")
    return f"{resource}/{workload.metadata.namespace}/{owner.name}"


def says(workload: QueuedWorkload, type: str) -> bool:
    return any(one.type == type and one.status == "True" for one in workload.status.conditions)


def live(workloads: All[QueuedWorkload]) -> list[QueuedWorkload]:
    return [one for one in workloads if not says(one, "Finished") and one.spec.active]


def message(workload: QueuedWorkload) -> str:
    told = [one.message for one in workload.status.conditions if one.type == "QuotaReserved" and one.status == "False"]
    return told[0] if told else "Kueue says nothing of it"


def wants(workload: QueuedWorkload) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for one in workload.spec.pod_sets:
        for name, amount in asked(one.template.spec).items():
            total[name] += amount * one.count
    return total


@source("kueue.has-no-quota")
def has_no_quota(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[Found]:
    """A workload waits in a queue of Kueue.

    Why: its quota is used by others, it asks for more than its queue may have, or the queue is stopped or does not exist.
    Prevent: quota that the nodes can honour, cohorts to borrow from, and preemption for those whose quota is lent.
    """
    known = {(one.metadata.namespace, one.name): one for one in queues}
    cluster = {one.name: one for one in cluster_queues}
    alive = live(workloads)
    pending: dict[str, list[QueuedWorkload]] = defaultdict(list)
    for workload in alive:
        if workload.status.admission is not None:
            continue
        yield from promised(workload)
        queue = known.get((workload.metadata.namespace, workload.spec.queue_name))
        blocked = _queue_trouble(workload, queue, cluster)
        if blocked is not None:
            yield blocked
        elif "PodsReady" in message(workload):
            yield from _not_ready(workload, alive)
        elif queue is not None:
            pending[queue.spec.cluster_queue].append(workload)
    yield from _contests(alive, pending, tree(cluster_queues, cohorts, alive))


def promised(workload: QueuedWorkload) -> Iterator[Party]:
    """Its pods, which nobody has made yet. Plain pods are there, and are counted as such."""
    if any(one.kind == "Pod" for one in workload.metadata.owner_references):
        return
    devices = sum(amount for name, amount in wants(workload).items() if is_accelerator(name)) // UNIT
    yield Party(subject=party(workload), waiting=sum(one.count for one in workload.spec.pod_sets), accelerators=devices)


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
        waiter=party(workload),
        holder=holder,
        what="a queue that works",
        because=because,
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )


def _not_ready(workload: QueuedWorkload, live: list[QueuedWorkload]) -> Iterator[Wait]:
    """With waitForPodsReady nobody is admitted while the pods of one that was are not ready."""
    for other in live:
        if other.status.admission is not None and not says(other, _NOT_READY):
            yield Wait(
                waiter=party(workload),
                holder=party(other),
                what="the pods of another workload",
                because=message(workload),
                certainty=Certainty.CERTAIN,
            )


def _contests(
    alive: list[QueuedWorkload], pending: Mapping[str, list[QueuedWorkload]], branches: Mapping[str, Branch]
) -> Iterator[Contest]:
    """One for each cohort that stands above all others, or queue without one, and resource. A place is a flavor."""
    sharing: dict[str, list[str]] = defaultdict(list)
    for name, branch in branches.items():
        sharing[branch.root.subject].append(name)
    held: dict[str, list[QueuedWorkload]] = defaultdict(list)
    for one in alive:
        if one.status.admission is not None and one.status.admission.cluster_queue in branches:
            held[branches[one.status.admission.cluster_queue].root.subject].append(one)
    for subject, names in sorted(sharing.items()):
        waiting = [(branches[name], workload) for name in sorted(names) for workload in pending.get(name, ())]
        root = branches[names[0]].root
        for resource in sorted({name for _, workload in waiting for name in wants(workload)}):
            cells = {cell for name in names for cell in branches[name].cells(resource)} | set(root.cells(resource))
            free = {cell[0]: _capacity(root, cell) - _usage(root, cell) for cell in cells}
            stakes = [*_held(held[subject], branches, resource), *_open(waiting, resource)]
            if cells and any(stake.wants for stake in stakes):
                place = f"the quota of {'cohort ' + subject.rpartition('/')[2] if root.children else subject}"
                yield Contest(what=resource, free=free, stakes=tuple(stakes), place=place, unit=UNIT)


def _capacity(branch: Branch, cell: Cell) -> int:
    """All that there is, lent or not."""
    limit = branch.limits.get(cell)
    return (limit.nominal if limit else 0) + sum(_capacity(one, cell) for one in branch.children)


def _usage(branch: Branch, cell: Cell) -> int:
    return branch.used.get(cell, 0) + sum(_usage(one, cell) for one in branch.children)


def _held(workloads: list[QueuedWorkload], branches: Mapping[str, Branch], resource: str) -> Iterator[Stake]:
    for one in workloads:
        queue = one.status.admission.cluster_queue if one.status.admission else ""
        has = {cell[0]: amount for cell, amount in use_of(one, branches[queue]).items() if cell[1] == resource}
        if any(has.values()):
            yield Stake(party=party(one), holds=has, tied=False)


def _open(waiting: list[tuple[Branch, QueuedWorkload]], resource: str) -> Iterator[Stake]:
    """The pods of one set come from one flavor."""
    for branch, workload in waiting:
        flavors = frozenset(cell[0] for cell in branch.cells(resource))
        sizes = [asked(one.template.spec).get(resource, 0) * one.count for one in workload.spec.pod_sets]
        pieces = tuple(Piece(1, size, flavors) for size in sizes if size)
        if pieces and flavors:
            yield Stake(party=party(workload), wants=pieces, tied=False)
