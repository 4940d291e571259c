"""Gangs with what the nodes say on which they run."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.views.accelerator_nodes import AcceleratorNode, Said
from seatrial.catalog.views.gangs import Gang
from seatrial.model.fact import Fact, Snapshot, View


class PlacedGang(View, frozen=True):
    of = "placed-gangs"
    drawn_from = (Gang, AcceleratorNode)

    gang: Gang = Gang()
    places: dict[
        str, tuple[Said, ...]
    ] = {}  # nodes with accelerators on which it runs, and who says which driver they have
    elsewhere: tuple[str, ...] = ()  # nodes on which it runs, and of which nobody says that they have accelerators

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        said = {node.name: node.said for node in snapshot.all(AcceleratorNode)}
        for gang in snapshot.all(Gang):
            places = sorted({pod.spec.node_name for pod in gang.live if pod.spec.node_name})
            known = {place: said[place] for place in places if place in said}
            elsewhere = tuple(place for place in places if place not in said)
            yield cls(metadata=gang.metadata, gang=gang, places=known, elsewhere=elsewhere)

    @property
    def subject(self) -> str:
        return self.gang.subject
