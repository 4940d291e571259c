"""The lab's own accelerators and network cards: simulated devices that a real device plugin and real DRA drivers hand out."""

from __future__ import annotations

from seatrial.catalog.roles import (
    AcceleratorSource,
    DriverVersions,
    FastNetwork,
    SharedAccelerators,
    Shown,
    VirtualAccelerators,
)
from seatrial.catalog.systems.accelerators import by_claim, by_resource
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.model.system import Holds, Proof, System

_DOMAIN = (
    "seatrial.dev"  # what hands out devices of this never hands out those of another: see lab/programs/kube/accelerator
)
RESOURCE = f"{_DOMAIN}/accelerator"
DRIVER = "accelerator.seatrial.dev"  # of this and of the next two there is a DeviceClass of the same name
VIRTUAL_DRIVER = "virtual.accelerator.seatrial.dev"
CARD_DRIVER = "nic.seatrial.dev"
_KIND = "seatrial-simulated"
_DEVICES = "/dev/seatrial/accel*"
_CLAIMS = ("resource.k8s.io/resourceclaims",)
_LABELS = (f"{RESOURCE}.driver-version",)
_SHOWN = (Shown("/run/seatrial/driver-version", r"version (\d+(?:\.\d+)+)"),)


def _of_class(name: str) -> Holds:
    return Holds(DeviceClass, lambda entry: entry.name == name, f"the driver {name}")


def _on_a_node(resource: str) -> Holds:
    return Holds(
        Node, lambda node: node.status.allocatable.get(resource, "0") != "0", f"{resource} among what it can allocate"
    )


LAB_DEVICE_PLUGIN = System(
    id="lab-device-plugin",
    title="The lab's device plugin",
    home="",
    found_by=_on_a_node(RESOURCE),
    roles=(
        AcceleratorSource(
            player="lab-device-plugin",
            holds=RESOURCE,
            kind=_KIND,
            mechanism="device-plugin",
            devices=_DEVICES,
            request=by_resource(RESOURCE),
            versions=DriverVersions(labels=_LABELS, shown=_SHOWN),
        ),
    ),
    proof=Proof.SIMULATED,
)

LAB_DRA_DRIVER = System(
    id="lab-dra-driver",
    title="The lab's DRA driver",
    home="",
    found_by=_of_class(DRIVER),
    facts=(DeviceClass,),
    roles=(
        AcceleratorSource(
            player="lab-dra-driver",
            holds=f"{_DOMAIN}/{DRIVER}",
            kind=_KIND,
            mechanism="dra",
            devices=_DEVICES,
            creates=_CLAIMS,
            request=by_claim(DRIVER),
            versions=DriverVersions(labels=_LABELS, driver=DRIVER, shown=_SHOWN),
        ),
    ),
    proof=Proof.SIMULATED,
)

LAB_SHARED_ACCELERATOR = System(
    id="lab-shared-accelerator",
    title="The accelerator that the lab's device plugin divides",
    home="",
    found_by=_on_a_node(f"{RESOURCE}.shared"),
    roles=(
        SharedAccelerators(
            player="lab-shared-accelerator",
            holds=f"{RESOURCE}.shared",
            kind=_KIND,
            devices=_DEVICES,
            units=(f"{RESOURCE}.shared",),
        ),
    ),
    proof=Proof.SIMULATED,
)

LAB_VIRTUAL_ACCELERATORS = System(
    id="lab-virtual-accelerators",
    title="The lab's virtual accelerators",
    home="",
    found_by=_of_class(VIRTUAL_DRIVER),
    roles=(
        VirtualAccelerators(
            player="lab-virtual-accelerators",
            holds=f"{_DOMAIN}/{VIRTUAL_DRIVER}",
            kind=_KIND,
            devices="/dev/seatrial/vaccel*",
            creates=_CLAIMS,
            request=by_claim(VIRTUAL_DRIVER),
            driver=VIRTUAL_DRIVER,
            parent="parentUUID",
        ),
    ),
    proof=Proof.SIMULATED,
)

LAB_NETWORK_CARDS = System(
    id="lab-network-cards",
    title="The lab's fast network cards",
    home="",
    found_by=_of_class(CARD_DRIVER),
    roles=(
        FastNetwork(
            player="lab-network-cards",
            creates=_CLAIMS,
            driver=CARD_DRIVER,
            classes=(CARD_DRIVER,),
            tells={"bandwidth": "bandwidth", "rdma": "rdma", "pci": "pciAddress", "numa": "numaNode"},
        ),
    ),
    proof=Proof.SIMULATED,
)
