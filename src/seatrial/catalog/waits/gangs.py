"""What keeps pods from being looked at: gates, groups that do not exist, and gangs of which pods are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.kubernetes.dra import PodGroup
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kueue_objects import QueuedWorkload
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

# Gates that are known, and who opens them.
_OWNERS = {
    "kueue.x-k8s.io/admission": "Kueue, when its Workload has quota",
    "kueue.x-k8s.io/topology": "Kueue, when it has chosen a place in the topology for each pod",
    "kueue.x-k8s.io/elastic-job": "Kueue, when the larger size of the job has quota",
    "grove.io/podgang-pending-creation": "Grove, when it has made the PodGang",
}
_KUEUE = "kueue.x-k8s.io/"


@source("gangs.gate-is-closed")
def gate_is_closed(groups: All[Group], workloads: All[QueuedWorkload]) -> Iterator[Found]:
    """A scheduling gate keeps the pod from being looked at.

    Why: whoever put the gate there has not taken it away: a queue that has no quota left, or a controller that does not run.
    Prevent: watch the controllers that own gates, and how long their queues are.
    """
    queued = {owner.uid: one for one in workloads for owner in one.metadata.owner_references if owner.uid}
    for group in groups:
        gated = [pod for pod in group.unplaced if pod.spec.scheduling_gates]
        for gate in sorted({gate.get("name", "") for pod in gated for gate in pod.spec.scheduling_gates}):
            held = [pod for pod in gated if any(one.get("name") == gate for one in pod.spec.scheduling_gates)]
            workload = _workload(held, queued) if gate.startswith(_KUEUE) else None
            if workload is None or workload.subject != group.subject:
                yield _closed(group, gate, held, workload)


def _workload(pods: list[Pod], queued: Mapping[str, QueuedWorkload]) -> QueuedWorkload | None:
    owners = (uid for pod in pods for uid in (pod.metadata.uid, *(one.uid for one in pod.metadata.owner_references)))
    return next((queued[uid] for uid in owners if uid in queued), None)


def _closed(group: Group, gate: str, held: list[Pod], workload: QueuedWorkload | None) -> Wait:
    owner = _OWNERS.get(gate, "")
    opens = f", which is opened by {owner}" if owner else ""
    if workload is not None and workload.status.admission is None:
        holder, action = workload.subject, f"see what {workload.subject} waits for"
    elif workload is not None:
        holder, action = f"gate {gate}", f"{workload.subject} is admitted: see why Kueue does not open {gate}"
    elif owner.startswith("Kueue"):
        holder, action = (
            f"gate {gate}",
            "Kueue has made no Workload for it: see that it runs, and the label of its queue",
        )
    else:
        holder, action = f"gate {gate}", f"see why {owner.partition(',')[0] or f'the owner of {gate}'} keeps it closed"
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="an open gate",
        because=f"{many(len(held), 'pod')} are held by the scheduling gate {gate}{opens}",
        missing=len(held),
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )


@source("gangs.group-does-not-exist")
def group_does_not_exist(groups: All[Group], pod_groups: All[PodGroup]) -> Iterator[Found]:
    """Pods name a PodGroup that does not exist.

    Why: the scheduler does not place them before it does.
    Prevent: create the PodGroup before its pods, and delete it after them.
    """
    known = {one.subject for one in pod_groups}
    for group in groups:
        named = group.subject.startswith(f"{PodGroup.of}/")
        if named and group.subject not in known and group.unplaced:
            yield Wait(
                waiter=group.subject,
                holder=f"the object {group.subject}",
                what="a PodGroup",
                because=f"{many(len(group.unplaced), 'pod')} name {group.subject}, which does not exist",
                certainty=Certainty.CERTAIN,
                actions=(Action(f"create {group.subject}"),),
            )


@source("gangs.pods-are-missing")
def pods_are_missing(groups: All[Group]) -> Iterator[Found]:
    """A gang waits for pods that nobody has made.

    Why: it is of use only whole, and its scheduler waits until all of its pods exist.
    Prevent: let the size of a group and the number of pods come from one place, as operators do.
    """
    for group in groups:
        missing = group.needed - len(group.pods)
        if missing > 0 and group.unplaced and not group.placed:
            yield Wait(
                waiter=group.subject,
                holder=f"pods of {group.subject} that nobody has made",
                what="pods",
                because=f"{group.subject} wants {group.needed} pods together, and {len(group.pods)} exist",
                missing=missing,
                actions=(Action("see why its controller does not make them, or lower the size of the group"),),
            )
