"""OpenTelemetry: collectors of traces, metrics and logs, run by its operator."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.pods import EnvVar, Resources
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System


class TargetAllocator(Shape, frozen=True):
    enabled: bool = False
    allocation_strategy: str = ""
    prometheus_cr: dict[str, Any] = msgspec.field(default_factory=dict, name="prometheusCR")


class CollectorSpec(Shape, frozen=True):
    mode: str = "deployment"
    replicas: int | None = None
    image: str = ""
    config: dict[str, Any] | str = ""  # before v1beta1 it is one text
    env: tuple[EnvVar, ...] = ()
    resources: Resources = Resources()
    target_allocator: TargetAllocator = TargetAllocator()
    service_account: str = ""
    management_state: str = ""


class CollectorStatus(Shape, frozen=True):
    image: str = ""
    version: str = ""


class OpenTelemetryCollector(Fact, frozen=True):
    of = "opentelemetry.io/opentelemetrycollectors"

    spec: CollectorSpec = CollectorSpec()
    status: CollectorStatus = CollectorStatus()


class Exporter(Shape, frozen=True):
    endpoint: str = ""


class InstrumentationSpec(Shape, frozen=True):
    exporter: Exporter = Exporter()
    propagators: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()


class Instrumentation(Fact, frozen=True):
    """How the operator instruments pods that ask for it."""

    of = "opentelemetry.io/instrumentations"

    spec: InstrumentationSpec = InstrumentationSpec()


_CRDS = "config/crd/bases/opentelemetry.io"

OPENTELEMETRY = System(
    id="opentelemetry",
    title="OpenTelemetry operator and collector",
    home="https://opentelemetry.io/docs/platforms/kubernetes/operator/",
    found_by=Served(OpenTelemetryCollector.of),
    facts=(OpenTelemetryCollector, Instrumentation),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/open-telemetry/opentelemetry-operator",
        version="v0.140.0",
        programs={},
        manifests=tuple(f"{_CRDS}_{name}.yaml" for name in ("opentelemetrycollectors", "instrumentations")),
        processes=(),
        by_default=False,
    ),
)
