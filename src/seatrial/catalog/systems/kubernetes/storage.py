"""Storage that workloads ask for: who may mount it at the same time."""

from __future__ import annotations

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
