"""NVIDIA NIM operator: model servers from NVIDIA's catalogue, and caches of their weights."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Condition, Resources
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Served, System


class Image(Shape, frozen=True):
    repository: str = ""
    tag: str = ""
    pull_secrets: tuple[str, ...] = ()


class CacheReference(Shape, frozen=True):
    name: str = ""
    profile: str = ""


class Volume(Shape, frozen=True):
    name: str = ""
    create: bool | None = None
    storage_class: str = ""
    size: str = ""
    volume_access_mode: str = ""


class ServiceStorage(Shape, frozen=True):
    nim_cache: CacheReference = CacheReference()
    pvc: Volume = Volume()
    host_path: str | None = None
    read_only: bool | None = None


class ExposedService(Shape, frozen=True):
    type: str = ""
    port: int | None = None


class Switched(Shape, frozen=True):
    enabled: bool | None = None


class RoutedGateway(Shape, frozen=True):
    name: str = ""
    namespace: str = ""
    http_routes_enabled: bool = False
    grpc_routes_enabled: bool = False


class RoutedIngress(Shape, frozen=True):
    ingress_class: str = ""
    tls_secret_name: str = ""


class Router(Shape, frozen=True):
    gateway: RoutedGateway | None = None
    ingress: RoutedIngress | None = None
    epp_config: dict[str, Any] | None = None  # its own endpoint picker


class Exposure(Shape, frozen=True):
    service: ExposedService = ExposedService()
    ingress: Switched = Switched()
    router: Router = Router()


class Scaler(Shape, frozen=True):
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: tuple[dict[str, Any], ...] = ()  # as an HPA spells them


class Scaling(Shape, frozen=True):
    enabled: bool | None = None
    hpa: Scaler = Scaler()


class ClaimedDevices(Shape, frozen=True):
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class Parallelism(Shape, frozen=True):
    pipeline: int | None = None
    tensor: int | None = None


class SeveralNodes(Shape, frozen=True):
    backend_type: str = ""
    parallelism: Parallelism = Parallelism()


class NIMServiceSpec(Shape, frozen=True):
    image: Image = Image()
    auth_secret: str = ""
    storage: ServiceStorage = ServiceStorage()
    replicas: int | None = None
    resources: Resources = Resources()
    dra_resources: tuple[ClaimedDevices, ...] = ()
    expose: Exposure = Exposure()
    scale: Scaling = Scaling()
    metrics: Switched = Switched()
    multi_node: SeveralNodes | None = None
    runtime_class_name: str = ""
    scheduler_name: str = ""
    inference_platform: str = "standalone"


class NIMServiceStatus(Shape, frozen=True):
    state: str = ""
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class NIMService(Fact, frozen=True):
    of = "apps.nvidia.com/nimservices"

    spec: NIMServiceSpec = NIMServiceSpec()
    status: NIMServiceStatus = NIMServiceStatus()


class FromNGC(Shape, frozen=True):
    model_puller: str = ""
    auth_secret: str = ""
    pull_secret: str = ""
    model_endpoint: str | None = None


class FromHub(Shape, frozen=True):
    endpoint: str = ""
    namespace: str = ""
    model_name: str | None = None
    revision: str | None = None
    model_puller: str = ""


class CacheSource(Shape, frozen=True):
    ngc: FromNGC | None = None
    hf: FromHub | None = None
    data_store: FromHub | None = None


class CacheStorage(Shape, frozen=True):
    pvc: Volume = Volume()
    host_path: str | None = None


class NIMCacheSpec(Shape, frozen=True):
    source: CacheSource = CacheSource()
    storage: CacheStorage = CacheStorage()


class NIMCacheStatus(Shape, frozen=True):
    state: str = ""
    pvc: str = ""
    conditions: tuple[Condition, ...] = ()


class NIMCache(Fact, frozen=True):
    of = "apps.nvidia.com/nimcaches"

    spec: NIMCacheSpec = NIMCacheSpec()
    status: NIMCacheStatus = NIMCacheStatus()


NIM_OPERATOR = System(
    id="nim-operator",
    title="NVIDIA NIM operator",
    home="https://docs.nvidia.com/nim-operator/",
    found_by=Served(NIMService.of),
    facts=(NIMService, NIMCache),
    proof=Proof.DOCUMENTS,
)
