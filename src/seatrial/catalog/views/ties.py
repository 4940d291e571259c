"""What ties facts to others, for views that are drawn in parts. A fact without ties stands alone."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.fact import Fact


def alone(fact: Fact) -> tuple[str, ...]:
    return ()


def of_its_own(fact: Fact) -> tuple[str, ...]:
    return (fact.subject,)


def node(one: Node) -> tuple[str, ...]:
    return (f"node/{one.name}",)


def on_node(pod: Pod) -> tuple[str, ...]:
    return (f"node/{pod.spec.node_name}",) if pod.spec.node_name else ()


def on_node_and_named(pod: Pod) -> tuple[str, ...]:
    return (*on_node(pod), f"pod/{pod.metadata.namespace}/{pod.name}")


def offered_on(one: ResourceSlice) -> tuple[str, ...]:
    return (f"node/{one.spec.node_name}",)


def offered_on_from(one: ResourceSlice) -> tuple[str, ...]:
    """Its node, and the pool by which claims name what is in it."""
    return (*offered_on(one), f"pool/{one.spec.driver}/{one.spec.pool.name}")


def held_by(claim: ResourceClaim) -> tuple[str, ...]:
    """The pods that it is for, and the pools that its devices are of."""
    if claim.status.allocation is None:
        return ()
    pods = {f"pod/{claim.metadata.namespace}/{one.name}" for one in claim.status.reserved_for}
    return (*pods, *{f"pool/{one.driver}/{one.pool}" for one in claim.status.allocation.devices.results})
