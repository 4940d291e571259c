"""Prometheus, alone or run by its operator: finds what exposes metrics, collects it, and answers PromQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from seatrial.catalog.roles import Exposed, Exposure, Monitoring
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Process, Proof, Recipe, System

PORT = 9090
_MARK = "prometheus.io"
_NAME = "app.kubernetes.io/name"
_OPERATED = "operated-prometheus"  # the label that the operator puts on its Service
_MONITORS, _SERVERS = "monitoring.coreos.com/podmonitors", "monitoring.coreos.com/prometheuses"


class ServiceSpec(Shape, frozen=True):
    type: str = ""
    selector: dict[str, str] = {}  # none: its endpoints are written by somebody else
    external_ips: tuple[str, ...] = msgspec.field(default=(), name="externalIPs")


class Service(Fact, frozen=True):
    of = "services"

    spec: ServiceSpec = ServiceSpec()


def _is_server(name: str, labels: Mapping[str, str]) -> bool:
    """Not one of the many others that carry the name in theirs, such as a node exporter."""
    ours = labels.get(_NAME) == "prometheus" or name in ("prometheus", "prometheus-server")
    return ours and _OPERATED not in labels


def _answers(service: Obj) -> int:
    metadata = service["metadata"]
    return _port(service) if _is_server(metadata["name"], metadata.get("labels") or {}) else 0


def _operated(service: Obj) -> int:
    return _port(service) if (service["metadata"].get("labels") or {}).get(_OPERATED) == "true" else 0


def _port(service: Obj) -> int:
    ports = service["spec"].get("ports") or ()
    usual = (one for one in ports if one.get("name") in ("web", "http", "http-web") or one["port"] == PORT)
    return int(next(usual, {"port": 0})["port"])


def _by_annotations(exposed: Exposed, servers: tuple[Obj, ...]) -> Exposure:
    return Exposure({f"{_MARK}/scrape": "true", f"{_MARK}/port": str(exposed.port), f"{_MARK}/path": exposed.path})


def _by_monitor(exposed: Exposed, servers: tuple[Obj, ...]) -> Exposure:
    """A PodMonitor with the labels that a server wants on them; one that looks into any namespace."""
    labels = next((found for server in servers if (found := _wanted(server["spec"])) is not None), None)
    if labels is None:
        raise CannotJudge(
            "no Prometheus of the operator takes PodMonitors of a fresh namespace by labels that can be told",
            way_out="set podMonitorNamespaceSelector to {}, and podMonitorSelector to labels alone",
        )
    monitor = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": exposed.name, "namespace": exposed.namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": exposed.labels},
            "podMetricsEndpoints": [{"port": exposed.port_name, "path": exposed.path, "interval": "5s"}],
        },
    }
    return Exposure(objects=(monitor,))


def _wanted(spec: Obj) -> dict[str, str] | None:
    """An empty selector takes everything, and one that is not there takes nothing."""
    monitors, namespaces = spec.get("podMonitorSelector"), spec.get("podMonitorNamespaceSelector")
    if monitors is None or namespaces != {} or monitors.get("matchExpressions"):
        return None
    return dict(monitors.get("matchLabels") or {})


_FIND_PODS = """\
- job_name: pods
  kubernetes_sd_configs: [{role: pod, kubeconfig_file: "{kubeconfig}"}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: "true"}
  - {source_labels: [__meta_kubernetes_pod_phase], action: drop, regex: Pending|Succeeded|Failed|Completed}
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path], action: replace, target_label: __metrics_path__, regex: (.+)}
  - source_labels: [__meta_kubernetes_pod_ip, __meta_kubernetes_pod_annotation_prometheus_io_port]
    action: replace
    target_label: __address__
    regex: (.+);(.+)
    replacement: $1:$2
  - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
  - {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}
  - {source_labels: [__meta_kubernetes_pod_node_name], target_label: node}
"""
_DROP = '  metric_relabel_configs: [{source_labels: [__name__], action: drop, regex: "{drop}"}]\n'


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    text = "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
    if settings["find_pods"]:
        text += "scrape_configs:\n" + _FIND_PODS
        text += _DROP.replace("{drop}", settings["drop"]) if settings["drop"] else ""
    return {"prometheus.yml": text}


# The program runs in the node's own network; this pod is of that network too, so that it gives the program an address in the cluster.
_STAND_IN: Obj = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "prometheus-0", "namespace": "{namespace}", "labels": {_NAME: "prometheus"}},
    "spec": {
        "hostNetwork": True,
        "nodeName": "lab-node",
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "stands-for-prometheus",
                "image": "seatrial.dev/lab/workload:v1",
                "command": ["/workload", "pause"],
                "ports": [{"name": "web", "containerPort": PORT}],
            }
        ],
    },
}
_ACCOUNT: Obj = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {
        "name": "default",
        "namespace": "{namespace}",
    },  # before a controller makes it, so that the pod is let in
}
_SERVICE: Obj = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "prometheus", "namespace": "{namespace}", "labels": {_NAME: "prometheus"}},
    "spec": {"selector": {_NAME: "prometheus"}, "ports": [{"name": "web", "port": PORT}]},
}

ANNOTATED = Monitoring(player="prometheus", looks_at=("services",), answers=_answers, expose=_by_annotations)
MONITORED = Monitoring(
    player="prometheus-operator",
    creates=(_MONITORS,),
    looks_at=("services", _SERVERS),
    answers=_operated,
    defined_by=_SERVERS,
    expose=_by_monitor,
)

PROMETHEUS = System(
    id="prometheus",
    title="Prometheus",
    home="https://prometheus.io",
    found_by=Holds(Service, lambda one: _is_server(one.name, one.metadata.labels), "the name of a Prometheus"),
    facts=(Service,),
    roles=(ANNOTATED,),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/prometheus/prometheus",
        version="v0.315.0",
        programs={"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"},
        tags=(
            "netgo",
            "remove_all_sd",
            "enable_kubernetes_sd",
        ),  # of the many ways to find targets, the one for Kubernetes
        ldflags="-X github.com/prometheus/common/version.Version=3.15.0",
        manifests=(),
        overlay=(_ACCOUNT, _STAND_IN, _SERVICE),
        processes=(
            Process(
                program="prometheus",
                args=(
                    "--config.file={folder}/prometheus.yml",
                    "--storage.tsdb.path={folder}/data",
                    "--storage.tsdb.retention.time=2h",
                    "--web.listen-address={address}:{port:web}",
                    "--web.enable-otlp-receiver",  # so that a load can be told to it: bench serve --otlp
                    "--log.level=warn",
                ),
                ready="http://{address}:{port:web}/-/ready",
            ),
        ),
        configure=_configure,
        settings={"find_pods": True, "drop": ""},
        level=LabLevel.NODE,  # it reaches pods from there
        ports={"web": PORT},
    ),
)
