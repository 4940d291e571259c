"""What autoscalers scale: each with the workload that it is about."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.controllers import CONTROLLERS
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, Snapshot, View

_READ = {kind.of for kind in CONTROLLERS}


class Autoscaled(View, frozen=True):
    of = "autoscalers"
    drawn_from = (HorizontalPodAutoscaler, Workload)

    scaler: HorizontalPodAutoscaler = HorizontalPodAutoscaler()
    workload: Workload | None = None
    rivals: tuple[str, ...] = ()  # other autoscalers of the same workload
    is_live: bool = False  # it is in a cluster, so that a workload that is not there is missing

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        workloads = {one.subject: one for one in snapshot.all(Workload)}
        whole = snapshot.gap(Workload) is None
        scalers: dict[str, list[HorizontalPodAutoscaler]] = {}
        for scaler in snapshot.all(HorizontalPodAutoscaler):
            scalers.setdefault(scaler.target, []).append(scaler)
        for target, rivals in scalers.items():
            for scaler in rivals:
                yield cls(
                    metadata=scaler.metadata,
                    scaler=scaler,
                    workload=workloads.get(target),
                    rivals=tuple(one.name for one in rivals if one is not scaler),
                    is_live=bool(scaler.metadata.uid) and whole and target.rsplit("/", 2)[0] in _READ,
                )

    @property
    def subject(self) -> str:
        return self.scaler.subject
