"""Envoy Gateway: a control plane for Envoy, which it starts as pods, one Deployment for each Gateway.

The lab runs it as its own manifests would, as a pod with a Job for its certificates, in an image that the lab makes of the
real programs. Two things differ: its service account may do everything, and since the lab has no DNS, a file of hosts tells
Envoy where its control plane is.
"""

from __future__ import annotations

import json
from typing import Any

from seatrial.catalog.roles import GatewayImplementation, InferenceRouter, ModelPool
from seatrial.catalog.systems import inference_extension as inference
from seatrial.catalog.systems.gateway_api import GROUP, GatewayClass
from seatrial.model.fact import Apis, Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Image, Proof, Recipe, System

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
NAME, NAMESPACE = "envoy-gateway", "envoy-gateway-system"
IMAGE = "seatrial.dev/lab/envoy-gateway:v1"
_ON_THE_NODE = {"kubernetes.io/hostname": "lab-node"}
OWN = "gateway.envoyproxy.io"
POLICIES = ("envoyextensionpolicies", "backendtrafficpolicies")
_CRDS = "charts/gateway-helm/charts/crds/crds/generated"
_DEFINED = (
    "backends",
    "backendtrafficpolicies",
    "clienttrafficpolicies",
    "envoyextensionpolicies",
    "envoypatchpolicies",
    "envoyproxies",
    "httproutefilters",
    "securitypolicies",
)
_CONFIG = {
    "apiVersion": f"{OWN}/v1alpha1",
    "kind": "EnvoyGateway",
    "gateway": {"controllerName": CONTROLLER},
    "provider": {
        "type": "Kubernetes",
        "kubernetes": {
            "leaderElection": {"disable": True},
            "shutdownManager": {"image": IMAGE},
            "proxyTopologyInjector": {"disabled": True},  # its webhook would take a port of the node
        },
    },
}


