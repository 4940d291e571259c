"""How accelerators are asked for, whoever made them; and stand-ins for those that no module here recognises."""

from __future__ import annotations

import copy
from collections.abc import Callable

from seatrial.catalog.roles import AcceleratorSource, SharedAccelerators, VirtualAccelerators
from seatrial.catalog.systems.kubernetes.core import Node, is_accelerator, runs_containers
from seatrial.kit.quantity import whole
from seatrial.model.fact import Obj
from seatrial.model.system import Holds, System

Request = Callable[[Obj, str, int], tuple[Obj, ...]]


def by_resource(resource: str) -> Request:
    """Ask for so many units of an extended resource."""

    def request(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
        pod = copy.deepcopy(pod)
        resources = _container(pod, container).setdefault("resources", {})
        resources.setdefault("limits", {})[resource] = str(count)
        return (pod,)

    return request


def by_claim(device_class: str) -> Request:
    """Ask by a claim. Each container gets one of its own, so that its neighbour in the pod gets none of it."""

    def request(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
        pod = copy.deepcopy(pod)
        name = f"{pod['metadata']['name']}-{container}"
        pod["spec"].setdefault("resourceClaims", []).append({"name": container, "resourceClaimName": name})
        resources = _container(pod, container).setdefault("resources", {})
        resources.setdefault("claims", []).append({"name": container})
        wanted = {"name": "accelerators", "exactly": {"deviceClassName": device_class, "count": count}}
        claim: Obj = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": name, **_namespace(pod)},
            "spec": {"devices": {"requests": [wanted]}},
        }
        return (pod, claim)

    return request


def _container(pod: Obj, name: str) -> Obj:
    containers: list[Obj] = pod["spec"]["containers"]
    return next(container for container in containers if container["name"] == name)


def _namespace(pod: Obj) -> Obj:
    return {key: value for key, value in pod["metadata"].items() if key == "namespace"}


def offers(node: Node, resource: str) -> bool:
    """Whether pods really run on this node with such a device."""
    return whole(node.status.allocatable.get(resource, "0")) > 0 and runs_containers(node)


# Domains of vendors whose accelerators a module here knows. Some of their hardware has no fractions at all.
RECOGNISED = ("nvidia.com", "amd.com", "gpu.intel.com", "habana.ai", "google.com", "aws.amazon.com", "seatrial.dev")
UNDIVIDED = ("google.com",)


def _any(node: Node) -> bool:
    return any(is_accelerator(resource) and whole(amount) for resource, amount in node.status.allocatable.items())


def _divisible(node: Node) -> bool:
    return any(domain not in UNDIVIDED for domain in _domains(node))


def _foreign(node: Node) -> bool:
    return any(domain not in RECOGNISED for domain in _domains(node))


def _domains(node: Node) -> set[str]:
    return {
        resource.partition("/")[0]
        for resource, amount in node.status.allocatable.items()
        if is_accelerator(resource) and whole(amount)
    }


def _nobody_knows_how(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
    return (pod,)


_PLUGINS = "https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/"

UNRECOGNISED = System(
    id="unrecognised-accelerators",
    title="Accelerators of a kind that is not recognised",
    home=_PLUGINS,
    found_by=Holds(Node, _any, "extended resources"),
    roles=(
        AcceleratorSource(
            player="unrecognised-accelerators",
            stand_in=True,
            kind="unrecognised",
            mechanism="unrecognised",
            devices="",
            request=_nobody_knows_how,
        ),
    ),
)

UNDIVIDED_ACCELERATORS = System(
    id="undivided-accelerators",
    title="Accelerators that could be divided, or of which nobody knows, where nothing offers fractions of them",
    home=_PLUGINS,
    found_by=Holds(Node, _divisible, "accelerators that are not known to be indivisible"),
    roles=(SharedAccelerators(player="undivided-accelerators", stand_in=True, kind="undivided", devices=""),),
)

PERHAPS_VIRTUAL_ACCELERATORS = System(
    id="perhaps-virtual-accelerators",
    title="Accelerators of a kind that is not recognised, which may be virtual",
    home=_PLUGINS,
    found_by=Holds(Node, _foreign, "accelerators of a vendor that is not recognised"),
    roles=(
        VirtualAccelerators(
            player="perhaps-virtual-accelerators",
            stand_in=True,
            kind="unrecognised",
            devices="",
            request=_nobody_knows_how,
        ),
    ),
)
