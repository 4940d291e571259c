"""What a monitoring system has of each node's accelerators, held against what the node offers and who holds it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems import exporters
from seatrial.catalog.systems.device_metrics import (
    IDLE_FOR,
    DeviceAge,
    DeviceUse,
    DeviceUseOfLate,
    device_of,
    nodes_of,
    pods_of,
)
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views import ties
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.fleet import Accelerators
from seatrial.model.fact import Fact, GapReason, Meta, Series, Shape, Snapshot, View
from seatrial.model.fleet import DeviceState
from seatrial.model.system import Holds

_ROLES = tuple(role for one in exporters.RECOGNISED for role in one.roles if isinstance(role, AcceleratorMetrics))

_HAMI = "hami.io/node-nvidia-register"

Who = tuple[str, str]  # namespace and pod
Pods = Mapping[Who, Pod]


class DeviceReading(Shape, frozen=True):
    device: str
    holder: str = ""  # namespace/pod, as its series say
    busy: float = 0.0  # from 0 to 1
    age: float | None = None  # how many times it should have been collected again
    of_late: float | None = None  # the most of a time that its holder has had it throughout


def _told_of(series: Series) -> tuple[str, ...]:
    """Its device, and the nodes and pods that it may be about."""
    pods = (f"pod/{namespace}/{pod}" for namespace, pod in pods_of(series))
    return (*(f"node/{name}" for name in nodes_of(series)), *pods)


class NodeReadings(View, frozen=True):
    of = "readings"
    drawn_from = (AcceleratorNode, Accelerators, ResourceSlice, Pod, DeviceUse, DeviceUseOfLate, DeviceAge)
    ties = {
        AcceleratorNode: ties.node,
        Accelerators: ties.node,
        ResourceSlice: ties.offered_on,
        Pod: ties.on_node_and_named,
        **dict.fromkeys((DeviceUse, DeviceUseOfLate, DeviceAge), _told_of),
    }

    node: AcceleratorNode = AcceleratorNode()
    offered: int = 0  # devices of which exporters are known to tell
    held: int = 0  # of these, as Kubernetes tells
    devices: tuple[DeviceReading, ...] = ()

    @property
    def subject(self) -> str:
        return self.node.subject

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        """Nothing where something could not be read: a series that nobody asked for is not missing."""
        gaps = [gap for kind in cls.drawn_from if (gap := snapshot.gap(kind)) is not None]
        if any(gap.reason is not GapReason.ABSENT for gap in gaps):
            return
        told = any(snapshot.all(kind) for kind in (DeviceUse, DeviceUseOfLate, DeviceAge))
        pods = {(one.metadata.namespace, one.name): one for one in snapshot.all(Pod)} if told else {}
        nodes = {one.name for one in snapshot.all(AcceleratorNode)}
        seen: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
        for kind in (DeviceUse, DeviceUseOfLate, DeviceAge):
            for one in snapshot.all(kind):
                if device := device_of(one):
                    seen[node_of(one, nodes, pods)][device].append(one)
        whole, held = _whole(snapshot), _held(snapshot)
        for node in snapshot.all(AcceleratorNode):
            offered = sum(_offered(role, node, whole.get(node.name, {})) for role in _ROLES)
            yield cls(
                metadata=Meta(name=node.name),
                node=node,
                offered=offered,
                held=min(held.get(node.name, 0), offered),
                devices=tuple(
                    _read(name, told, pods, snapshot.taken_at)
                    for name, told in seen[node.name].items()
                    if any(isinstance(one, DeviceUse) for one in told)  # others may be of a device that has gone silent
                ),
            )


def node_of(series: Series, nodes: set[str], pods: Pods) -> str:
    """By its labels, or else where the exporter runs from which it was collected."""
    named = next((name for name in nodes_of(series) if name in nodes), "")
    return named or next((pods[who].spec.node_name for who in pods_of(series)[::-1] if who in pods), "")


def _whole(snapshot: Snapshot) -> dict[str, dict[str, int]]:
    """Devices by node and driver; partitions are offered beside the device that they are of."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in snapshot.all(ResourceSlice):
        parts = [device for device in one.spec.devices if device.attribute("type") in ("", "gpu")]
        found[one.spec.node_name][one.spec.driver] += len(parts)
    return found


def _held(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for one in snapshot.all(Accelerators):
        found[one.name] += sum(device.state is DeviceState.HELD for device in one.shown.devices)
    return found


def _offered(role: AcceleratorMetrics, node: AcceleratorNode, drivers: Mapping[str, int]) -> int:
    if _HAMI in node.node.metadata.annotations:  # it offers each device many times, and no label says how many
        return 0
    units = sum(node.resources.get(name, 0) for name in role.resources)
    into = node.labels.get(role.divided_by, "")
    counted = units // int(into) if into.isdecimal() and len(into) < 5 and int(into) else units
    named = sum(drivers.get(name, 0) for name in role.drivers)
    return counted + named if role.apart else max(counted, named)


def _read(device: str, told: list[Series], pods: Pods, now: dt.datetime) -> DeviceReading:
    who = next((found for one in told if isinstance(one, DeviceUse) and (found := holder_of(one, pods))), None)
    ages = [one.value for one in told if isinstance(one, DeviceAge)]
    late = [one.value for one in told if isinstance(one, DeviceUseOfLate) and holder_of(one, pods) == who]
    return DeviceReading(
        device=device,
        holder="/".join(who or ()),
        busy=max((one.value for one in told if isinstance(one, DeviceUse)), default=0.0),
        age=min(ages, default=None),
        of_late=max(late) if late and who and _has_stood(pods.get(who), now) else None,
    )


def holder_of(series: Series, pods: Pods) -> Who | None:
    """Who its labels say has it; those of the exporter's own pod are put on by whoever collects."""
    return next((who for who in pods_of(series) if who not in pods or not _exports(pods[who])), None)


def _exports(pod: Pod) -> bool:
    return any(isinstance(one.found_by, Holds) and one.found_by.where(pod) for one in exporters.RECOGNISED)


def _has_stood(pod: Pod | None, now: dt.datetime) -> bool:
    began = pod.status.start_time if pod is not None else None
    return began is not None and now - began > dt.timedelta(minutes=IDLE_FOR)
