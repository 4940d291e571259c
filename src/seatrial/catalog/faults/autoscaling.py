"""Autoscalers that bring no nodes, or keep them."""

from __future__ import annotations

from seatrial.catalog.faults.policies import denied
from seatrial.model.fault import Change, Fault
from seatrial.model.lab import LabLevel

FOLLOW = "autoscaling.nodes-follow-waiting-accelerator-pods"


def _claims_may_not(operation: str) -> Change:
    name = f"seatrial-no-{operation.lower()}-of-nodeclaims"
    return denied(name, group="karpenter.sh", resource="nodeclaims", operation=operation)


NO_NEW_NODES = Fault(
    id="no-new-nodes",
    title="an admission policy lets Karpenter claim no machine",
    fails=(f"{FOLLOW}@karpenter",),
    change=_claims_may_not("CREATE"),
    needs=("karpenter",),
    level=LabLevel.NODE,
)

NODES_STAY = Fault(
    id="nodes-stay",
    title="an admission policy lets Karpenter give no machine back",
    fails=(f"{FOLLOW}@karpenter",),
    change=_claims_may_not("DELETE"),
    needs=("karpenter",),
    level=LabLevel.NODE,
)
