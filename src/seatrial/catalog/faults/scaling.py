"""Autoscaling that does not learn the metric, or may not act on it."""

from __future__ import annotations

from seatrial.catalog.faults.changes import leaves_out, sets
from seatrial.catalog.faults.policies import denied, mutated
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

FOLLOW = "scaling.replicas-follow-a-metric-of-the-workload"
NEEDS = ("prometheus", "prometheus-adapter")
KEDA, KEDA_NEEDS = f"{FOLLOW}@keda", ("prometheus", "keda")


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
    silences=(KEDA,),
    change=denied("seatrial-scales-denied", group="apps", resource="deployments/scale", operation="UPDATE"),
    needs=NEEDS,
    level=LabLevel.NODE,
)

KEDA_OPERATOR_DEAD = Fault(
    id="keda-operator-dead",
    title="KEDA's operator does not run, so that nobody makes autoscalers of ScaledObjects",
    fails=(KEDA,),
    change=leaves_out("keda-operator"),
    needs=KEDA_NEEDS,
    level=LabLevel.NODE,
)

# KEDA's own default takes a metric that nobody has for a zero.
_DEAD_METRIC = (
    '[JSONPatch{op: "replace", path: "/spec/triggers/0/metadata/query", value: "sum(seatrial_no_such_metric)"},'
    ' JSONPatch{op: "replace", path: "/spec/triggers/0/metadata/ignoreNullValues", value: "true"}]'
)
KEDA_ASKS_FOR_A_DEAD_METRIC = Fault(
    id="keda-asks-for-a-dead-metric",
    title="a mutating admission policy makes every ScaledObject ask for a metric that nobody has, and take that for a zero",
    fails=(KEDA,),
    change=mutated(
        "seatrial-dead-metric", group="keda.sh", resource="scaledobjects", expression=_DEAD_METRIC, as_patch=True
    ),
    needs=KEDA_NEEDS,
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
