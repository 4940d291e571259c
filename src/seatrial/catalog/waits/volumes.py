"""Volumes: claims of storage that are not there or not bound."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.storage import PersistentVolumeClaim
from seatrial.catalog.systems.kubernetes.storage_classes import StorageClass
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_LATE = "WaitForFirstConsumer"


@source("volumes.claim-is-missing-or-unbound")
def claim_is_missing_or_unbound(
    groups: All[Group], claims: All[PersistentVolumeClaim], classes: All[StorageClass]
) -> Iterator[Found]:
    """A PersistentVolumeClaim that a pod mounts does not exist, or has no volume.

    Why: no node is chosen before every claim is bound, or can be where the pod goes.
    Prevent: deploy claims with the workload, of a StorageClass that exists and whose provisioner runs.
    """
    known = {(claim.metadata.namespace, claim.name): claim for claim in claims}
    late = {one.name for one in classes if one.volume_binding_mode == _LATE}
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


def _mounted(group: Group) -> set[tuple[str, str]]:
    return {
        (pod.metadata.namespace, volume.persistent_volume_claim.claim_name)
        for pod in group.waiting
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim is not None
    }


def _wait(group: Group, holder: str, because: str, action: str) -> Wait:
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="a volume",
        because=because,
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )
