"""A cluster that serves models as one finds it: doors without a check, autoscalers that jump, caches that are cold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from seatrial.catalog.remedies.pods import container, pod
from seatrial.model.fact import Obj

PLAIN, MESHED, MONITORING, DRAGONFLY, KUEUE = "models", "meshed", "monitoring", "dragonfly-system", "kueue-system"
GATEWAYS = "gateway.networking.k8s.io/v1"
KUEUE_CONFIG = "controller_manager_config.yaml"
_AT_ONCE = {"scaleDown": {"stabilizationWindowSeconds": 0}}


def obj(api: str, kind: str, name: str, namespace: str = PLAIN, **parts: Any) -> Obj:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **parts}


def _namespace(name: str, **labels: str) -> Iterator[Obj]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    yield obj("v1", "ServiceAccount", "default", name)


def server(name: str, namespace: str = PLAIN, *, replicas: int = 1, **spec: Any) -> Obj:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(containers=[container()], **spec)["spec"]}
    selector = {"matchLabels": {"app": name}}
    return obj(
        "apps/v1",
        "Deployment",
        name,
        namespace,
        spec={"replicas": replicas, "selector": selector, "template": template},
    )


def _taken_in(one: Obj) -> Obj:
    """As the mesh marks pods that it has taken in; it does not run here."""
    one["spec"]["template"]["metadata"]["annotations"] = {"ambient.istio.io/redirection": "enabled"}
    return one


def _door(name: str, namespace: str) -> Obj:
    return obj("v1", "Service", name, namespace, spec={"selector": {"app": name}, "ports": [{"port": 8000}]})


def _route(namespace: str, name: str) -> Obj:
    rules = [{"backendRefs": [{"name": name, "port": 8000}]}]
    spec = {"parentRefs": [{"name": "front", "namespace": PLAIN}], "rules": rules}
    return obj(GATEWAYS, "HTTPRoute", name, namespace, spec=spec)


def front() -> Iterator[Obj]:
    certificate = {"certificateRefs": [{"name": "front"}]}
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": certificate}
    listener |= {"allowedRoutes": {"namespaces": {"from": "All"}}}
    other = {"name": "other", "port": 8443, "protocol": "HTTPS", "tls": certificate, "hostname": "other.example.com"}
    spec = {"gatewayClassName": "example", "listeners": [listener, other]}
    yield obj(GATEWAYS, "Gateway", "front", spec=spec)
    yield from (_door("server", PLAIN), _route(PLAIN, "server"))
    yield from (_taken_in(server("inside", MESHED)), _door("inside", MESHED), _route(MESHED, "inside"))
    pool = {"selector": {"matchLabels": {"app": "inside"}}, "targetPorts": [{"number": 8000}]}
    pool |= {"endpointPickerRef": {"name": "picker", "port": {"number": 9002}}}
    yield obj("inference.networking.k8s.io/v1", "InferencePool", "inside", MESHED, spec=pool)
    weak = {"selector": {"matchLabels": {"app": "inside"}}, "mtls": {"mode": "PERMISSIVE"}}
    weak |= {"portLevelMtls": {"8000": {"mode": "DISABLE"}}}
    yield obj("security.istio.io/v1", "PeerAuthentication", "weak", MESHED, spec=weak)


def scalers() -> Iterator[Obj]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "server"}
    waiting = {
        "type": "Pods",
        "pods": {"metric": {"name": "waiting"}, "target": {"type": "AverageValue", "averageValue": "4"}},
    }
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 4, "metrics": [waiting], "behavior": _AT_ONCE}
    yield obj("autoscaling/v2", "HorizontalPodAutoscaler", "server", spec=spec)
    yield server("bursty")
    trigger = {
        "type": "prometheus",
        "name": "waiting",
        "metadata": {
            "serverAddress": "http://127.0.0.1:9",
            "query": 'sum(vllm:num_requests_waiting{namespace="models"})',
            "threshold": "4",
        },
    }
    scaled = {"scaleTargetRef": {"name": "bursty"}, "maxReplicaCount": 4, "cooldownPeriod": 10, "triggers": [trigger]}
    scaled |= {"minReplicaCount": 0, "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _AT_ONCE}}}
    yield obj("keda.sh/v1alpha1", "ScaledObject", "bursty", spec=scaled)


def _peers() -> Iterator[Obj]:
    """As Dragonfly's chart makes them."""
    for component in ("client", "seed-client"):
        labels = {"app": "dragonfly", "component": component}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "client", "image": "dragonflyoss/client"}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": template, "serviceName": component, "replicas": 1}
        yield obj("apps/v1", "StatefulSet", component, DRAGONFLY, spec=spec)
    registry = {"hostNamespace": "docker.io", "serverAddr": "https://index.docker.io", "skipVerify": True}
    yield dfinit({"containerRuntime": {"containerd": {"enable": True, "registries": [registry]}}})


def dfinit(config: Obj) -> Obj:
    """JSON is YAML."""
    return obj("v1", "ConfigMap", "dragonfly-dfinit", DRAGONFLY, data={"dfinit.yaml": json.dumps(config)})


def kueue_config(text: str) -> Obj:
    return obj("v1", "ConfigMap", "kueue-manager-config", KUEUE, data={KUEUE_CONFIG: text})


def scene(kueue: str) -> Iterator[Obj]:
    for name in (PLAIN, MONITORING, DRAGONFLY, KUEUE):
        yield from _namespace(name)
    yield from _namespace(MESHED, **{"istio-injection": "enabled"})
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "weights"}}
    yield server("server", volumes=[data])
    yield obj(
        "data.fluid.io/v1alpha1", "Dataset", "weights", spec={"mounts": [{"mountPoint": "s3://models", "name": "a"}]}
    )
    yield from front()
    yield from scalers()
    yield from _peers()
    selector = {"ruleSelector": {"matchLabels": {"release": "main"}}}
    yield obj("monitoring.coreos.com/v1", "Prometheus", "main", MONITORING, spec=selector)
    yield {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": "all"}, "spec": {}}
    yield kueue_config(kueue)
