"""The custom metrics API, through which a HorizontalPodAutoscaler reads what a workload says of itself. The lab runs Prometheus Adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import PodAutoscaler, Scaled
from seatrial.catalog.systems.aggregated import aggregated
from seatrial.catalog.systems.prometheus import ANNOTATED, MONITORED, PORT
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Process, Proof, Recipe, System

_GROUP = "custom.metrics.k8s.io"
_HPA = "autoscaling/horizontalpodautoscalers"


class ApiServiceSpec(Shape, frozen=True):
    group: str = ""


class ApiService(Fact, frozen=True):
    of = "apiregistration.k8s.io/apiservices"

    spec: ApiServiceSpec = ApiServiceSpec()


def _as_hpa(scaled: Scaled, apis: Apis) -> tuple[Obj, ...]:
    """It follows at once in both directions, so that nobody has to wait for what is only meant to damp it."""
    at_once = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 100, "periodSeconds": 15}]}
    metric = {"metric": {"name": scaled.metric}, "target": {"type": "AverageValue", "averageValue": str(scaled.target)}}
    return (
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": scaled.deployment, "namespace": scaled.namespace},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": scaled.deployment},
                "minReplicas": 1,
                "maxReplicas": scaled.most,
                "behavior": {"scaleUp": at_once, "scaleDown": at_once},
                "metrics": [{"type": "Pods", "pods": metric}],
            },
        },
    )


_RULE = """\
rules:
- seriesQuery: '{namespace!="",pod!="",__name__!~"^container_.*"}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)'
"""
_OTHER_RULE = _RULE.replace(
    '{namespace!="",pod!="",__name__!~"^container_.*"}', '{__name__="up",namespace!="",pod!=""}'
)


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    return {"adapter.yaml": _RULE if settings["all_series"] else _OTHER_RULE}


CUSTOM_METRICS = System(
    id="prometheus-adapter",
    title="Prometheus Adapter, or another server of the custom metrics API",
    home="https://github.com/kubernetes-sigs/prometheus-adapter",
    found_by=Holds(ApiService, lambda one: one.spec.group == _GROUP, f"the group {_GROUP}"),
    facts=(ApiService,),
    roles=(
        PodAutoscaler(
            player="prometheus-adapter",
            creates=(_HPA, *MONITORED.creates),
            looks_at=MONITORED.looks_at,
            objects=_as_hpa,
            fed_by=(ANNOTATED, MONITORED),
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="sigs.k8s.io/prometheus-adapter",
        version="v0.12.0",
        programs={"prometheus-adapter": "sigs.k8s.io/prometheus-adapter/cmd/adapter"},
        manifests=(),
        overlay=aggregated("prometheus-adapter", group=_GROUP, version="v1beta2", priority=200),
        processes=(
            Process(
                program="prometheus-adapter",
                args=(
                    "--config={folder}/adapter.yaml",
                    f"--prometheus-url=http://{{address}}:{PORT}/",
                    "--metrics-relist-interval=2s",
                    "--metrics-max-age=10s",
                    "--bind-address={address}",
                    "--secure-port={port:secure}",
                    "--tls-cert-file={folder}/tls.crt",
                    "--tls-private-key-file={folder}/tls.key",
                    "--lister-kubeconfig={kubeconfig}",
                    "--authentication-kubeconfig={kubeconfig}",
                    "--authorization-kubeconfig={kubeconfig}",
                ),
            ),
        ),
        configure=_configure,
        settings={"all_series": True},
        needs=("prometheus",),
        level=LabLevel.NODE,  # it asks the Prometheus that runs there
    ),
)
