"""What KEDA scales: each ScaledObject with the workload that it is about."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.keda import ScaledObject
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, Snapshot, View

_KINDS = {"Deployment": "apps/deployments", "StatefulSet": "apps/statefulsets"}


class EventScaled(View, frozen=True):
    of = "event-scaled"
    drawn_from = (ScaledObject, Workload)

    scaled: ScaledObject = ScaledObject()
    workload: Workload | None = None

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        workloads = {one.subject: one for one in snapshot.all(Workload)}
        for scaled in snapshot.all(ScaledObject):
            target = scaled.spec.scale_target_ref
            subject = f"{_KINDS.get(target.kind, '')}/{scaled.metadata.namespace}/{target.name}"
            yield cls(metadata=scaled.metadata, scaled=scaled, workload=workloads.get(subject))

    @property
    def subject(self) -> str:
        return self.scaled.subject
