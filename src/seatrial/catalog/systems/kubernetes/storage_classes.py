"""StorageClasses: who makes volumes, and whether before or after a node is chosen."""

from __future__ import annotations

from seatrial.model.fact import Fact


class StorageClass(Fact, frozen=True):
    of = "storage.k8s.io/storageclasses"

    provisioner: str = ""
    volume_binding_mode: str = ""
