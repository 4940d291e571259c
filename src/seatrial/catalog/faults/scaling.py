"""Autoscaling that does not learn the metric, or may not act on it."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.policies import denial
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec

FOLLOW = "scaling.replicas-follow-a-metric-of-the-workload"
NEEDS = ("prometheus", "prometheus-adapter")


def _another_rule(spec: LabSpec) -> LabSpec:
    return msgspec.structs.replace(spec, settings={**spec.settings, "prometheus-adapter": {"all_series": False}})


def _scales_denied(spec: LabSpec) -> LabSpec:
    objects = denial("seatrial-scales-denied", group="apps", resource="deployments/scale", operation="UPDATE")
    return msgspec.structs.replace(spec, objects=(*spec.objects, *objects))


ADAPTER_WITHOUT_RULE = Fault(
    id="adapter-without-rule",
    title="Prometheus Adapter has a rule for another series alone, so that the custom metrics API does not know the workload's",
    fails=(f"{FOLLOW}@prometheus-adapter",),
    change=_another_rule,
    needs=NEEDS,
    level=LabLevel.NODE,
)

SCALES_DENIED = Fault(
    id="scales-denied",
    title="an admission policy lets nobody change how many replicas a Deployment has",
    fails=(f"{FOLLOW}@prometheus-adapter",),
    change=_scales_denied,
    needs=NEEDS,
    level=LabLevel.NODE,
)
