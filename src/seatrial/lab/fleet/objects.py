"""The objects of a fleet: nodes, their ResourceSlices, and a DeviceClass for each driver."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

from seatrial.lab.fleet.products import PRODUCTS, Product
from seatrial.model.fact import Obj
from seatrial.model.lab import FleetGroup, LabSpec

MARK = "kwok.x-k8s.io/node"
NODES_PER_RACK, RACKS_PER_ZONE = 8, 8


def nodes(spec: LabSpec) -> Iterator[Obj]:
    for position, (group, index) in enumerate(_places(spec)):
        yield _node(group, PRODUCTS[group.product], index, position)


def slices(spec: LabSpec) -> Iterator[Obj]:
    for group, index in _places(spec):
        if group.advertise in ("dra", "both"):
            yield _slice(group, PRODUCTS[group.product], index)


def device_classes(spec: LabSpec) -> Iterator[Obj]:
    drivers = sorted({PRODUCTS[group.product].driver for group in spec.fleet if group.advertise in ("dra", "both")})
    for driver in drivers:
        yield device_class(driver)


def device_class(driver: str) -> Obj:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": driver, "labels": {"seatrial.dev/simulated": "true"}},
        "spec": {"selectors": [{"cel": {"expression": f"device.driver == '{driver}'"}}]},
    }


def _places(spec: LabSpec) -> Iterator[tuple[FleetGroup, int]]:
    for group in spec.fleet:
        for index in range(group.nodes):
            yield group, index


def node_name(group: FleetGroup, index: int) -> str:
    return f"{group.product}-{index:04}"


def _node(group: FleetGroup, product: Product, index: int, position: int) -> Obj:
    name, version = node_name(group, index), group.driver_version or product.driver_version
    rack = position // NODES_PER_RACK
    amounts = {"cpu": "128", "memory": "2Ti", "pods": "250", "ephemeral-storage": "4Ti"}
    if group.advertise in ("plugin", "both"):
        amounts[product.resource] = str(group.devices)
    labels = {key: text.format(name=product.name, version=version) for key, text in product.labels.items()}
    labels |= {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{rack // RACKS_PER_ZONE}",
        "seatrial.dev/rack": f"rack-{rack}",
        "seatrial.dev/product": group.product,
        "seatrial.dev/simulated": "true",
        "type": "kwok",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {MARK: "fake"} | _notes(group, product, version)},
        "spec": {},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def _notes(group: FleetGroup, product: Product, version: str) -> dict[str, str]:
    """What the fleet's exporters tell of its devices; see lab/programs/kube/accelerator."""
    notes = {
        "vendor": product.vendor.lower(),
        "product-name": product.name,
        "resource": product.resource,
        "devices": str(group.devices),
        "memory": product.memory,
        "driver-version": version,
    }
    return {f"seatrial.dev/{key}": value for key, value in notes.items()}


def _slice(group: FleetGroup, product: Product, index: int) -> Obj:
    node = node_name(group, index)
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {
            "name": f"{node}-{product.driver.replace('.', '-')}",
            "labels": {"seatrial.dev/simulated": "true"},
        },
        "spec": {
            "driver": product.driver,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [_device(group, product, node, number) for number in range(group.devices)],
        },
    }


def _device(group: FleetGroup, product: Product, node: str, number: int) -> Obj:
    serial = hashlib.sha256(f"{node}/{number}".encode()).digest()[:16]
    return {
        "name": f"gpu-{number}",
        "attributes": {
            "productName": {"string": product.name},
            "uuid": {"string": f"GPU-{uuid.UUID(bytes=serial)}"},
            "driverVersion": {"version": _semantic(group.driver_version or product.driver_version)},
            "index": {"int": number},
        },
        "capacity": {"memory": {"value": product.memory}},
    }


def _semantic(version: str) -> str:
    """DRA wants semantic versions, without leading zeros: 595.91.07 is 595.91.7."""
    parts = [*version.split("."), "0", "0"][:3]
    return ".".join(str(int(part)) if part.isdigit() else part for part in parts)
