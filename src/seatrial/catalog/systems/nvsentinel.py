"""NVSentinel: finds faulty accelerators, takes their nodes out of use, drains them and has them mended."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Holds, Proof, System

STATE = "dgxc.nvidia.com/nvsentinel-state"  # a node's label: quarantined, draining, drain-succeeded, remediating, …
LABELS = "nvsentinel.dgxc.nvidia.com/"  # how those begin by which it tells what a node has: driver.installed, …
EVENT = "quarantineHealthEvent"  # a node's annotation: what was found
MANAGED = "k8saas.nvidia.com/ManagedByNVSentinel"  # "false" on a node: it is let alone
_JANITOR = "janitor.dgxc.nvidia.com"


class OneNode(Shape, frozen=True):
    node_name: str = ""


class RepairStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class Repair(Fact, frozen=True):
    """What is done to one node; each kind of work is a kind of object."""

    spec: OneNode = OneNode()
    status: RepairStatus = RepairStatus()


class RebootNode(Repair, frozen=True):
    of = f"{_JANITOR}/rebootnodes"


class TerminateNode(Repair, frozen=True):
    of = f"{_JANITOR}/terminatenodes"


class GPUReset(Repair, frozen=True):
    of = f"{_JANITOR}/gpuresets"


def _labelled(node: Node) -> bool:
    return STATE in node.metadata.labels or any(label.startswith(LABELS) for label in node.metadata.labels)


NVSENTINEL = System(
    id="nvsentinel",
    title="NVSentinel",
    home="https://docs.nvidia.com/nvsentinel/",
    found_by=Holds(Node, _labelled, "a label of NVSentinel"),
    facts=(RebootNode, TerminateNode, GPUReset),
    proof=Proof.DOCUMENTS,
)
