"""Volumes as nodes see them: where one can be reached, who has it for itself, and how many a node takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.storage import CsiNode, PersistentVolume, PersistentVolumeClaim
from seatrial.catalog.systems.kubernetes.storage_classes import BY_HAND, LATE, StorageClass
from seatrial.catalog.views import selectors
from seatrial.catalog.waits.room import Test, Tests
from seatrial.model.fact import Snapshot

ELSEWHERE, UNBOUND, FULL = "volumes elsewhere", "no volume to bind", "volume limit"
_ZONES = (
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
)
_ALONE = "ReadWriteOncePod"

Name = tuple[str, str]  # namespace and claim


class Attachments(msgspec.Struct):
    claims: Mapping[Name, PersistentVolumeClaim]
    volumes: Mapping[str, PersistentVolume]
    limits: Mapping[str, Mapping[str, int]]  # node → driver → volumes that it takes
    classes: Mapping[str, StorageClass]
    spare: Mapping[str, list[PersistentVolume]]  # class → volumes that nobody has
    users: Mapping[Name, list[Pod]]  # who has a claim mounted on a node
    attached: dict[tuple[str, str], set[str]]  # node and driver → volumes

    @classmethod
    def of(cls, snapshot: Snapshot, placed: Sequence[Pod]) -> Attachments:
        users: dict[Name, list[Pod]] = defaultdict(list)
        for pod in placed:
            for name in mounted(pod) if pod.spec.volumes else ():
                users[name].append(pod)
        spare: dict[str, list[PersistentVolume]] = defaultdict(list)
        for one in snapshot.all(PersistentVolume):
            if one.status.phase == "Available":
                spare[one.spec.storage_class_name].append(one)
        found = cls(
            claims={(one.metadata.namespace, one.name): one for one in snapshot.all(PersistentVolumeClaim)},
            volumes={one.name: one for one in snapshot.all(PersistentVolume)},
            limits={one.name: _limits(one) for one in snapshot.all(CsiNode)},
            classes={one.name: one for one in snapshot.all(StorageClass)},
            spare=spare,
            users=users,
            attached=defaultdict(set),
        )
        for name, pods in users.items():
            if (csi := found.csi(name)) is not None:
                for pod in pods:
                    found.attached[pod.spec.node_name, csi[0]].add(csi[1])
        return found

    def volume(self, name: Name) -> PersistentVolume | None:
        claim = self.claims.get(name)
        return self.volumes.get(claim.spec.volume_name) if claim is not None and claim.spec.volume_name else None

    def csi(self, name: Name) -> tuple[str, str] | None:
        volume = self.volume(name)
        csi = volume.spec.csi if volume is not None else None
        return (csi.driver, csi.volume_handle) if csi is not None else None

    def key(self, pod: Pod) -> Hashable:
        """The volumes that it mounts; nothing where any node would do for them."""
        names = sorted(name for name in mounted(pod) if self.matters(name)) if pod.spec.volumes else []
        return tuple(names)

    def tests(self, pod: Pod) -> tuple[Tests, Tests]:
        """How many a node takes; and where they can be reached."""
        reach: list[Test] = []
        wanted: dict[str, set[str]] = defaultdict(set)
        for name in mounted(pod):
            if (csi := self.csi(name)) is not None:
                wanted[csi[0]].add(csi[1])
            if (volume := self.volume(name)) is not None:
                reach.append(_reaching(volume))
            elif (late := self.late(name)) is not None:
                reach.append(self._to_be_bound(late))
        return ([self._within(wanted)] if wanted and self.limits else []), reach

    def late(self, name: Name) -> StorageClass | None:
        """The class of a claim that gets its volume with its node."""
        claim = self.claims.get(name)
        if claim is None or claim.spec.volume_name:
            return None
        found = self.classes.get(claim.spec.storage_class_name or "")
        return found if found is not None and found.volume_binding_mode == LATE else None

    def alone(self, pod: Pod) -> Iterator[tuple[Name, Pod]]:
        """Claims that only one pod at a time may have, and another has."""
        for name in mounted(pod) if pod.spec.volumes else ():
            claim = self.claims.get(name)
            if claim is not None and _ALONE in claim.spec.access_modes:
                yield from ((name, other) for other in self.users.get(name, ())[:1])

    def matters(self, name: Name) -> bool:
        """Not every node would do for it."""
        volume = self.volume(name)
        if volume is None:
            late = self.late(name)
            return late is not None and (late.provisioner == BY_HAND or bool(late.allowed_topologies))
        bound = volume.spec.node_affinity is not None or any(key in volume.metadata.labels for key in _ZONES)
        return bound or (volume.spec.csi is not None and bool(self.limits))

    def _to_be_bound(self, late: StorageClass) -> Test:
        if late.provisioner != BY_HAND:
            terms = [{"matchExpressions": _expressions(one)} for one in late.allowed_topologies]
            allowed = {"nodeSelectorTerms": terms} if terms else None
            return Test(lambda node: "" if selectors.selects({}, allowed, node.metadata.labels, node.name) else UNBOUND)
        tests = [_reaching(one) for one in self.spare.get(late.name, ())]
        return Test(lambda node: "" if any(not test.of(node) for test in tests) else UNBOUND)

    def _within(self, wanted: Mapping[str, set[str]]) -> Test:
        def test(node: Node) -> str:
            limits = self.limits.get(node.name, {})
            for driver, volumes in wanted.items():
                there = self.attached.get((node.name, driver), set())
                if driver in limits and volumes - there and len(there | volumes) > limits[driver]:
                    return FULL
            return ""

        return Test(test)


def mounted(pod: Pod) -> Iterator[Name]:
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield pod.metadata.namespace, volume.persistent_volume_claim.claim_name


def _expressions(term: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = term.get("matchLabelExpressions") or []
    return [{**one, "operator": "In"} for one in found if isinstance(one, dict)]


def _limits(node: CsiNode) -> Mapping[str, int]:
    counts = {one.name: one.allocatable.count for one in node.spec.drivers if one.allocatable is not None}
    return {name: count for name, count in counts.items() if count is not None}


def _reaching(volume: PersistentVolume) -> Test:
    affinity = volume.spec.node_affinity
    required = affinity.required if affinity is not None else None
    zones = {key: set(volume.metadata.labels[key].split("__")) for key in _ZONES if key in volume.metadata.labels}

    def test(node: Node) -> str:
        labels = node.metadata.labels
        if required is not None and not selectors.selects({}, required, labels, node.name):
            return ELSEWHERE
        if any(key in labels for key in _ZONES) and any(labels.get(key) not in some for key, some in zones.items()):
            return ELSEWHERE
        return ""

    return Test(test)
