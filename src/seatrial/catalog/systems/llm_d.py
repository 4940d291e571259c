"""llm-d: an endpoint picker on the framework of the inference extension, with filters and profiles of its own."""

from __future__ import annotations

from functools import partial

from seatrial.catalog.roles import DisaggregatedServing, InferenceRouter, ModelPool
from seatrial.catalog.systems import envoy_gateway as envoy
from seatrial.catalog.systems import inference_extension as inference
from seatrial.catalog.systems.kubernetes.pods import KNOWN_BY, Pod
from seatrial.catalog.systems.llm_d_stack import ENVOY_IMAGE, in_two_pods
from seatrial.model.fact import Apis, Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Image, Proof, Recipe, System

VERSION = "v0.7.1"
_IMAGES = ("llm-d-inference-scheduler", "llm-d-router-endpoint-picker")  # the project renamed it
_POLICIES = tuple(f"{envoy.OWN}/{name}" for name in envoy.POLICIES)
# As in the project's own configuration of one pool whose servers do both phases. Its filters are known to no other picker.
_PLUGINS: dict[str, float] = {"decode-filter": 0, "prefix-cache-scorer": 2, "queue-scorer": 1, "max-score-picker": 0}
_CONFIG: Obj = {
    "apiVersion": f"{inference.OLD_GROUP}/v1alpha1",
    "kind": "EndpointPickerConfig",
    "plugins": [{"type": name} for name in (*_PLUGINS, "single-profile-handler")],
    "schedulingProfiles": [
        {
            "name": "default",
            "plugins": [
                {"pluginRef": name, **({"weight": weight} if weight else {})} for name, weight in _PLUGINS.items()
            ],
        }
    ],
}
SCHEDULER = inference.Picker(f"ghcr.io/llm-d/llm-d-inference-scheduler:{VERSION}", _CONFIG)
SIDECAR = f"ghcr.io/llm-d/llm-d-routing-sidecar:{VERSION}"


def _is_scheduler(pod: Pod) -> bool:
    return any(f"/{name}" in one.image for one in pod.spec.containers for name in _IMAGES)


def _as_picked(pool: ModelPool, apis: Apis) -> tuple[Obj, ...]:
    """Through the policies of Envoy Gateway where there is one, which takes no pool as a backend; else as the extension has it."""
    if all(apis.versions(name) for name in _POLICIES):
        return envoy.with_picker(pool, apis, SCHEDULER)
    return inference.as_backend(pool, apis, SCHEDULER)


# A pool of nobody, with the scheduler that shows that llm-d is here, as on a cluster that serves a model with it.
_STANDING = ModelPool(
    name="standing",
    namespace="llm-d-system",
    labels={"llm-d.ai/inference-serving": "none"},
    port=8000,
    service="",
    gateway="",
)

LLM_D = System(
    id="llm-d",
    title="llm-d inference scheduler",
    home="https://llm-d.ai",
    found_by=Holds(Pod, _is_scheduler, "the image of its scheduler", KNOWN_BY),
    roles=(
        InferenceRouter(
            player="llm-d",
            controller="",
            picker=inference.PICKER,
            looks_at=inference.LOOKS_AT,
            creates=(*inference.CREATES, *_POLICIES),
            dialect=_as_picked,
        ),
        DisaggregatedServing(
            player="llm-d",
            simulated=True,
            looks_at=inference.READ_BY_PICKER,
            creates=("pods", "services", *inference.CREATES),
            dialect=partial(in_two_pods, SCHEDULER.image, SIDECAR),
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/llm-d/llm-d-inference-scheduler",
        version=VERSION,
        programs={"llm-d-epp": ".", "llm-d-pd-sidecar": "github.com/llm-d/llm-d-inference-scheduler/cmd/pd-sidecar"},
        manifests=(),
        overlay=inference.pool_of_version("v1", _STANDING, SCHEDULER),
        processes=(),
        images=(
            Image(SCHEDULER.image, "llm-d-epp", ("/llm-d-epp",)),
            Image(SIDECAR, "llm-d-pd-sidecar", ("/llm-d-pd-sidecar",)),
            Image(ENVOY_IMAGE, "envoy", ("/envoy",)),  # the one that Envoy Gateway brings
        ),
        needs=("envoy-gateway", "inference-extension"),
        level=LabLevel.NODE,
        by_default=False,
    ),
)
