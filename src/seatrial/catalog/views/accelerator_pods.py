"""Pods that ask for accelerators by extended resources, running or not. What is claimed by ``resourceClaims`` is not among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.views import ties
from seatrial.model.fact import Fact, Snapshot, View


class AcceleratorPod(View, frozen=True):
    of = "accelerator-pods"
    drawn_from = (Pod,)
    ties = {Pod: ties.alone}

    pod: Pod = Pod()
    devices: Mapping[str, int] = {}  # by resource

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for pod in snapshot.all(Pod):
            if devices := accelerators(pod.spec):
                yield cls(metadata=pod.metadata, pod=pod, devices=devices)

    @property
    def subject(self) -> str:
        return self.pod.subject
