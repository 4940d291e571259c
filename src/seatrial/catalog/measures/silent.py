"""A node whose kubelet falls silent: it stays, and its Lease is renewed no more. Only nodes that KWOK plays are made to.

KWOK renews no Lease that somebody else holds, and touches neither the node nor its pods meanwhile. It takes up again what nobody holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.measures.moments import Stopwatch
from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench

LEASES = "coordination.k8s.io/leases"
_NAMESPACE = "kube-node-lease"
UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
_MISSED, _TAINTED = "not ready", "tainted"
STAGES = (
    (_MISSED, "the node's condition Ready is Unknown"),
    (_TAINTED, f"the node bears {UNREACHABLE} with NoExecute"),
)
_HOLDER, _SECONDS = "seatrial: silent", 24 * 3600


def lease(node: str) -> Obj:
    """Made before its node, so that it is ours to change."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": node, "namespace": _NAMESPACE},
    }


def tolerations(seconds: int) -> tuple[Obj, ...]:
    """For how long a pod stays on a node that is not heard of; without them, five minutes."""
    usual = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
    return tuple({"key": key, **usual} for key in (UNREACHABLE, NOT_READY))


async def silence(bench: Workbench, node: str) -> None:
    await _held(bench, node, {"holderIdentity": _HOLDER, "leaseDurationSeconds": _SECONDS})


async def speak(bench: Workbench, node: str) -> None:
    await _held(bench, node, {"holderIdentity": None})


async def until_unreachable(bench: Workbench, watch: Stopwatch, node: str, within: float) -> None:
    """Stamps when the node was seen to be missed, and tainted for that."""

    def is_tainted(nodes: Sequence[Obj]) -> bool:
        mine = [one for one in nodes if one["metadata"]["name"] == node]
        if any(_is_missed(one) for one in mine):
            watch.stamp(_MISSED)
        tainted = any(_is_tainted(one) for one in mine)
        if tainted:
            watch.stamp(_TAINTED)
        return tainted

    await bench.until("nodes", is_tainted, within=within, what="the silent node is missed and tainted")


async def _held(bench: Workbench, node: str, spec: Obj) -> None:
    await bench.patch(LEASES, node, {"spec": spec}, namespace=_NAMESPACE)


def _is_missed(node: Obj) -> bool:
    conditions = node.get("status", {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "Unknown" for one in conditions)


def _is_tainted(node: Obj) -> bool:
    taints = node.get("spec", {}).get("taints") or ()
    return any(one.get("key") == UNREACHABLE and one.get("effect") == "NoExecute" for one in taints)
