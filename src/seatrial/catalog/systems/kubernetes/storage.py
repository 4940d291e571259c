"""Storage that workloads ask for, the volumes that they get, and how many of them a node takes."""

from __future__ import annotations

from typing import Any

from seatrial.model.fact import Fact, Shape


class StorageClaimSpec(Shape, frozen=True):
    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None
    volume_name: str = ""


class StorageClaimStatus(Shape, frozen=True):
    phase: str = ""


class PersistentVolumeClaim(Fact, frozen=True):
    of = "persistentvolumeclaims"

    spec: StorageClaimSpec = StorageClaimSpec()
    status: StorageClaimStatus = StorageClaimStatus()


class ClaimReference(Shape, frozen=True):
    namespace: str = ""
    name: str = ""


class NodesOfVolume(Shape, frozen=True):
    required: dict[str, Any] | None = None


class CsiVolume(Shape, frozen=True):
    driver: str = ""
    volume_handle: str = ""


class VolumeSpec(Shape, frozen=True):
    claim_ref: ClaimReference | None = None
    node_affinity: NodesOfVolume | None = None
    storage_class_name: str = ""
    csi: CsiVolume | None = None


class VolumeStatus(Shape, frozen=True):
    phase: str = ""


class PersistentVolume(Fact, frozen=True):
    of = "persistentvolumes"

    spec: VolumeSpec = VolumeSpec()
    status: VolumeStatus = VolumeStatus()


class VolumeCount(Shape, frozen=True):
    count: int | None = None  # none: the driver knows no limit


class CsiDriverOnNode(Shape, frozen=True):
    name: str = ""
    allocatable: VolumeCount | None = None


class CsiNodeSpec(Shape, frozen=True):
    drivers: tuple[CsiDriverOnNode, ...] = ()


class CsiNode(Fact, frozen=True):
    of = "storage.k8s.io/csinodes"

    spec: CsiNodeSpec = CsiNodeSpec()
