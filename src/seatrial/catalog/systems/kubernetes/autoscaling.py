"""HorizontalPodAutoscalers: what they follow, how far they go, and how fast they let go."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape

COMPUTE = ("cpu", "memory")


class Target(Shape, frozen=True):
    kind: str = ""
    name: str = ""
    api_version: str = ""


class ResourceMetric(Shape, frozen=True):
    name: str = ""


class MetricName(Shape, frozen=True):
    name: str = ""


class NamedMetric(Shape, frozen=True):
    metric: MetricName = MetricName()


class Metric(Shape, frozen=True):
    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None
    pods: NamedMetric | None = None
    object: NamedMetric | None = None
    external: NamedMetric | None = None

    @property
    def name(self) -> str:
        plain = self.resource or self.container_resource
        if plain is not None:
            return plain.name
        custom = self.pods or self.object or self.external
        return custom.metric.name if custom is not None else self.type


class ScalingRules(Shape, frozen=True):
    stabilization_window_seconds: int | None = None
    select_policy: str = ""


class Behavior(Shape, frozen=True):
    scale_up: ScalingRules | None = None
    scale_down: ScalingRules | None = None


class AutoscalerSpec(Shape, frozen=True):
    scale_target_ref: Target = Target()
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: tuple[Metric, ...] = ()
    behavior: Behavior = Behavior()

    @property
    def follows(self) -> tuple[str, ...]:
        """The names of its metrics; without any, the API server writes cpu."""
        return tuple(one.name for one in self.metrics) or ("cpu",)


class AutoscalerStatus(Shape, frozen=True):
    current_replicas: int = 0
    desired_replicas: int = 0
    conditions: tuple[Condition, ...] = ()

    def condition(self, type: str) -> Condition | None:
        return next((one for one in self.conditions if one.type == type), None)


class HorizontalPodAutoscaler(Fact, frozen=True):
    of = "autoscaling/horizontalpodautoscalers"

    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()

    @property
    def target(self) -> str:
        """The subject of what it scales: ``apps/deployments/team/server``."""
        ref = self.spec.scale_target_ref
        group = ref.api_version.rpartition("/")[0]
        return "/".join(part for part in (group, f"{ref.kind.lower()}s", self.metadata.namespace, ref.name) if part)
