"""Every accelerator of every node, with who holds it: as device plugins count them, and as DRA drivers name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import Device, ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views import ties
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.accelerator_pods import AcceleratorPod
from seatrial.kit.quantity import whole
from seatrial.model.fact import Fact, Meta, Snapshot, View
from seatrial.model.fleet import DeviceState, FleetDevice, FleetNode

_ENDED = ("Succeeded", "Failed")
_KEEPS_AWAY = ("NoSchedule", "NoExecute")

Key = tuple[str, str, str]  # driver, pool, device
Who = tuple[str, str]  # namespace and name
Holders = tuple[Who, ...]


class Accelerators(View, frozen=True):
    """What one node offers of one kind."""

    of = "accelerators"
    drawn_from = (AcceleratorNode, AcceleratorPod, Pod, ResourceSlice, ResourceClaim)
    ties = {
        AcceleratorNode: ties.node,
        AcceleratorPod: lambda one: ties.on_node_and_named(one.pod),
        Pod: ties.on_node_and_named,
        ResourceSlice: ties.offered_on_from,
        ResourceClaim: ties.held_by,
    }

    shown: FleetNode = FleetNode(name="", offers="")

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        pods = _by_node(snapshot)
        holders = _holders(snapshot)
        running = _running(snapshot, {name for whos in holders.values() for _, name in whos})
        slices: dict[str, list[ResourceSlice]] = defaultdict(list)
        for one in snapshot.all(ResourceSlice):
            slices[one.spec.node_name].append(one)
        for seen in snapshot.all(AcceleratorNode):
            product = ", ".join(seen.products)
            counted = _counted(seen, pods.get(seen.node.name, ()))
            named = _named(seen.node, slices.get(seen.node.name, ()), holders, running)
            for offers, devices in (*counted, *named):
                node = FleetNode(name=seen.node.name, offers=offers, product=product, devices=devices)
                yield cls(metadata=Meta(name=seen.node.name), shown=node)


def _by_node(snapshot: Snapshot) -> dict[str, list[AcceleratorPod]]:
    found: dict[str, list[AcceleratorPod]] = defaultdict(list)
    for one in snapshot.all(AcceleratorPod):
        if one.pod.spec.node_name and one.pod.status.phase not in _ENDED:
            found[one.pod.spec.node_name].append(one)
    return found


def _running(snapshot: Snapshot, names: set[str]) -> set[Who]:
    """Of the pods with these names, those that run."""
    return {
        (pod.metadata.namespace, pod.metadata.name)
        for pod in snapshot.all(Pod)
        if pod.metadata.name in names and pod.status.phase == "Running"
    }


def _counted(seen: AcceleratorNode, pods: Sequence[AcceleratorPod]) -> Iterator[tuple[str, tuple[FleetDevice, ...]]]:
    """A device plugin tells how many, not which: the pods' devices first, then what is free, then what is gone."""
    out = _takes_no_pods(seen.node)
    for resource, offered in seen.resources.items():
        held = [
            FleetDevice(
                DeviceState.HELD if one.pod.status.phase == "Running" else DeviceState.WAITING, holder=_who(one)
            )
            for one in pods
            for _ in range(one.devices.get(resource, 0))
        ]
        free = FleetDevice(DeviceState.UNUSABLE if out else DeviceState.FREE)
        gone = max(whole(seen.node.status.capacity.get(resource, "0")) - offered, 0)
        spare = max(offered - len(held), 0)
        yield resource, (*held, *(free,) * spare, *(FleetDevice(DeviceState.UNHEALTHY),) * gone)


def _named(
    node: Node,
    slices: Sequence[ResourceSlice],
    holders: Mapping[Key, Holders],
    running: set[Who],
) -> Iterator[tuple[str, tuple[FleetDevice, ...]]]:
    out = _takes_no_pods(node)
    devices: dict[str, list[FleetDevice]] = defaultdict(list)
    told: dict[Holders, tuple[DeviceState, str]] = {}  # many devices of a node have the same holders
    for one in slices:
        driver, pool = one.spec.driver, one.spec.pool.name
        for device in one.spec.devices:
            held = holders.get((driver, pool, device.name))
            if held is None:
                devices[driver].append(FleetDevice(_free(device, out=out), device.name))
                continue
            if held not in told:
                told[held] = _held(held, running), ", ".join("/".join(who) for who in held)
            state, holder = told[held]
            devices[driver].append(FleetDevice(state, device.name, holder))
    for driver, found in devices.items():
        yield driver, tuple(found)


def _held(held: Holders, running: set[Who]) -> DeviceState:
    return DeviceState.HELD if any(who in running for who in held) else DeviceState.WAITING


def _free(device: Device, *, out: bool) -> DeviceState:
    tainted = any(taint.effect in _KEEPS_AWAY for taint in device.taints)
    return DeviceState.UNUSABLE if out or tainted else DeviceState.FREE


def _holders(snapshot: Snapshot) -> dict[Key, Holders]:
    """Namespace and pod of whom a device is reserved for; a claim that nobody uses yet stands for itself."""
    found: dict[Key, Holders] = {}
    for claim in snapshot.all(ResourceClaim):
        if claim.status.allocation is None:
            continue
        namespace = claim.metadata.namespace
        names = [one.name for one in claim.status.reserved_for] or [f"claim {claim.name}"]
        who = tuple((namespace, name) for name in names)
        for result in claim.status.allocation.devices.results:
            if not result.admin_access:
                key = (result.driver, result.pool, result.device)
                found[key] = found[key] + who if key in found else who
    return found


def _takes_no_pods(node: Node) -> bool:
    ready = any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
    kept_away = any(taint.key.startswith("node.kubernetes.io/") for taint in node.spec.taints)
    return not ready or node.spec.unschedulable or kept_away


def _who(one: AcceleratorPod) -> str:
    return f"{one.metadata.namespace}/{one.name}"
