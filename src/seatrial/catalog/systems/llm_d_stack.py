"""llm-d's serving stack with prefill and decode apart: a picker that names one server for each, and a proxy beside the one that decodes.

It stands alone, as the project's chart of that name has it: Envoy runs beside the picker, and no Gateway is needed.
"""

from __future__ import annotations

import json

from seatrial.catalog.roles import ModelPool, ServingObjects, ServingStack
from seatrial.catalog.systems import inference_extension as inference
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, WORK, container
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj

ENVOY_IMAGE = "docker.io/envoyproxy/envoy:v1.40.0"  # the lab makes its own under that name
_ROLE, _POOL = "llm-d.ai/role", "llm-d.ai/inference-serving"
_TYPES = "type.googleapis.com/envoy.extensions"

# As the project's own configuration, and every request is prefilled elsewhere, however short it is.
DECIDER = "always-disagg-pd-decider"
_PHASES = {
    phase: (f"{phase}-filter", "max-score-picker", "prefix-cache-scorer", "queue-scorer")
    for phase in ("prefill", "decode")
}
CONFIG: Obj = {
    "apiVersion": f"{inference.OLD_GROUP}/v1alpha1",
    "kind": "EndpointPickerConfig",
    "featureGates": ["prepareDataPlugins"],
    "plugins": [
        *({"type": name} for name in ("disagg-headers-handler", DECIDER)),
        *({"type": name} for name in dict.fromkeys(name for names in _PHASES.values() for name in names)),
        {"type": "disagg-profile-handler", "parameters": {"deciders": {"prefill": DECIDER}}},
    ],
    "schedulingProfiles": [
        {"name": phase, "plugins": [{"pluginRef": name} for name in names]} for phase, names in _PHASES.items()
    ],
}


def in_two_pods(scheduler: str, sidecar: str, stack: ServingStack, apis: Apis) -> ServingObjects:
    """Requests go to the picker's own proxy, and from there to the decoding pod; what that needs first is in a header."""
    if not apis.versions(inference.POOLS):
        raise CannotJudge("the API server serves no InferencePool", way_out="install the inference extension's CRDs")
    pool = ModelPool(stack.name, stack.namespace, {_POOL: stack.name}, stack.port, "", "")
    *first, picker = inference.picked_pool(pool, apis, inference.Picker(scheduler, CONFIG))
    picker["spec"]["containers"] += [_envoy(stack)]
    prefill, decode = f"{stack.name}-prefill", f"{stack.name}-decode"
    return ServingObjects(
        objects=(
            *first,
            _server(stack, prefill, "prefill", stack.port),
            _decoder(stack, decode, sidecar),
            picker,
            _service(stack, picker["metadata"]["labels"]),
        ),
        prefill=prefill,
        decode=decode,
        service=stack.name,
    )


def _server(stack: ServingStack, name: str, role: str, port: int) -> Obj:
    argv = ("model-server", f"--name={name}", f"--port={port}", f"--role={role}")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": stack.namespace, "labels": {_POOL: stack.name, _ROLE: role}},
        "spec": {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 0,
            "affinity": ON_REAL_NODES,
            "containers": [container(WORK, stack.image, argv)],
        },
    }


def _decoder(stack: ServingStack, name: str, sidecar: str) -> Obj:
    """The proxy has the pool's port, has the prefill done, and hands its outcome to the server beside it."""
    behind = stack.port + 1
    pod = _server(stack, name, "decode", behind)
    flags = {"port": stack.port, "vllm-port": behind, "kv-connector": "nixlv2", "secure-proxy": "false"}
    proxy = {
        "name": "routing-proxy",
        "image": sidecar,
        "args": [f"--{flag}={value}" for flag, value in flags.items()],
        "restartPolicy": "Always",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "256Mi"}},
    }
    return {**pod, "spec": {**pod["spec"], "initContainers": [proxy]}}


def _service(stack: ServingStack, selector: Obj) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": stack.name, "namespace": stack.namespace},
        "spec": {"selector": selector, "ports": [{"port": stack.port, "targetPort": stack.port}]},
    }


def _envoy(stack: ServingStack) -> Obj:
    return {
        "name": "envoy",
        "image": ENVOY_IMAGE,
        "command": ["envoy"],
        "args": ["--concurrency", "1", "--log-level", "warn", "--config-yaml", json.dumps(_bootstrap(stack.port))],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }


def _bootstrap(port: int) -> Obj:
    """Each request goes where the picker says, by a header; without its word nowhere."""
    picked = {"use_http_header": True, "http_header_name": inference.PICKED}
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "requests",
                    "address": _address("0.0.0.0", port),  # noqa: S104 - of its pod
                    "filter_chains": [{"filters": [_connections()]}],
                }
            ],
            "clusters": [
                {
                    "name": "picked",
                    "type": "ORIGINAL_DST",
                    "lb_policy": "CLUSTER_PROVIDED",
                    "original_dst_lb_config": picked,
                    "connect_timeout": "5s",
                },
                _picker(),
            ],
        }
    }


def _picker() -> Obj:
    options = f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"endpoint": {"address": _address("127.0.0.1", inference.PICKER_PORT)}}
    return {
        "name": "picker",
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "picker", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": options,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _connections() -> Obj:
    everything = {"prefix": "/"}
    route = {"match": everything, "route": {"cluster": "picked", "timeout": "60s"}}
    mode = {f"{way}_{part}": "SEND" for way in ("request", "response") for part in ("header_mode", "trailer_mode")}
    mode |= {f"{way}_body_mode": "FULL_DUPLEX_STREAMED" for way in ("request", "response")}
    asked = {
        "@type": f"{_TYPES}.filters.http.ext_proc.v3.ExternalProcessor",
        "grpc_service": {"envoy_grpc": {"cluster_name": "picker"}, "timeout": "10s"},
        "processing_mode": mode,
        "message_timeout": "10s",
    }
    router = {"@type": f"{_TYPES}.filters.http.router.v3.Router"}
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "requests",
        "generate_request_id": False,  # a proof follows its requests by the ids that they came with
        "preserve_external_request_id": True,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.ext_proc", "typed_config": asked},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def _address(host: str, port: int) -> Obj:
    return {"socket_address": {"address": host, "port_value": port}}
