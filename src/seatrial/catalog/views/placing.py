"""Whether a node is one that a pod selects and tolerates, by the scheduler's rules; room is another question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import PodSpec, Taint, Toleration

_BARRING = ("NoSchedule", "NoExecute")
_UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


def admits(node: Node, spec: PodSpec) -> bool:
    """Cordoned nodes admit nobody who does not say so; those that are not ready come back."""
    taints = (*node.spec.taints, *((_UNSCHEDULABLE,) if node.spec.unschedulable else ()))
    barring = [
        one for one in taints if one.effect in _BARRING and not one.key.startswith("node.kubernetes.io/not-ready")
    ]
    return selects(spec, node) and all(any(tolerates(one, taint) for one in spec.tolerations) for taint in barring)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return not toleration.key or toleration.key == taint.key
    return toleration.key == taint.key and toleration.value == taint.value


def selects(spec: PodSpec, node: Node) -> bool:
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in spec.node_selector.items()):
        return False
    terms = _terms(spec)
    return terms is None or any(_fits(term, node) for term in terms)


def _terms(spec: PodSpec) -> list[Any] | None:
    """Of the affinity that is required; none where there is none."""
    wanted: Any = spec.affinity
    for name in ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"):
        wanted = wanted.get(name) if isinstance(wanted, dict) else None
    return wanted if isinstance(wanted, list) else None


def _fits(term: Any, node: Node) -> bool:
    """A term without conditions fits no node."""
    if not isinstance(term, dict):
        return False
    labels, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    fitting = all(_holds(one, node.metadata.labels) for one in labels)
    return bool(labels or fields) and fitting and all(_holds(one, {"metadata.name": node.name}) for one in fields)


def _holds(one: Any, labels: Mapping[str, str]) -> bool:
    if not isinstance(one, dict):
        return False
    key, values = str(one.get("key")), [str(value) for value in one.get("values") or ()]
    there = labels.get(key)
    match one.get("operator"):
        case "In":
            return there in values
        case "NotIn":
            return there not in values
        case "Exists":
            return there is not None
        case "DoesNotExist":
            return there is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, there, values)
    return False


def _compares(operator: str, there: str | None, values: list[str]) -> bool:
    if there is None or len(values) != 1 or not (there.lstrip("-").isdecimal() and values[0].lstrip("-").isdecimal()):
        return False
    return int(there) > int(values[0]) if operator == "Gt" else int(there) < int(values[0])
