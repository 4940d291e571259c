"""Knative Serving: HTTP services that follow their load, down to none."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import Condition, PodSpec
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

CLASS, METRIC, TARGET = (f"autoscaling.knative.dev/{name}" for name in ("class", "metric", "target"))
SMALLEST, LARGEST = "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale"
SETTINGS = ("config-autoscaler", "config-network", "config-features", "config-gc")  # its ConfigMaps


class RevisionSpec(PodSpec, frozen=True):
    container_concurrency: int | None = None
    timeout_seconds: int | None = None


class RevisionMeta(Shape, frozen=True):
    name: str = ""
    annotations: dict[str, str] = {}  # how it is scaled


class RevisionTemplate(Shape, frozen=True):
    metadata: RevisionMeta = RevisionMeta()
    spec: RevisionSpec = RevisionSpec()


class TrafficTarget(Shape, frozen=True):
    revision_name: str = ""
    latest_revision: bool | None = None
    percent: int | None = None
    tag: str = ""


class KnativeServiceSpec(Shape, frozen=True):
    template: RevisionTemplate = RevisionTemplate()
    traffic: tuple[TrafficTarget, ...] = ()


class KnativeServiceStatus(Shape, frozen=True):
    url: str = ""
    conditions: tuple[Condition, ...] = ()
    traffic: tuple[TrafficTarget, ...] = ()
    latest_created_revision_name: str = ""
    latest_ready_revision_name: str = ""


class KnativeService(Fact, frozen=True):
    of = "serving.knative.dev/services"

    spec: KnativeServiceSpec = KnativeServiceSpec()
    status: KnativeServiceStatus = KnativeServiceStatus()


_CRDS = "config/core/300-resources"

KNATIVE = System(
    id="knative",
    title="Knative Serving",
    home="https://knative.dev/docs/serving/",
    found_by=Served(KnativeService.of),
    facts=(KnativeService,),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="knative.dev/serving",
        version="v0.51.0",
        programs={},
        manifests=tuple(f"{_CRDS}/{name}.yaml" for name in ("service", "configuration", "revision", "route")),
        processes=(),
        by_default=False,
    ),
)
