"""Endpoint pickers that are asked and not heeded."""

from __future__ import annotations

from seatrial.catalog.faults.policies import mutated
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

PICKS_NOT_HEEDED = Fault(
    id="endpoint-picks-not-heeded",
    title="a mutating admission policy makes the data plane choose model servers at random, whatever the picker says",
    fails=("inference.picker-follows-caches-and-queues@envoy-gateway",),
    change=mutated(
        "seatrial-picks-not-heeded",
        group="gateway.envoyproxy.io",
        resource="backendtrafficpolicies",
        expression='[JSONPatch{op: "replace", path: "/spec/loadBalancer", value: {"type": dyn("Random")}}]',
        as_patch=True,
    ),
    needs=("envoy-gateway", "inference-extension"),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
