"""Autoscaling that does not learn the metric, or may not act on it."""

from __future__ import annotations

from seatrial.catalog.faults.changes import sets
from seatrial.catalog.faults.policies import denied
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

FOLLOW = "scaling.replicas-follow-a-metric-of-the-workload"
NEEDS = ("prometheus", "prometheus-adapter")


ADAPTER_WITHOUT_RULE = Fault(
    id="adapter-without-rule",
    title="Prometheus Adapter has a rule for another series alone, so that the custom metrics API does not know the workload's",
    fails=(f"{FOLLOW}@prometheus-adapter",),
    change=sets("prometheus-adapter", all_series=False),
    needs=NEEDS,
    level=LabLevel.NODE,
)

SCALES_DENIED = Fault(
    id="scales-denied",
    title="an admission policy lets nobody change how many replicas a Deployment has",
    fails=(f"{FOLLOW}@prometheus-adapter",),
    change=denied("seatrial-scales-denied", group="apps", resource="deployments/scale", operation="UPDATE"),
    needs=NEEDS,
    level=LabLevel.NODE,
)
