"""Accelerators that no other module here recognises: they are there, and nothing can be said about them."""

from __future__ import annotations

from seatrial.catalog.roles import AcceleratorSource
from seatrial.catalog.systems.kubernetes import Node, is_accelerator
from seatrial.kit.quantity import whole
from seatrial.model.fact import Obj
from seatrial.model.system import Holds, System


def _any(node: Node) -> bool:
    return any(is_accelerator(resource) and whole(amount) for resource, amount in node.status.allocatable.items())


def _nobody_knows_how(pod: Obj, container: str, count: int) -> tuple[Obj, ...]:
    return (pod,)


UNRECOGNISED = System(
    id="unrecognised-accelerators",
    title="Accelerators of a kind that is not recognised",
    home="https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/",
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
