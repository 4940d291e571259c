"""Gateway API Inference Extension: pools of model servers, and the endpoint picker that reads what those report."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from seatrial.catalog.roles import InferenceRouter, ModelPool
from seatrial.catalog.systems.gateway_api import GROUP as GATEWAY_GROUP
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Image, Proof, Recipe, Served, System

GROUP, OLD_GROUP = "inference.networking.k8s.io", "inference.networking.x-k8s.io"
POOLS = f"{GROUP}/inferencepools"
VERSION = "v1.5.0"
IMAGE = f"registry.k8s.io/gateway-api-inference-extension/epp:{VERSION}"  # the lab makes its own under that name
READER_IMAGE = IMAGE.replace("/epp:", "/bbr:")  # its body-based router
PICKER, PICKER_PORT = "endpoint-picker", 9002
PICKED = "x-gateway-destination-endpoint"  # the header in which the picker says where a request is to go
CREATES = (
    POOLS,
    "serviceaccounts",
    "rbac.authorization.k8s.io/roles",
    "rbac.authorization.k8s.io/rolebindings",
)
# What the picker may read, whoever lets it do so must be allowed to read as well.
READ_BY_PICKER = (f"{OLD_GROUP}/inferenceobjectives", f"{OLD_GROUP}/inferencemodelrewrites")
LOOKS_AT = ("discovery.k8s.io/endpointslices", *READ_BY_PICKER)
# The scorers and weights are those that the project's own chart gives its picker.
_SCORERS = {"queue-scorer": 2, "kv-cache-utilization-scorer": 2, "prefix-cache-scorer": 3}
_CONFIG = {
    "apiVersion": f"{OLD_GROUP}/v1alpha1",
    "kind": "EndpointPickerConfig",
    "plugins": [
        *({"type": name} for name in _SCORERS),
        {"type": "metrics-data-source"},
        {"type": "core-metrics-extractor"},
    ],
    "schedulingProfiles": [
        {"name": "default", "plugins": [{"pluginRef": name, "weight": weight} for name, weight in _SCORERS.items()]}
    ],
}


class PoolSelector(Shape, frozen=True):
    match_labels: dict[str, str] = {}


class PickerRef(Shape, frozen=True):
    kind: str = "Service"
    name: str = ""
    failure_mode: str = "FailClose"


class PoolSpec(Shape, frozen=True):
    selector: PoolSelector = PoolSelector()
    app_protocol: str = "http"  # the only other is kubernetes.io/h2c: nothing here is encrypted
    endpoint_picker_ref: PickerRef = PickerRef()


class PoolParent(Shape, frozen=True):
    """What a Gateway says of the pool."""

    parent_ref: dict[str, Any] = {}
    conditions: tuple[Condition, ...] = ()


class PoolStatus(Shape, frozen=True):
    parents: tuple[PoolParent, ...] = ()


class InferencePool(Fact, frozen=True):
    of = POOLS

    spec: PoolSpec = PoolSpec()
    status: PoolStatus = PoolStatus()


class Picker(msgspec.Struct, frozen=True):
    """One program that picks, and by what."""

    image: str
    config: Obj


OWN = Picker(IMAGE, _CONFIG)


def picked_pool(pool: ModelPool, apis: Apis, picker: Picker = OWN) -> tuple[Obj, ...]:
    """The pool and its own endpoint picker, with leave to look at both."""
    versions = apis.versions(POOLS)
    if not versions:
        raise CannotJudge("the API server serves no InferencePool", way_out="install the inference extension's CRDs")
    return pool_of_version(versions[0], pool, picker)


def pool_of_version(version: str, pool: ModelPool, picker: Picker) -> tuple[Obj, ...]:
    reading = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": reading},
        {"apiGroups": [GROUP], "resources": ["inferencepools"], "verbs": reading},
        {"apiGroups": [OLD_GROUP], "resources": ["inferenceobjectives", "inferencemodelrewrites"], "verbs": reading},
    ]
    rbac = "rbac.authorization.k8s.io"
    return (
        _obj(pool, "v1", "ServiceAccount", PICKER),
        _obj(pool, f"{rbac}/v1", "Role", PICKER, rules=rules),
        _obj(
            pool,
            f"{rbac}/v1",
            "RoleBinding",
            PICKER,
            roleRef={"apiGroup": rbac, "kind": "Role", "name": PICKER},
            subjects=[{"kind": "ServiceAccount", "name": PICKER, "namespace": pool.namespace}],
        ),
        _obj(
            pool,
            f"{GROUP}/{version}",
            "InferencePool",
            pool.name,
            spec={
                "selector": {"matchLabels": pool.labels},
                "targetPorts": [{"number": pool.port}],
                "endpointPickerRef": {"name": PICKER, "port": {"number": PICKER_PORT}, "failureMode": "FailClose"},
            },
        ),
        _service(pool),
        _picker(pool, picker),
    )


def _picker(pool: ModelPool, picker: Picker) -> Obj:
    flags = {
        "pool-name": pool.name,
        "pool-namespace": pool.namespace,
        "grpc-port": PICKER_PORT,
        "config-text": json.dumps(picker.config),
        "secure-serving": "false",
        "metrics-endpoint-auth": "false",
        "tracing": "false",
    }
    container = {
        "name": "epp",
        "image": picker.image,
        "args": [f"--{name}={value}" for name, value in flags.items()],
        "readinessProbe": {"grpc": {"port": 9003, "service": "inference-extension"}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
    }
    obj = _obj(pool, "v1", "Pod", PICKER)
    obj["metadata"]["labels"] = {"seatrial.dev/picker": pool.name}
    obj["spec"] = {
        "serviceAccountName": PICKER,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
        "affinity": ON_REAL_NODES,
        "containers": [container],
    }
    return obj


def _service(pool: ModelPool) -> Obj:
    port = {"name": "grpc", "port": PICKER_PORT, "targetPort": PICKER_PORT, "appProtocol": "kubernetes.io/h2c"}
    spec = {"selector": {"seatrial.dev/picker": pool.name}, "ports": [port]}
    return _obj(pool, "v1", "Service", PICKER, spec=spec)


def route(pool: ModelPool, apis: Apis, backend: Obj) -> Obj:
    """The HTTPRoute that leads everything of a Gateway to the pool, whatever names it there."""
    spec = {"parentRefs": [{"name": pool.gateway}], "rules": [{"backendRefs": [backend]}]}
    return _obj(
        pool, f"{GATEWAY_GROUP}/{apis.versions(f'{GATEWAY_GROUP}/httproutes')[0]}", "HTTPRoute", pool.name, spec=spec
    )


def as_backend(pool: ModelPool, apis: Apis, picker: Picker = OWN) -> tuple[Obj, ...]:
    """As the extension itself has it: the pool is the route's backend, and the implementation does the rest."""
    return (
        *picked_pool(pool, apis, picker),
        route(pool, apis, {"group": GROUP, "kind": "InferencePool", "name": pool.name}),
    )


