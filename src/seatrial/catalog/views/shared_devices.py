"""Devices that several pods hold at once, and whose pods these are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import Allotted, ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.nvidia_gpu_operator import SHARING
from seatrial.catalog.views import ties
from seatrial.catalog.views.accelerator_pods import AcceleratorPod
from seatrial.model.fact import Fact, GapReason, Meta, Snapshot, View

_REPLICAS, _COUNT = "nvidia.com/gpu.replicas", "nvidia.com/gpu.count"
_HAMI = "hami.io/vgpu-devices-allocated"
_HAMI_DEVICE = re.compile(r"([A-Za-z0-9._-]{1,100}),[A-Za-z0-9-]{1,50},")
_OVER = ("Succeeded", "Failed")


def _devices_of(claim: ResourceClaim) -> Iterable[str]:
    return {f"{one.driver}/{one.pool}/{one.device}" for one in _results(claim)}


class SharedDevice(View, frozen=True):
    """One device, or the devices of one node where nobody says which of them a pod got."""

    of = "shared-devices"
    drawn_from = (Node, Pod, AcceleratorPod, ResourceClaim)
    ties = {
        Node: ties.node,
        Pod: lambda pod: {f"hami/{device}" for device in _noted(pod)},
        AcceleratorPod: lambda one: ties.on_node(one.pod),
        ResourceClaim: _devices_of,
    }

    how: str = ""
    devices: int = 1
    tenants: dict[str, tuple[str, ...]] = {}  # namespace → its pods or claims
    complete: bool = True  # whether all who could hold it were read

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        yield from _on_nodes(snapshot)
        yield from _claimed(snapshot)


def _on_nodes(snapshot: Snapshot) -> Iterator[SharedDevice]:
    """NVIDIA's time-slicing and MPS by node labels; HAMi by what it writes on pods."""
    nodes = {node.name: node for node in snapshot.all(Node) if _strategy(node)}
    holders: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in nodes}
    virtual: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for pod in snapshot.all(Pod):
        if pod.metadata.annotations and pod.status.phase not in _OVER:
            for device in _noted(pod):
                virtual[device][pod.metadata.namespace].append(pod.name)
    for one in snapshot.all(AcceleratorPod):
        place, is_over = one.pod.spec.node_name, one.pod.status.phase in _OVER
        if place in nodes and not is_over and any(name.startswith("nvidia.com/") for name in one.devices):
            holders[place][one.metadata.namespace].append(one.name)
    complete = _is_read(snapshot, Pod)
    for name, node in nodes.items():
        count = node.metadata.labels.get(_COUNT, "")
        devices = int(count) if count.isdecimal() and len(count) < 4 else 1
        yield _drawn(f"node/{name}", _strategy(node), holders[name], complete, devices)
    for device, tenants in virtual.items():
        yield _drawn(f"hami/{device}", "HAMi", tenants, complete)


def _claimed(snapshot: Snapshot) -> Iterator[SharedDevice]:
    claims: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for claim in snapshot.all(ResourceClaim):
        for one in _results(claim):
            if not one.admin_access:
                claims[f"{one.driver}/{one.pool}/{one.device}"][claim.metadata.namespace].append(claim.name)
    complete = _is_read(snapshot, ResourceClaim)
    for device, tenants in claims.items():
        if sum(map(len, tenants.values())) > 1:
            yield _drawn(device, "several allocations of one device", tenants, complete)


def _noted(pod: Pod) -> set[str]:
    note = pod.metadata.annotations.get(_HAMI)
    return set(_HAMI_DEVICE.findall(note[:10_000])) if note else set()


def _results(claim: ResourceClaim) -> tuple[Allotted, ...]:
    return claim.status.allocation.devices.results if claim.status.allocation else ()


def _drawn(name: str, how: str, tenants: dict[str, list[str]], complete: bool, devices: int = 1) -> SharedDevice:
    held = {space: tuple(names) for space, names in tenants.items()}
    return SharedDevice(metadata=Meta(name=name), how=how, devices=devices, tenants=held, complete=complete)


def _strategy(node: Node) -> str:
    labels = node.metadata.labels
    strategy = labels.get(SHARING, "none")
    if strategy != "none":
        return strategy
    replicas = labels.get(_REPLICAS, "")
    return "replicas" if replicas.isdecimal() and len(replicas) < 6 and int(replicas) > 1 else ""


def _is_read(snapshot: Snapshot, kind: type[Fact]) -> bool:
    gap = snapshot.gap(kind)
    return gap is None or gap.reason is GapReason.ABSENT
