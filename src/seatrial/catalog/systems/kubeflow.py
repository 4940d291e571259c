"""Kubeflow's Pipelines and Model Registry; Trainer and KServe are systems of their own."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.prometheus import Service
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Holds, Proof, Served, System


class Cron(Shape, frozen=True):
    cron: str = ""


class Period(Shape, frozen=True):
    interval_second: int | str | None = None


class Trigger(Shape, frozen=True):
    cron_schedule: Cron | None = None
    periodic_schedule: Period | None = None


class ScheduledWorkflowSpec(Shape, frozen=True):
    enabled: bool = False
    max_concurrency: int | str | None = None
    no_catchup: bool | None = None
    trigger: Trigger = Trigger()


class ScheduledWorkflow(Fact, frozen=True):
    """A run that comes again."""

    of = "kubeflow.org/scheduledworkflows"

    spec: ScheduledWorkflowSpec = ScheduledWorkflowSpec()


class PipelineSpec(Shape, frozen=True):
    display_name: str = ""
    description: str = ""


class Pipeline(Fact, frozen=True):
    """Only where pipelines are kept in the cluster instead of a database."""

    of = "pipelines.kubeflow.org/pipelines"

    spec: PipelineSpec = PipelineSpec()


class PipelineVersionSpec(Shape, frozen=True):
    pipeline_name: str = ""
    display_name: str = ""
    pipeline_spec: dict[str, Any] = {}


class PipelineVersion(Fact, frozen=True):
    of = "pipelines.kubeflow.org/pipelineversions"

    spec: PipelineVersionSpec = PipelineVersionSpec()


def _is_registry(service: Service) -> bool:
    labels = service.metadata.labels
    return "model-registry" in (labels.get("component"), labels.get("app.kubernetes.io/component"))


KUBEFLOW_PIPELINES = System(
    id="kubeflow-pipelines",
    title="Kubeflow Pipelines",
    home="https://www.kubeflow.org/docs/components/pipelines/",
    found_by=Served(ScheduledWorkflow.of),
    facts=(ScheduledWorkflow, Pipeline, PipelineVersion),
    proof=Proof.DOCUMENTS,
)

MODEL_REGISTRY = System(
    id="model-registry",
    title="Kubeflow Model Registry",
    home="https://www.kubeflow.org/docs/components/model-registry/",
    found_by=Holds(Service, _is_registry, "the labels of a model registry"),
    proof=Proof.DOCUMENTS,
)
