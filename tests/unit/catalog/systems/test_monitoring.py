"""What Prometheus, its operator and the custom metrics API are told, and how they are known."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from seatrial.catalog.roles import Exposed, Scaled
from seatrial.catalog.systems.prometheus import ANNOTATED, MONITORED, PORT, PROMETHEUS
from seatrial.catalog.systems.prometheus_adapter import CUSTOM_METRICS
from seatrial.lab.forge.recipes import PROGRAMS, pinned_version
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Recipe, System

PLAIN = Exposed("counted", "bench", {"app": "counted"}, 8080, "metrics", "/metrics")


def service(name: str, labels: dict[str, str] | None = None, *ports: Obj) -> Obj:
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"ports": list(ports) or [{"name": "web", "port": PORT}]},
    }


@pytest.mark.parametrize(
    ("obj", "alone", "operated"),
    [
        (service("prometheus"), PORT, 0),
        (service("prometheus-server", None, {"name": "http", "port": 80}), 80, 0),
        (service("mine", {"app.kubernetes.io/name": "prometheus"}, {"port": PORT}), PORT, 0),
        (service("prometheus-operated", {"operated-prometheus": "true"}), 0, PORT),
        (service("prometheus-node-exporter", {"app.kubernetes.io/name": "prometheus-node-exporter"}), 0, 0),
        (service("prometheus", None, {"name": "grpc", "port": 10901}), 0, 0),
    ],
)
def test_the_service_that_answers_promql(obj: Obj, alone: int, operated: int) -> None:
    assert (ANNOTATED.answers(obj), MONITORED.answers(obj)) == (alone, operated)


def server(**spec: Any) -> Obj:
    return {"metadata": {"name": "k8s"}, "spec": spec}


def test_a_monitor_carries_the_labels_that_a_server_wants() -> None:
    wanted = server(podMonitorSelector={"matchLabels": {"release": "stack"}}, podMonitorNamespaceSelector={})
    (monitor,) = MONITORED.expose(PLAIN, (server(), wanted)).objects
    assert monitor["metadata"]["labels"] == {"release": "stack"}
    assert monitor["spec"]["selector"]["matchLabels"] == PLAIN.labels
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"podMonitorSelector": {}},
        {"podMonitorNamespaceSelector": {}},
        {"podMonitorSelector": {}, "podMonitorNamespaceSelector": {"matchLabels": {"a": "b"}}},
        {"podMonitorSelector": {"matchExpressions": [{"key": "a"}]}, "podMonitorNamespaceSelector": {}},
    ],
)
def test_where_no_server_takes_monitors_of_a_fresh_namespace_nothing_can_be_said(spec: Obj) -> None:
    with pytest.raises(CannotJudge, match="PodMonitors"):
        MONITORED.expose(PLAIN, (server(**spec),))


def recipe(system: System) -> Recipe:
    assert system.recipe is not None
    return system.recipe


@pytest.mark.parametrize("system", [PROMETHEUS, CUSTOM_METRICS], ids=lambda system: system.id)
def test_what_runs_is_built_from_what_is_pinned(system: System) -> None:
    made = recipe(system)
    pins = PROGRAMS / "systems" / system.id
    assert pinned_version(pins, made.module) == made.version
    assert {f"tool {package}" for package in made.programs.values()} <= set(
        pins.joinpath("go.mod").read_text().splitlines()
    )
    assert f"{made.module} {made.version} h1:" in pins.joinpath("go.sum").read_text()


def configured(system: System, **settings: object) -> Any:
    made = recipe(system)
    assert made.configure is not None
    (text,) = made.configure({**made.settings, **settings}).values()
    return yaml.safe_load(text)


def test_prometheus_looks_for_pods_that_are_annotated_and_keeps_what_they_say() -> None:
    (job,) = configured(PROMETHEUS)["scrape_configs"]
    keeps = [rule for rule in job["relabel_configs"] if rule.get("action") == "keep"]
    assert keeps == [
        {"source_labels": ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], "action": "keep", "regex": "true"}
    ]
    assert "metric_relabel_configs" not in job
    assert "scrape_configs" not in configured(PROMETHEUS, find_pods=False)
    (dropping,) = configured(PROMETHEUS, drop="a.*")["scrape_configs"]
    assert dropping["metric_relabel_configs"][0]["regex"] == "a.*"


def test_an_autoscaler_follows_the_metric_of_its_pods_at_once() -> None:
    (role,) = CUSTOM_METRICS.roles
    (hpa,) = role.objects(Scaled("busy", "bench", "depth", 4, 3), Apis({}))  # type: ignore[attr-defined]
    spec = hpa["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]) == (1, 3, "busy")
    assert {spec["behavior"][way]["stabilizationWindowSeconds"] for way in ("scaleUp", "scaleDown")} == {0}
    assert spec["metrics"] == [
        {"type": "Pods", "pods": {"metric": {"name": "depth"}, "target": {"type": "AverageValue", "averageValue": "4"}}}
    ]


def test_the_adapter_offers_every_series_of_pods_unless_it_is_told_another() -> None:
    every, other = (configured(CUSTOM_METRICS, all_series=on)["rules"][0]["seriesQuery"] for on in (True, False))
    assert "container_" in every
    assert '__name__="up"' in other
    assert recipe(CUSTOM_METRICS).needs == ("prometheus",)
