"""The lab's own accelerators: simulated devices that a real device plugin and a real DRA driver hand out."""

from __future__ import annotations

import copy

from seatrial.catalog.roles import AcceleratorSource
from seatrial.catalog.systems.kubernetes import Node
from seatrial.model.fact import Fact, Obj
from seatrial.model.system import Holds, Proof, System

RESOURCE = "seatrial.dev/accelerator"
DRIVER = "accelerator.seatrial.dev"  # also the name of its DeviceClass
_DEVICES = "/dev/seatrial/accel*"


class DeviceClass(Fact, frozen=True):
    of = "resource.k8s.io/deviceclasses"


def _by_resource(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
    pod = copy.deepcopy(pod)
    resources = _container(pod, container).setdefault("resources", {})
    resources.setdefault("limits", {})[RESOURCE] = str(count)
    return (pod,)


def _by_claim(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
    """Each container gets a claim of its own, so that its neighbour in the pod gets none of it."""
    pod = copy.deepcopy(pod)
    name = f"{pod['metadata']['name']}-{container}"
    pod["spec"].setdefault("resourceClaims", []).append({"name": container, "resourceClaimName": name})
    resources = _container(pod, container).setdefault("resources", {})
    resources.setdefault("claims", []).append({"name": container})
    request = {"name": "accelerators", "exactly": {"deviceClassName": DRIVER, "count": count}}
    claim: Obj = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, **_namespace(pod)},
        "spec": {"devices": {"requests": [request]}},
    }
    return (pod, claim)


def _container(pod: Obj, name: str) -> Obj:
    containers: list[Obj] = pod["spec"]["containers"]
    return next(container for container in containers if container["name"] == name)


def _namespace(pod: Obj) -> Obj:
    return {key: value for key, value in pod["metadata"].items() if key == "namespace"}


LAB_DEVICE_PLUGIN = System(
    id="lab-device-plugin",
    title="The lab's device plugin",
    home="",
    found_by=Holds(
        Node, lambda node: node.status.allocatable.get(RESOURCE, "0") != "0", f"{RESOURCE} among what it can allocate"
    ),
    roles=(
        AcceleratorSource(
            player="lab-device-plugin",
            kind="seatrial-simulated",
            mechanism="device-plugin",
            devices=_DEVICES,
            request=_by_resource,
        ),
    ),
    proof=Proof.REAL_PROCESS,
)

LAB_DRA_DRIVER = System(
    id="lab-dra-driver",
    title="The lab's DRA driver",
    home="",
    found_by=Holds(DeviceClass, lambda entry: entry.name == DRIVER, f"the driver {DRIVER}"),
    facts=(DeviceClass,),
    roles=(
        AcceleratorSource(
            player="lab-dra-driver",
            kind="seatrial-simulated",
            mechanism="dra",
            devices=_DEVICES,
            creates=("resource.k8s.io/resourceclaims",),
            request=_by_claim,
        ),
    ),
    proof=Proof.REAL_PROCESS,
)
