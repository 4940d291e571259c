"""What keeps pods from being looked at: gates, groups that do not exist, and gangs of which pods are missing."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.dra import PodGroup
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source


@source("gangs.gate-is-closed")
def gate_is_closed(groups: All[Group]) -> Iterator[Found]:
    """A scheduling gate keeps the pod from being looked at.

    Why: whoever put the gate there has not taken it away: a queue that has no quota left, or a controller that does not run.
    Prevent: watch the controllers that own gates, and how long their queues are.
    """
    for group in groups:
        gates = sorted({gate.get("name", "") for pod in group.unplaced for gate in pod.spec.scheduling_gates})
        for gate in gates:
            yield Wait(
                waiter=group.subject,
                holder=f"gate {gate}",
                what="an open gate",
                because=f"{many(len(group.unplaced), 'pod')} are held by the scheduling gate {gate}",
                missing=len(group.unplaced),
                certainty=Certainty.CERTAIN,
                actions=(Action(f"see why the owner of {gate} keeps it closed"),),
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