def _obj(pool: ModelPool, api_version: str, kind: str, name: str, **parts: object) -> Obj:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": pool.namespace}, **parts}


INFERENCE_EXTENSION = System(
    id="inference-extension",
    title="Gateway API Inference Extension",
    home="https://gateway-api-inference-extension.sigs.k8s.io",
    found_by=Served(POOLS),
    facts=(InferencePool,),
    roles=(
        InferenceRouter(
            player="inference-extension",
            stand_in=True,
            controller="",
            picker=PICKER,
            creates=CREATES,
            looks_at=LOOKS_AT,
            dialect=as_backend,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/gateway-api-inference-extension",
        version=VERSION,
        programs={name: f"sigs.k8s.io/gateway-api-inference-extension/cmd/{name}" for name in ("epp", "bbr")},
        manifests=tuple(
            f"config/crd/bases/{name}.yaml"
            for name in (
                f"{GROUP}_inferencepools",
                f"{OLD_GROUP}_inferenceobjectives",
                f"{OLD_GROUP}_inferencemodelrewrites",
                f"{OLD_GROUP}_inferencepoolimports",
            )
        ),
        processes=(),
        images=(Image(IMAGE, "epp", ("/epp",)), Image(READER_IMAGE, "bbr", ("/bbr",))),
        needs=("gateway-api",),
        level=LabLevel.NODE,
        by_default=False,
    ),
)
