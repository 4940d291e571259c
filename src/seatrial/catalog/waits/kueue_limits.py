"""Limits of Kueue's queues: quota is there, and this queue may not borrow it, or what it lent does not come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from seatrial.catalog.systems.kueue_objects import ClusterQueue, Cohort, LocalQueue, Preemption, QueuedWorkload
from seatrial.catalog.waits.amounts import told
from seatrial.catalog.waits.kueue import live, party, wants
from seatrial.catalog.waits.quota_tree import Branch, Cell, tree
from seatrial.model.fact import All
from seatrial.model.wait import Action, Found, Wait, source

_NEVER = "Never"


class _Stuck(msgspec.Struct, frozen=True):
    """A workload without quota, the cell of its queue that comes nearest to what it wants, and how much it wants of it."""

    workload: QueuedWorkload
    queue: ClusterQueue
    branch: Branch
    cell: Cell
    amount: int

    @property
    def preemption(self) -> Preemption:
        return self.queue.spec.preemption or Preemption()


def _stuck(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[_Stuck]:
    here = {(one.metadata.namespace, one.name): one.spec.cluster_queue for one in queues}
    by_name = {one.name: one for one in cluster_queues}
    alive = live(workloads)
    branches = tree(cluster_queues, cohorts, alive)
    for workload in alive:
        name = here.get((workload.metadata.namespace, workload.spec.queue_name), "")
        if workload.status.admission is not None or name not in branches:
            continue
        branch = branches[name]
        for resource, amount in sorted(wants(workload).items()):
            cells = branch.cells(resource)
            if cells and all(branch.available(cell) < amount for cell in cells):
                nearest = max(cells, key=lambda cell: (branch.available(cell, heeding=False), cell))
                yield _Stuck(workload, by_name[name], branch, nearest, amount)


def _wait(one: _Stuck, holder: str, because: str, action: str) -> Wait:
    return Wait(
        waiter=party(one.workload),
        holder=holder,
        what=f"quota of {one.cell[1]}",
        because=because,
        actions=(Action(action),),
    )


@source("kueue-limits.borrowing-ends")
def borrowing_ends(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[Found]:
    """The cohort has quota that nobody uses, and the queue may borrow no more of it.

    Why: `borrowingLimit` of the queue is reached; more than its own quota and that limit it never gets.
    Prevent: leave `borrowingLimit` out where fair sharing or preemption keeps queues apart, and alert on pending work beside free quota.
    """
    for one in _stuck(workloads, queues, cluster_queues, cohorts):
        limit = one.branch.limits[one.cell].borrowing
        if limit is not None and one.branch.available(one.cell, heeding=False) >= one.amount:
            flavor, resource = one.cell
            never = "; so much it never gets" if one.branch.most(one.cell) < one.amount else ""
            yield _wait(
                one,
                f"borrowingLimit of {one.queue.subject}",
                f"it wants {told(resource, one.amount)} {resource} of {flavor}; {one.queue.subject} has {told(resource, one.branch.limits[one.cell].nominal)}, uses {told(resource, one.branch.usage(one.cell))} and may borrow {told(resource, limit)}, though its cohort has {told(resource, one.branch.available(one.cell, heeding=False))} to spare{never}",
                f"raise borrowingLimit of {resource} in {one.queue.subject}, or ask for less",
            )


@source("kueue-limits.others-lend-too-little")
def others_lend_too_little(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[Found]:
    """Other queues of the cohort have quota that they do not use and do not lend.

    Why: their `lendingLimit` keeps it for them alone, used or not.
    Prevent: lend everything and let `reclaimWithinCohort` bring it back when its owner needs it.
    """
    for one in _stuck(workloads, queues, cluster_queues, cohorts):
        kept = [
            (other, idle)
            for other in _leaves(one.branch.root)
            if other is not one.branch and (idle := _idle(other, one.cell))
        ]
        lacking = one.amount - one.branch.available(one.cell, heeding=False)
        if 0 < lacking <= sum(much for _, much in kept):
            resource = one.cell[1]
            owners = ", ".join(f"{told(resource, much)} of {other.subject}" for other, much in kept[:5])
            yield _wait(
                one,
                f"lendingLimit of {kept[0][0].subject}" if len(kept) == 1 else "lendingLimit of other queues",
                f"it lacks {told(resource, lacking)} {resource} of {one.cell[0]}; not used and not lent are {owners}",
                "raise lendingLimit of these queues, and let reclaimWithinCohort bring back what they need",
            )


def _leaves(root: Branch) -> Iterator[Branch]:
    stack = [root]
    while stack:
        one = stack.pop()
        stack += one.children
        if not one.children:
            yield one


def _idle(branch: Branch, cell: Cell) -> int:
    return max(0, branch.local(cell) - branch.usage(cell))


@source("kueue-limits.quota-is-lent")
def quota_is_lent(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[Found]:
    """Others of the cohort use the quota of this queue, and it may not take it back.

    Why: `reclaimWithinCohort` is `Never`, so that what was lent comes back when those who borrowed it end.
    Prevent: `reclaimWithinCohort: Any` on queues whose quota is a promise, and checkpoints in work that borrows.
    """
    known: dict[tuple[str, Cell], list[tuple[int, str]]] = {}
    for one in _stuck(workloads, queues, cluster_queues, cohorts):
        own = one.branch.limits[one.cell].nominal
        within = one.branch.used.get(one.cell, 0) + one.amount <= own
        if not within or one.preemption.reclaim_within_cohort != _NEVER or one.branch.parent is None:
            continue
        at = one.branch.root.subject, one.cell
        if at not in known:
            known[at] = _borrowers(one.branch.root, one.cell)
        borrowers = known[at]
        if borrowers:
            resource = one.cell[1]
            yield _wait(
                one,
                f"reclaimWithinCohort of {one.queue.subject}",
                f"it wants {told(resource, one.amount)} {resource} within the {told(resource, own)} of {one.queue.subject}, of which others borrow: {', '.join(f'{name} has {told(resource, -amount)} more than its own' for amount, name in borrowers[:5])}; and reclaimWithinCohort is Never",
                f"wait for workloads of {borrowers[0][1]}, or set reclaimWithinCohort of {one.queue.subject} to Any",
            )


def _borrowers(root: Branch, cell: Cell) -> list[tuple[int, str]]:
    return sorted((-much, other.subject) for other in _leaves(root) if (much := other.borrowed(cell)))


@source("kueue-limits.may-not-preempt")
def may_not_preempt(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], cohorts: All[Cohort]
) -> Iterator[Found]:
    """Workloads of lower priority in the same queue have its quota, and it may not have them preempted.

    Why: `withinClusterQueue` is `Never`, so that priority decides only who comes next.
    Prevent: `withinClusterQueue: LowerPriority` in queues where urgent and patient work meet.
    """
    admitted: dict[str, list[QueuedWorkload]] = defaultdict(list)
    for other in live(workloads):
        if other.status.admission is not None:
            admitted[other.status.admission.cluster_queue].append(other)
    known: dict[tuple[str, int, str], tuple[int, tuple[str, ...]]] = {}
    for one in _stuck(workloads, queues, cluster_queues, cohorts):
        priority = one.workload.spec.priority or 0
        at = one.queue.name, priority, one.cell[1]
        if at not in known:
            known[at] = _lower(admitted[one.queue.name], priority, one.cell[1])
        amount, names = known[at]
        free = one.branch.available(one.cell) + amount
        if one.preemption.within_cluster_queue == _NEVER and names and free >= one.amount:
            yield _wait(
                one,
                f"withinClusterQueue of {one.queue.subject}",
                f"{', '.join(names)} of lower priority than {priority} have its quota, and withinClusterQueue is Never",
                f"wait for {names[0]}, or set withinClusterQueue of {one.queue.subject} to LowerPriority",
            )


def _lower(admitted: list[QueuedWorkload], priority: int, resource: str) -> tuple[int, tuple[str, ...]]:
    """How much they have, and some of their names."""
    lower = [one for one in admitted if (one.spec.priority or 0) < priority and wants(one).get(resource)]
    return sum(wants(one)[resource] for one in lower), tuple(party(one) for one in lower[:5])
