"""Who held the accelerators of a node: pods that run, and those that ended and are still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views import ties
from seatrial.catalog.views.accelerator_pods import AcceleratorPod
from seatrial.catalog.views.tenants import SYSTEM
from seatrial.kit.quantity import whole
from seatrial.model.fact import Fact, GapReason, Shape, Snapshot, View

_OVER = ("Succeeded", "Failed")


class Stay(Shape, frozen=True):
    """One pod that has, or had, devices of one resource."""

    namespace: str = ""
    pod: str = ""
    resource: str = ""
    devices: int = 0
    is_over: bool = False


class NodeTenancy(View, frozen=True):
    of = "node-tenancies"
    drawn_from = (Node, AcceleratorPod)
    ties = {Node: ties.node, AcceleratorPod: lambda one: ties.on_node(one.pod)}

    node: Node = Node()
    stays: tuple[Stay, ...] = ()
    is_complete: bool = True

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        stays: dict[str, list[Stay]] = defaultdict(list)
        for one in snapshot.all(AcceleratorPod):
            home, place = one.metadata.namespace, one.pod.spec.node_name
            if place and home != SYSTEM:
                over = one.pod.status.phase in _OVER
                stays[place] += [Stay(home, one.name, name, count, over) for name, count in one.devices.items()]
        gap = snapshot.gap(Pod)
        complete = gap is None or gap.reason is GapReason.ABSENT
        for node in snapshot.all(Node):
            yield cls(metadata=node.metadata, node=node, stays=tuple(stays.get(node.name, ())), is_complete=complete)

    @property
    def subject(self) -> str:
        return self.node.subject

    def total(self, resource: str) -> int:
        return whole(self.node.status.allocatable.get(resource, "0"))
