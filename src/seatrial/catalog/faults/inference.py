"""Endpoint pickers that are asked and not heeded."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.policies import mutation
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec


def _picks_not_heeded(spec: LabSpec) -> LabSpec:
    patch = '[JSONPatch{op: "replace", path: "/spec/loadBalancer", value: {"type": dyn("Random")}}]'
    objects = mutation(
        "seatrial-picks-not-heeded",
        group="gateway.envoyproxy.io",
        resource="backendtrafficpolicies",
        expression=patch,
        kubernetes=spec.kubernetes,
        as_patch=True,
    )
    return msgspec.structs.replace(spec, objects=(*spec.objects, *objects))


PICKS_NOT_HEEDED = Fault(
    id="endpoint-picks-not-heeded",
    title="a mutating admission policy makes the data plane choose model servers at random, whatever the picker says",
    fails=("inference.picker-follows-caches-and-queues@envoy-gateway",),
    change=_picks_not_heeded,
    needs=("envoy-gateway", "inference-extension"),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
