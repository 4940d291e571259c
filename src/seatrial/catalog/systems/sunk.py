"""SUNK: CoreWeave's Slurm on Kubernetes. Its nodes are pods, and its scheduler can place other pods beside them."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Served, System

_GROUP = "sunk.coreweave.com"

LOCK = f"{_GROUP}/lock"  # the taint of a node on which a Slurm job runs
EXCLUSIVE, ACCOUNT, PARTITION = (f"{_GROUP}/{name}" for name in ("exclusive", "account", "partition"))  # on pods
SCHEDULER = "sunk-scheduler"  # the name label of its scheduler's pods


class SlurmScheduler(Shape, frozen=True):
    enabled: bool = False


class Switch(Shape, frozen=True):
    enabled: bool = True


class SunkClusterSpec(Shape, frozen=True):
    sunk_version: str = ""
    slurm_version: str = ""
    cuda_version: str = ""
    nodes: tuple[dict[str, Any], ...] = ()
    slurm_config: dict[str, str] = {}
    scheduler: SlurmScheduler = SlurmScheduler()
    nvidia_device_plugin: Switch = Switch()


class SunkStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class SunkCluster(Fact, frozen=True):
    """A whole cluster that the operator makes; those installed by charts have none."""

    of = f"{_GROUP}/sunkclusters"

    spec: SunkClusterSpec = SunkClusterSpec()
    status: SunkStatus = SunkStatus()


class NodeSetSpec(Shape, frozen=True):
    replicas: int | None = None


class NodeSet(Fact, frozen=True):
    """Slurm's nodes: pods, one to a node of Kubernetes, which no other scheduler should use."""

    of = f"{_GROUP}/nodesets"

    spec: NodeSetSpec = NodeSetSpec()


SUNK = System(
    id="sunk",
    title="SUNK: Slurm on Kubernetes by CoreWeave",
    home="https://docs.coreweave.com/products/sunk",
    found_by=Served(NodeSet.of),
    facts=(NodeSet, SunkCluster),
    proof=Proof.DOCUMENTS,
)
