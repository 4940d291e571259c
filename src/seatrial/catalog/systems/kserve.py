"""KServe: model servers by InferenceService, and by LLMInferenceService where the models are large."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Condition, Container, Resources
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

_GROUP = "serving.kserve.io"

MODE, AUTOSCALER = f"{_GROUP}/deploymentMode", f"{_GROUP}/autoscalerClass"  # annotations of one InferenceService
SETTINGS, DEFAULTS = "inferenceservice-config", "deploy"  # the ConfigMap, and its JSON with ``defaultDeploymentMode``


class ModelFormat(Shape, frozen=True):
    name: str = ""
    version: str | None = None


class Model(Shape, frozen=True):
    model_format: ModelFormat = ModelFormat()
    storage_uri: str = ""
    runtime: str = ""
    image: str = ""
    args: tuple[str, ...] = ()
    resources: Resources = Resources()


class WorkerSpec(Shape, frozen=True):
    pipeline_parallel_size: int | None = None
    tensor_parallel_size: int | None = None
    containers: tuple[Container, ...] = ()


class Transformer(Shape, frozen=True):
    containers: tuple[Container, ...] = ()
    min_replicas: int | None = None
    max_replicas: int = 0


class CanaryPredictor(Shape, frozen=True):
    name: str = ""
    model: Model | None = None
    containers: tuple[Container, ...] = ()


class Predictor(Shape, frozen=True):
    """What scales it is in the unit of ``scale_metric``."""

    model: Model | None = None
    containers: tuple[Container, ...] = ()
    service_account_name: str = ""
    min_replicas: int | None = None
    max_replicas: int = 0
    scale_target: int | None = None
    scale_metric: str = ""
    scale_metric_type: str = ""
    container_concurrency: int | None = None
    canary_traffic_percent: int | None = None  # heeded by Knative alone
    auto_scaling: dict[str, Any] | None = None
    worker_spec: WorkerSpec | None = None
    timeout: int | None = None


class Canary(Shape, frozen=True):
    """Heeded where KServe makes Deployments itself (``Standard``)."""

    traffic_percent: int | None = None
    predictor: CanaryPredictor = CanaryPredictor()


class InferenceServiceSpec(Shape, frozen=True):
    predictor: Predictor = Predictor()
    transformer: Transformer | None = None
    canary: tuple[Canary, ...] = ()


class InferenceServiceStatus(Shape, frozen=True):
    url: str = ""
    deployment_mode: str = ""
    conditions: tuple[Condition, ...] = ()


class InferenceService(Fact, frozen=True):
    of = f"{_GROUP}/inferenceservices"

    spec: InferenceServiceSpec = InferenceServiceSpec()
    status: InferenceServiceStatus = InferenceServiceStatus()


class Adapters(Shape, frozen=True):
    adapters: tuple[dict[str, Any], ...] = ()


class LargeModel(Shape, frozen=True):
    uri: str = ""
    name: str = ""
    lora: Adapters | None = None


class Parallelism(Shape, frozen=True):
    tensor: int | None = None
    pipeline: int | None = None
    data: int | None = None
    data_local: int | None = None
    expert: bool | None = None


class References(Shape, frozen=True):
    refs: tuple[dict[str, str], ...] = ()


class Picking(Shape, frozen=True):
    """The endpoint picker and its pool; empty, KServe makes both."""

    pool: dict[str, Any] | None = None
    template: dict[str, Any] | None = None
    replicas: int | None = None


class Router(Shape, frozen=True):
    route: dict[str, Any] | None = None
    gateway: References | None = None
    ingress: References | None = None
    scheduler: Picking | None = None


class Serving(Shape, frozen=True):
    """The servers of one phase."""

    replicas: int | None = None
    parallelism: Parallelism | None = None
    template: dict[str, Any] | None = None
    worker: dict[str, Any] | None = None


class LLMInferenceServiceSpec(Serving, frozen=True):
    model: LargeModel = LargeModel()
    prefill: Serving | None = None
    router: Router | None = None
    scaling: dict[str, Any] | None = None
    base_refs: tuple[dict[str, str], ...] = ()


class LLMInferenceServiceStatus(Shape, frozen=True):
    url: str = ""
    conditions: tuple[Condition, ...] = ()


class LLMInferenceService(Fact, frozen=True):
    of = f"{_GROUP}/llminferenceservices"

    spec: LLMInferenceServiceSpec = LLMInferenceServiceSpec()
    status: LLMInferenceServiceStatus = LLMInferenceServiceStatus()


class SupportedFormat(Shape, frozen=True):
    name: str = ""
    version: str | None = None
    auto_select: bool | None = None
    priority: int | None = None


class ServingRuntimeSpec(Shape, frozen=True):
    supported_model_formats: tuple[SupportedFormat, ...] = ()
    disabled: bool | None = None
    multi_model: bool | None = None
    protocol_versions: tuple[str, ...] = ()
    containers: tuple[Container, ...] = ()
    worker_spec: WorkerSpec | None = None


class ServingRuntime(Fact, frozen=True):
    of = f"{_GROUP}/servingruntimes"

    spec: ServingRuntimeSpec = ServingRuntimeSpec()


class ClusterServingRuntime(Fact, frozen=True):
    of = f"{_GROUP}/clusterservingruntimes"

    spec: ServingRuntimeSpec = ServingRuntimeSpec()


_CRDS = "config/crd/full"

KSERVE = System(
    id="kserve",
    title="KServe",
    home="https://kserve.github.io/website/",
    found_by=Served(InferenceService.of),
    facts=(InferenceService, LLMInferenceService, ServingRuntime, ClusterServingRuntime),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/kserve/kserve",
        version="v0.20.0",
        programs={},
        manifests=tuple(
            f"{_CRDS}/{folder}{_GROUP}_{name}.yaml"
            for folder, name in (
                ("", "inferenceservices"),
                ("", "servingruntimes"),
                ("", "clusterservingruntimes"),
                ("llmisvc/", "llminferenceservices"),
            )
        ),
        processes=(),
        by_default=False,
    ),
)
