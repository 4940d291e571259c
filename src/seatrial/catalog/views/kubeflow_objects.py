"""Kubeflow's objects of all times: what serves and what trains, each with what took its place."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.kserve import InferenceService
from seatrial.catalog.systems.kubeflow_before import JOBS, KFService
from seatrial.catalog.systems.trainer import TrainJob
from seatrial.model.fact import Fact, Snapshot, View

_AFTER = {KFService: "KServe's InferenceService (serving.kserve.io)"} | dict.fromkeys(
    JOBS, "TrainJob (trainer.kubeflow.org)"
)


class KubeflowObject(View, frozen=True):
    of = "kubeflow-objects"
    drawn_from = (*_AFTER, InferenceService, TrainJob)

    is_about: str = ""  # its own subject
    after: str = ""  # what took its place; empty where nothing did

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for kind in cls.drawn_from:
            for one in snapshot.all(kind):
                yield cls(metadata=one.metadata, is_about=one.subject, after=_AFTER.get(kind, ""))

    @property
    def subject(self) -> str:
        return self.is_about
