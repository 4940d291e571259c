"""Nodes with accelerators, as device plugins, feature discovery and DRA drivers describe them together; and their pools."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.accelerator_lab import DRIVER, RESOURCE, VIRTUAL_DRIVER
from seatrial.catalog.systems.kubernetes.core import IMPLICIT, Node, is_accelerator
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.vendors import AMD, INTEL, NEURON, NVIDIA, TPU
from seatrial.catalog.views import ties
from seatrial.kit.quantity import whole
from seatrial.model.fact import Fact, GapReason, Meta, Shape, Snapshot, View

VENDORS = (NVIDIA, AMD, INTEL, TPU, NEURON)
DRIVERS = {vendor.driver: vendor.id for vendor in VENDORS} | {DRIVER: "lab", VIRTUAL_DRIVER: "lab"}
_DOMAINS = {vendor.resource.partition("/")[0]: vendor.id for vendor in VENDORS} | {RESOURCE.partition("/")[0]: "lab"}
_ATTRIBUTES = {vendor.driver: vendor.attribute for vendor in VENDORS}
_LABELS = {NVIDIA.id: NVIDIA.labels, AMD.id: AMD.labels, "lab": (f"{RESOURCE}.driver-version",)}
_PRODUCTS = ("nvidia.com/gpu.product", "amd.com/gpu.product-name", "gpu.intel.com/product")
_POOLS = (
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "oke.oraclecloud.com/pool.name",
    "node.cluster.x-k8s.io/pool",
    "doks.digitalocean.com/node-pool",
)


NOT_ALL_OF_A_POOL = "not all nodes, or not all that is said of them, could be read"


class Said(Shape, frozen=True):
    """A driver's version, and who says it."""

    where: str
    vendor: str
    version: str


class AcceleratorNode(View, frozen=True):
    of = "accelerator-nodes"
    drawn_from = (Node, ResourceSlice)
    ties = {Node: ties.node, ResourceSlice: ties.offered_on}

    node: Node = Node()
    resources: dict[str, int] = {}  # what device plugins offer
    drivers: dict[str, int] = {}  # what DRA drivers offer
    products: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    seen_at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        slices: dict[str, list[ResourceSlice]] = defaultdict(list)
        for one in snapshot.all(ResourceSlice):
            if one.spec.driver in DRIVERS and one.spec.node_name:
                slices[one.spec.node_name].append(one)
        for node in snapshot.all(Node):
            drawn = _drawn(node, slices.get(node.name, []), snapshot.taken_at)
            if drawn.resources or drawn.drivers or drawn.products:
                yield drawn

    @property
    def subject(self) -> str:
        return self.node.subject

    @property
    def labels(self) -> Mapping[str, str]:
        return self.node.metadata.labels

    def claimable(self, resource: str) -> int:
        """Devices of the same vendor that DRA offers here; a DeviceClass may hand them out under that name."""
        vendor = vendor_of(resource.rpartition("/")[2] if resource.startswith(IMPLICIT) else resource)
        return sum(count for driver, count in self.drivers.items() if DRIVERS[driver] == vendor or driver == vendor)

    @property
    def pool(self) -> str:
        return next((self.labels[key] for key in _POOLS if self.labels.get(key)), "")


class AcceleratorPool(View, frozen=True):
    """Nodes of one pool with the same product: whoever asks for one of them may get any."""

    of = "accelerator-pools"
    drawn_from = (AcceleratorNode,)

    nodes: tuple[AcceleratorNode, ...] = ()
    whole: bool = True  # all nodes were read, and all that is said of them

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        pools: dict[str, list[AcceleratorNode]] = defaultdict(list)
        for node in snapshot.all(AcceleratorNode):
            product = "+".join(node.products) or "+".join(sorted({*node.resources, *node.drivers}))
            pools[f"{node.pool or 'no-pool'}/{product}"].append(node)
        gap = snapshot.gap(AcceleratorNode)
        for name, nodes in pools.items():
            yield cls(metadata=Meta(name=name), nodes=tuple(nodes), whole=gap is None or gap.reason is GapReason.ABSENT)


def vendor_of(resource: str) -> str:
    """Who made the devices that an extended resource counts; its domain where no module here knows."""
    domain = resource.partition("/")[0]
    return _DOMAINS.get(domain, domain)


def _drawn(node: Node, slices: list[ResourceSlice], now: dt.datetime) -> AcceleratorNode:
    drivers: dict[str, int] = defaultdict(int)
    for one in slices:
        drivers[one.spec.driver] += len(one.spec.devices)
    resources = {name: _count(amount) for name, amount in node.status.allocatable.items() if is_accelerator(name)}
    labels = node.metadata.labels
    named = {labels[key] for key in _PRODUCTS if labels.get(key)}
    named |= {device.attribute("productName") for one in slices for device in one.spec.devices} - {""}
    return AcceleratorNode(
        metadata=Meta(name=node.name, labels=labels),
        node=node,
        resources={name: count for name, count in resources.items() if count},
        drivers={name: count for name, count in drivers.items() if count},
        products=tuple(sorted(named)),
        said=tuple(dict.fromkeys((*_by_labels(labels), *_by_slices(slices)))),
        seen_at=now,
    )


def _by_labels(labels: Mapping[str, str]) -> Iterator[Said]:
    for vendor, keys in _LABELS.items():
        yield from (Said(f"label {key}", vendor, labels[key]) for key in keys if labels.get(key))


def _by_slices(slices: list[ResourceSlice]) -> Iterator[Said]:
    for one in slices:
        name = _ATTRIBUTES.get(one.spec.driver, "driverVersion")
        for version in dict.fromkeys(device.attribute(name) for device in one.spec.devices):
            if version:
                yield Said(f"slice {one.name}", DRIVERS[one.spec.driver], version)


def _count(amount: str) -> int:
    """What is no amount is offered by nobody."""
    try:
        return whole(amount)
    except ValueError:
        return 0
