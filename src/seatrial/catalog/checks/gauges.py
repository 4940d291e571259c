"""What exporters say of accelerators, device by device, held against the devices that nodes offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.kit.exposition import Series, series
from seatrial.kit.quantity import whole
from seatrial.model.fact import Obj

NOBODY = ("", "")


class Gauge(msgspec.Struct, frozen=True):
    """One device as an exporter shows it."""

    device: str
    node: str
    busy: float | None  # from 0 to 1; None where no series tells
    memory: bool  # whether its series of memory are all there
    holder: tuple[str, str]  # namespace and pod

    @property
    def whole(self) -> bool:
        return self.busy is not None and self.memory


class Owed(msgspec.Struct, frozen=True):
    """What should be seen of a node."""

    count: int
    names: frozenset[str] = frozenset()  # the devices that ResourceSlices name


def owed(metrics: AcceleratorMetrics, nodes: Iterable[Node], slices: Iterable[Obj]) -> dict[str, Owed]:
    """By ready node, how many devices it offers in the ways that this exporter speaks of."""
    named: defaultdict[str, set[str]] = defaultdict(set)
    for one in slices:
        spec = one.get("spec", {})
        if spec.get("driver") in metrics.drivers and spec.get("nodeName"):
            named[spec["nodeName"]] |= {_uuid(device) for device in spec.get("devices") or () if _is_whole(device)}
    found = {node.name: _owed(metrics, node, frozenset(named[node.name])) for node in nodes if _is_ready(node)}
    return {node: one for node, one in found.items() if one.count}


def _owed(metrics: AcceleratorMetrics, node: Node, names: frozenset[str]) -> Owed:
    units = sum(whole(node.status.allocatable.get(resource, "0")) for resource in metrics.resources)
    into = node.metadata.labels.get(metrics.divided_by, "")
    offered = units // int(into) if into.isdecimal() and int(into) else units
    return Owed(offered + len(names) if metrics.apart else max(offered, len(names)), names)


def _is_ready(node: Node) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)


def _uuid(device: Obj) -> str:
    attributes = _attributes(device)
    return str(attributes.get("uuid", {}).get("string") or device.get("name", ""))


def _is_whole(device: Obj) -> bool:
    """Partitions of a device are offered beside it."""
    return bool(_attributes(device).get("type", {}).get("string", "gpu") == "gpu")


def _attributes(device: Obj) -> Mapping[str, Obj]:
    found: Mapping[str, Obj] = device.get("basic", device).get("attributes") or {}
    return found


def read(metrics: AcceleratorMetrics, node: str, text: str) -> list[Gauge]:
    """The devices that a text tells of. ``node`` is the exporter's own, for series that name none."""
    names = {*metrics.utilisation, *(name for names in metrics.memory for name in names)}
    by_device: defaultdict[str, list[Series]] = defaultdict(list)
    for one in series(text, names):
        if device := _device(metrics, one.labels):
            by_device[device].append(one)
    return [_gauge(metrics, node, device, found) for device, found in sorted(by_device.items())]


def _device(metrics: AcceleratorMetrics, labels: Mapping[str, str]) -> str:
    values = (tuple(labels.get(label, "") for label in wanted) for wanted in metrics.device)
    return "/".join(next((found for found in values if all(found)), ()))


def _gauge(metrics: AcceleratorMetrics, node: str, device: str, found: Sequence[Series]) -> Gauge:
    there = {one.name for one in found if one.value >= 0}
    busy = [one.value / metrics.full for one in found if one.name in metrics.utilisation and one.value >= 0]
    labels = {name: value for one in found for name, value in one.labels.items() if value}
    holders = ((labels.get(namespace, ""), labels.get(pod, "")) for namespace, pod in metrics.holder)
    return Gauge(
        device=device,
        node=next((labels[label] for label in metrics.node if label in labels), node),
        busy=max(busy) if busy else None,
        memory=any(there.issuperset(names) for names in metrics.memory),
        holder=next((one for one in holders if all(one)), NOBODY),
    )


def shortcomings(metrics: AcceleratorMetrics, expected: Mapping[str, Owed], gauges: Sequence[Gauge]) -> list[str]:
    """What is missing, node by node."""
    by_node: defaultdict[str, list[Gauge]] = defaultdict(list)
    for one in gauges:
        by_node[one.node].append(one)
    return [problem for node, one in expected.items() if (problem := _short(metrics, node, one, by_node[node]))]


def _short(metrics: AcceleratorMetrics, node: str, wanted: Owed, found: Sequence[Gauge]) -> str:
    parts = {
        "utilisation": sum(1 for one in found if one.busy is not None),
        "memory": sum(1 for one in found if one.memory),
    }
    few = [f"{count} show their {what}" for what, count in parts.items() if count < wanted.count]
    if few:
        return f"of the {wanted.count} accelerators of node {node} {' and '.join(few)}"
    seen = {one.device for one in found if one.whole}
    missing = wanted.names - seen
    if missing and missing != wanted.names:  # where none fits, slices and series name devices in different ways
        return f"node {node} has {len(seen)} accelerators with series, and not among them {', '.join(sorted(missing))}"
    return ""
