"""The operator of Prometheus: what its servers collect and which rules they go by are objects.

It is here where it runs a server: definitions alone collect nothing, and stay behind where it has gone.
"""

from __future__ import annotations

from seatrial.catalog.systems.alerts import PrometheusRule, PrometheusServer
from seatrial.catalog.systems.monitors import PodMonitor, ServiceMonitor
from seatrial.catalog.systems.prometheus import MONITORED
from seatrial.model.system import Holds, Proof, Recipe, System

_DEFINED = ("podmonitors", "prometheuses", "prometheusrules", "servicemonitors")

PROMETHEUS_OPERATOR = System(
    id="prometheus-operator",
    title="Prometheus Operator",
    home="https://prometheus-operator.dev",
    found_by=Holds(PrometheusServer, lambda _: True, "a Prometheus that the operator runs"),
    facts=(PodMonitor, ServiceMonitor, PrometheusRule, PrometheusServer),
    roles=(MONITORED,),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/prometheus-operator/prometheus-operator",
        version="v0.92.1",
        programs={},
        manifests=tuple(f"example/prometheus-operator-crd/monitoring.coreos.com_{name}.yaml" for name in _DEFINED),
        processes=(),
        by_default=False,
    ),
)
