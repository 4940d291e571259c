"""Whether a node is one that a pod selects and tolerates, by the scheduler's rules; room is another question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import PodSpec, Taint, Toleration
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.views import selectors

_BARRING = ("NoSchedule", "NoExecute")
_GKE = "cloud.google.com/gke-accelerator"  # a label
_UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


def admits(node: Node, spec: PodSpec) -> bool:
    """Cordoned nodes admit nobody who does not say so; those that are not ready come back."""
    tolerations = (*spec.tolerations, *(_added(spec) if _GKE in node.metadata.labels else ()))
    return selects(spec, node) and all(any(tolerates(one, taint) for one in tolerations) for taint in barring(node))


def barring(node: Node) -> list[Taint]:
    """The taints that keep pods away which do not tolerate them."""
    taints = (*node.spec.taints, *((_UNSCHEDULABLE,) if node.spec.unschedulable else ()))
    return [one for one in taints if one.effect in _BARRING and not one.key.startswith("node.kubernetes.io/not-ready")]


def _added(spec: PodSpec) -> Iterable[Toleration]:
    """Where admission gives a pod tolerations that are named after the accelerators that it asks for; some clouds turn that on."""
    return (Toleration(key=name, operator="Exists", effect="NoSchedule") for name in accelerators(spec))


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return not toleration.key or toleration.key == taint.key
    return toleration.key == taint.key and toleration.value == taint.value


def selects(spec: PodSpec, node: Node) -> bool:
    return selectors.selects(spec.node_selector, required_affinity(spec), node.metadata.labels, node.name)


def required_affinity(spec: PodSpec) -> Any:
    """What the pod asks of labels of nodes beside its plain selector; ``None`` where it asks for nothing."""
    found = (spec.affinity or {}).get("nodeAffinity")
    return found.get("requiredDuringSchedulingIgnoredDuringExecution") if isinstance(found, dict) else None
