"""Cluster Autoscaler: nodes of given groups for pods that wait. It tells how it stands in a ConfigMap.

It is found by its pod, so one that a provider runs outside the cluster is not: to look for its ConfigMap, everybody's
would have to be read.
"""

from __future__ import annotations

import msgspec

from seatrial.catalog.systems.exporters import called
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kubernetes.pods import KNOWN_BY, Pod
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Holds, Proof, System

NAME = "cluster-autoscaler"
STATUS = f"{NAME}-status"  # the ConfigMap, in its own namespace
KEPT = f"{NAME}.kubernetes.io/safe-to-evict"  # "false" on a pod: its node stays
FIXED = f"{NAME}.kubernetes.io/scale-down-disabled"  # "true" on a node: it stays


class Health(Shape, frozen=True):
    status: str = ""
    cloud_provider_target: int = 0
    min_size: int = 0
    max_size: int = 0


class Activity(Shape, frozen=True):
    status: str = ""


class NodeGroup(Shape, frozen=True):
    name: str = ""
    health: Health = Health()
    scale_up: Activity = Activity()
    scale_down: Activity = Activity()


class Everywhere(Shape, frozen=True):
    health: Health = Health()
    scale_up: Activity = Activity()
    scale_down: Activity = Activity()


class AutoscalerStatus(Shape, frozen=True):
    autoscaler_status: str  # always there since 1.30
    cluster_wide: Everywhere = Everywhere()
    node_groups: tuple[NodeGroup, ...] = ()


def status_of(config: ConfigMap) -> AutoscalerStatus:
    """What the ConfigMap says. Before 1.30 it was prose, which nobody can read for certain: that raises BadSettings."""
    told = settings(config, "status")
    try:
        return msgspec.convert(told, AutoscalerStatus)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{config.subject} status: {error}") from error


class ProvisioningSpec(Shape, frozen=True):
    provisioning_class_name: str = ""


class ProvisioningRequest(Fact, frozen=True):
    """Nodes for all pods of a set at once, or for none."""

    of = "autoscaling.x-k8s.io/provisioningrequests"

    spec: ProvisioningSpec = ProvisioningSpec()


CLUSTER_AUTOSCALER = System(
    id="cluster-autoscaler",
    title="Cluster Autoscaler",
    home="https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler",
    found_by=Holds(Pod, called(NAME), f"a pod that is called {NAME}", KNOWN_BY),
    facts=(ConfigMap, ProvisioningRequest),
    proof=Proof.DOCUMENTS,
)
