"""What a monitoring system has of each accelerator over a while: how busy it was, how full its memory, and whose it was then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from seatrial.catalog.systems.device_metrics import MemoryTrack, UseTrack, device_of
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.readings import holder_of, node_of
from seatrial.model.fact import Fact, Meta, Shape, Snapshot, Track, View


class Point(Shape, frozen=True):
    at: float  # seconds since 1970
    value: float  # from 0 to 1
    namespace: str = ""  # of the pod that had it then; empty where nobody did, or nobody says


class DeviceTrack(View, frozen=True):
    of = "device-tracks"
    drawn_from = (AcceleratorNode, Pod, UseTrack, MemoryTrack)

    node: str = ""
    busy: tuple[Point, ...] = ()
    full: tuple[Point, ...] = ()

    @property
    def subject(self) -> str:
        return f"{self.name} of {self.node}" if self.node else self.name

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        """Series of one device that name another holder are parts of one track."""
        pods = {(one.metadata.namespace, one.name): one for one in snapshot.all(Pod)}
        nodes = {one.name for one in snapshot.all(AcceleratorNode)}
        points: dict[str, dict[type[Track], list[Point]]] = defaultdict(lambda: defaultdict(list))
        places: dict[str, str] = {}
        for kind in (UseTrack, MemoryTrack):
            for one in snapshot.all(kind):
                if not (device := device_of(one)):
                    continue
                places.setdefault(device, node_of(one, nodes, pods))
                holder = holder_of(one, pods)
                namespace = holder[0] if holder else ""
                points[device][kind] += (Point(at, value, namespace) for at, value in one.points)
        for device, found in points.items():
            busy, full = (tuple(sorted(found[kind], key=_when)) for kind in (UseTrack, MemoryTrack))
            yield cls(metadata=Meta(name=device), node=places[device], busy=busy, full=full)


def _when(point: Point) -> float:
    return point.at
