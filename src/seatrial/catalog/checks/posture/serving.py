"""Which workloads serve: those with accelerators that answer somebody, and are kept running."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.controllers import Deployment, StatefulSet
from seatrial.catalog.views.workloads import Workload

_KEPT = (Deployment.of, StatefulSet.of)
_OTHERS = (
    "notebook-name",  # a person's notebook: it has a port, and nobody else waits for it
    "leaderworkerset.sigs.k8s.io/name",  # one StatefulSet of it is one replica in many pods
    "ray.io/cluster",
)


def serves(workload: Workload) -> bool:
    if not workload.uses_accelerators or not workload.made_by.startswith(_KEPT):
        return False
    if any(label in workload.labels for label in _OTHERS):
        return False
    return any(one.ports or one.readiness_probe is not None for one in workload.spec.containers)