def _obj(api_version: str, kind: str, name: str, *, cluster: bool = False, **parts: Any) -> Obj:
    metadata = {"name": name} if cluster else {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def _pod(*, args: list[str], mounts: dict[str, Obj], **spec: Any) -> Obj:
    """A pod of the control plane, on the node's own network: that is where Envoy is told to look for it."""
    container = {
        "name": NAME,
        "image": IMAGE,
        "command": ["envoy-gateway"],
        "args": args,
        "env": [{"name": "ENVOY_GATEWAY_NAMESPACE", "value": NAMESPACE}],
        "volumeMounts": [{"name": path.strip("/"), "mountPath": path, "readOnly": True} for path in mounts],
        **spec.pop("probes", {}),
    }
    return {
        "serviceAccountName": NAME,
        "nodeSelector": _ON_THE_NODE,
        "hostNetwork": True,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": path.strip("/"), **source} for path, source in mounts.items()],
        **spec,
    }


def _control_plane() -> tuple[Obj, ...]:
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    labels = {"control-plane": NAME}
    certificates = _pod(args=["certgen", "--disable-topology-injector"], mounts={}, restartPolicy="Never")
    ready = {"httpGet": {"path": "/readyz", "port": 8081}, "periodSeconds": 1}
    server = _pod(
        args=["server", "--config-path=/config/envoy-gateway.yaml"],
        mounts={"/certs": {"secret": {"secretName": NAME}}, "/config": {"configMap": {"name": f"{NAME}-config"}}},
        probes={"readinessProbe": ready},
    )
    return (
        _obj("v1", "ServiceAccount", NAME),
        _obj(
            "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", NAME, cluster=True, roleRef=role, subjects=[subject]
        ),
        _obj("v1", "ConfigMap", f"{NAME}-config", data={"envoy-gateway.yaml": json.dumps(_CONFIG, indent=1)}),
        _obj("batch/v1", "Job", f"{NAME}-certgen", spec={"template": {"spec": certificates}}),
        _obj(
            "apps/v1",
            "Deployment",
            NAME,
            spec={
                "selector": {"matchLabels": labels},
                "strategy": {"type": "Recreate"},
                "template": {"metadata": {"labels": labels}, "spec": server},
            },
        ),
    )


def _data_plane() -> tuple[Obj, ...]:
    """What Envoy's pods look like, and the class of Gateways that gets them."""
    hosts = f"127.0.0.1 localhost\n{{address}} {NAME}.{NAMESPACE}.svc.cluster.local.\n"
    quick = {"startupProbe": {"periodSeconds": 1}, "readinessProbe": {"periodSeconds": 1}}
    patch = {
        "spec": {
            "template": {"spec": {"containers": [{"name": name, **quick} for name in ("envoy", "shutdown-manager")]}}
        }
    }
    deployment = {
        "pod": {
            "nodeSelector": _ON_THE_NODE,
            "volumes": [{"name": "hosts", "configMap": {"name": "envoy-hosts"}}],
        },
        "container": {
            "image": IMAGE,
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
            "volumeMounts": [{"name": "hosts", "mountPath": "/etc/hosts", "subPath": "hosts", "readOnly": True}],
        },
        "patch": {"type": "StrategicMerge", "value": patch},
    }
    kubernetes = {"envoyDeployment": deployment, "envoyService": {"type": "ClusterIP"}}
    proxy = {
        "provider": {"type": "Kubernetes", "kubernetes": kubernetes},
        "shutdown": {"drainTimeout": "1s", "minDrainDuration": "0s"},
    }
    parameters = {"group": OWN, "kind": "EnvoyProxy", "name": "lab", "namespace": NAMESPACE}
    return (
        _obj("v1", "ConfigMap", "envoy-hosts", data={"hosts": hosts}),
        _obj(f"{OWN}/v1alpha1", "EnvoyProxy", "lab", spec=proxy),
        _obj(
            f"{GROUP}/v1",
            "GatewayClass",
            NAME,
            cluster=True,
            spec={"controllerName": CONTROLLER, "parametersRef": parameters},
        ),
    )


def with_picker(pool: ModelPool, apis: Apis, picker: inference.Picker = inference.OWN) -> tuple[Obj, ...]:
    """It takes no InferencePool as a backend. Its own policies ask the same picker about each request, and heed the answer."""
    versions = {name: f"{OWN}/{apis.versions(f'{OWN}/{name}')[0]}" for name in POLICIES}
    metadata = {"name": pool.name, "namespace": pool.namespace}
    target = {"targetRefs": [{"group": GROUP, "kind": "HTTPRoute", "name": pool.name}]}
    whole = {"body": "FullDuplexStreamed"}
    asked = {
        "backendRefs": [{"name": inference.PICKER, "port": inference.PICKER_PORT}],
        "processingMode": {"request": whole, "response": whole},
        "messageTimeout": "5s",
    }
    heeded = {"type": "RoundRobin", "endpointOverride": {"extractFrom": [{"header": inference.PICKED}]}}
    specs: dict[str, Obj] = {
        "EnvoyExtensionPolicy": {"extProc": [asked]},
        "BackendTrafficPolicy": {"loadBalancer": heeded},
    }
    return (
        *inference.picked_pool(pool, apis, picker),
        *(
            {"apiVersion": versions[name], "kind": kind, "metadata": metadata, "spec": {**target, **spec}}
            for name, (kind, spec) in zip(POLICIES, specs.items(), strict=True)
        ),
        inference.route(pool, apis, {"name": pool.service, "port": pool.port}),
    )


ENVOY_GATEWAY = System(
    id="envoy-gateway",
    title="Envoy Gateway",
    home="https://gateway.envoyproxy.io",
    found_by=Holds(
        GatewayClass, lambda entry: entry.spec.controller_name == CONTROLLER, f"the controller {CONTROLLER}"
    ),
    roles=(
        GatewayImplementation(player="envoy-gateway", controller=CONTROLLER),
        InferenceRouter(
            player="envoy-gateway",
            controller=CONTROLLER,
            picker=inference.PICKER,
            looks_at=inference.LOOKS_AT,
            creates=(*inference.CREATES, *(f"{OWN}/{name}" for name in POLICIES)),
            dialect=with_picker,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/envoyproxy/gateway",
        version="v1.9.1",
        programs={"envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway"},
        wheel={"envoy": "envoy/_bin/envoy"},
        manifests=tuple(f"{_CRDS}/{OWN}_{name}.yaml" for name in _DEFINED),
        overlay=(*_control_plane(), *_data_plane()),
        processes=(),
        images=(Image(IMAGE, "envoy-gateway", ("/envoy-gateway",), beside=("envoy",)),),
        needs=("gateway-api",),
        level=LabLevel.NODE,
        by_default=False,
    ),
)
