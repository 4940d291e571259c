"""The few events that tell of something that is judged, apart from the many that do not."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.kubernetes.events import Event, Pull
from seatrial.catalog.views import ties
from seatrial.model.fact import Fact, Meta, Snapshot, View

_MISMATCHES = (
    "Driver/library version mismatch",
    "CUDA driver version is insufficient for CUDA runtime version",
    "forward compatibility was attempted on non supported HW",
)


class AnyEvents(View, frozen=True):
    """That there are events at all."""

    of = "any-events"
    drawn_from = (Event,)

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        if snapshot.all(Event):
            yield cls(metadata=Meta(name="events"))


class Pulled(View, frozen=True):
    """A kubelet tells how long an image took."""

    of = "pulls"
    drawn_from = (Event,)
    ties = {Event: ties.alone}

    pull: Pull = Pull("", 0.0, 0.0)

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for event in snapshot.all(Event):
            if (pull := event.pull) is not None:
                yield cls(metadata=event.metadata, pull=pull)


class Mismatch(View, frozen=True):
    """Somebody has met a driver that does not fit."""

    of = "mismatches"
    drawn_from = (Event,)
    ties = {Event: ties.alone}

    about: str = ""
    said: str = ""

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for event in snapshot.all(Event):
            for said in _MISMATCHES:
                if said in event.message:
                    about = f"{event.involved_object.kind} {event.involved_object.name}"
                    yield cls(metadata=event.metadata, about=about, said=said)
