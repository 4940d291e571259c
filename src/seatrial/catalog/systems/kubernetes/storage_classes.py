"""StorageClasses: who makes volumes, where, and whether before or after a node is chosen."""

from __future__ import annotations

from typing import Any

from seatrial.model.fact import Fact

LATE = "WaitForFirstConsumer"
BY_HAND = "kubernetes.io/no-provisioner"


class StorageClass(Fact, frozen=True):
    of = "storage.k8s.io/storageclasses"

    provisioner: str = ""
    volume_binding_mode: str = ""
    allowed_topologies: tuple[dict[str, Any], ...] = ()
