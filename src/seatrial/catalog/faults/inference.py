"""Endpoint pickers that are asked and not heeded."""

from __future__ import annotations

from seatrial.catalog.faults.disaggregation import PHASES
from seatrial.catalog.faults.policies import mutated
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

PICKS = "inference.picker-follows-caches-and-queues"
LLM_D = f"{PICKS}@llm-d"

PICKS_NOT_HEEDED = Fault(
    id="endpoint-picks-not-heeded",
    title="a mutating admission policy makes the data plane choose model servers at random, whatever the picker says",
    fails=(f"{PICKS}@envoy-gateway",),
    silences=(LLM_D,),
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

# Only llm-d's own picker is started with this filter.
_MARK = "decode-filter"
_RANDOM = (
    '{"apiVersion": "inference.networking.x-k8s.io/v1alpha1", "kind": "EndpointPickerConfig", '
    '"plugins": [{"type": "random-picker"}, {"type": "single-profile-handler"}], '
    '"schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "random-picker"}]}]}'
)
_ARGS = f"object.spec.containers[0].args.map(a, a.startsWith(\"--config-text=\") ? '--config-text={_RANDOM}' : a)"
LLM_D_PICKS_AT_RANDOM = Fault(
    id="llm-d-picks-at-random",
    title="a mutating admission policy starts llm-d's picker without any scorer or filter, so that it picks servers at random",
    fails=(LLM_D, f"{PHASES}@llm-d"),
    change=mutated(
        "seatrial-llm-d-picks-at-random",
        group="",
        resource="pods",
        expression=(
            f'has(object.spec.containers[0].args) && object.spec.containers[0].args.exists(a, a.contains("{_MARK}")) ? '
            f'[JSONPatch{{op: "replace", path: "/spec/containers/0/args", value: {_ARGS}}}] : []'
        ),
        as_patch=True,
    ),
    needs=("envoy-gateway", "llm-d"),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
