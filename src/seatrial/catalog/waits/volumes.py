"""Volumes: claims of storage that are not there or not bound, and volumes that no node with room can reach."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.storage import PersistentVolumeClaim
from seatrial.catalog.systems.kubernetes.storage_classes import BY_HAND, LATE, StorageClass
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.attachments import ELSEWHERE, FULL, UNBOUND, Name, mounted
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.kinds import Kind, in_the_way, waiting, who
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source


@source("volumes.claim-is-missing-or-unbound")
def claim_is_missing_or_unbound(
    groups: All[Group], claims: All[PersistentVolumeClaim], classes: All[StorageClass]
) -> Iterator[Found]:
    """A PersistentVolumeClaim that a pod mounts does not exist, or has no volume.

    Why: no node is chosen before every claim is bound, or can be where the pod goes.
    Prevent: deploy claims with the workload, of a StorageClass that exists and whose provisioner runs.
    """
    known = {(claim.metadata.namespace, claim.name): claim for claim in claims}
    late = {one.name for one in classes if one.volume_binding_mode == LATE}
    names = {one.name for one in classes}
    for group in groups:
        for namespace, name in sorted(_mounted(group)):
            claim = known.get((namespace, name))
            subject = f"persistentvolumeclaims/{namespace}/{name}"
            if claim is None:
                yield _wait(group, subject, f"{subject} does not exist", f"create {subject}, or correct its name")
            elif claim.status.phase not in ("Bound", ""):
                wanted = claim.spec.storage_class_name
                if wanted and wanted not in names:
                    holder = f"storage.k8s.io/storageclasses/{wanted}"
                    yield _wait(
                        group,
                        holder,
                        f"{subject} names {holder}, which does not exist",
                        f"create {holder}, or name another",
                    )
                elif wanted not in late:
                    yield _wait(
                        group,
                        subject,
                        f"{subject} is {claim.status.phase}",
                        "see what its provisioner says: kubectl describe pvc",
                    )


def _mounted(group: Group) -> set[Name]:
    return {name for pod in group.waiting for name in mounted(pod)}


def _wait(group: Group, holder: str, because: str, action: str) -> Wait:
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="a volume",
        because=because,
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )


@source("volumes.are-elsewhere")
def are_elsewhere(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """No node that would take the pod can have its volumes.

    Why: a volume lies in one zone or on one node, and the pod selects others, or those are full.
    Prevent: let volumes be made with the pod's node (`WaitForFirstConsumer`), and keep accelerators in every zone that has data.
    """
    for floor, group, kind in waiting(floors, groups):
        if kind.look.room.away and (not kind.look.able or in_the_way(kind.look) in (ELSEWHERE, UNBOUND)):
            assert floor.attachments is not None
            for name in sorted(set(mounted(kind.pod))):
                volume, late = floor.attachments.volume(name), floor.attachments.late(name)
                subject = volume.subject if volume is not None else f"persistentvolumeclaims/{name[0]}/{name[1]}"
                if floor.attachments.matters(name):
                    by_hand = late is not None and late.provisioner == BY_HAND
                    yield _wait(
                        group,
                        subject,
                        f"{subject} can be on none of {_taking(kind)} that would take {many(kind.count, 'pod')}",
                        "make a volume by hand on such a node"
                        if by_hand
                        else "copy its data to where the pod can run, or let the pod select where the volume is",
                    )


def _taking(kind: Kind) -> str:
    return many(kind.look.room.away, "node")


@source("volumes.node-takes-no-more")
def node_takes_no_more(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """Nodes that have room have as many volumes attached as their driver allows.

    Why: a storage driver says how many of its volumes one node takes, and pods with few accelerators and many volumes use that up.
    Prevent: fewer volumes for each pod, or nodes that take more; spread pods that mount many.
    """
    for _, group, kind in waiting(floors, groups):
        if in_the_way(kind.look) == FULL:
            nodes = kind.look.room.barred[FULL]
            yield _wait(
                group,
                f"the volume limit of {many(len(nodes), 'node')}",
                f"{many(len(nodes), 'node')} have room for {many(kind.count, 'pod')}, and take no more volumes: {nodes[0].name}",
                "end pods that mount volumes there, or add nodes",
            )


@source("volumes.another-has-it-alone")
def another_has_it_alone(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """A volume that one pod at a time may have is another's.

    Why: its access mode is ReadWriteOncePod.
    Prevent: a volume for each pod, or an access mode that lets several have it.
    """
    for floor, group, kind in waiting(floors, groups):
        assert floor.attachments is not None
        for name, other in floor.attachments.alone(kind.pod):
            yield Wait(
                waiter=group.subject,
                holder=who(floor, groups).get(id(other), other.subject),
                what="a volume",
                because=f"{kind.pod.subject} mounts persistentvolumeclaims/{name[0]}/{name[1]}, which {other.subject} has for itself",
                actions=(Action(f"end {other.subject}, or give each of them a volume of its own"),),
            )
