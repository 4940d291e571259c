"""How much of a workload may be taken away at once."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape


class BudgetSpec(Shape, frozen=True):
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: LabelSelector | None = None  # none: no pod


class BudgetStatus(Shape, frozen=True):
    disruptions_allowed: int = 0


class PodDisruptionBudget(Fact, frozen=True):
    of = "policy/poddisruptionbudgets"

    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()

    def covers(self, namespace: str, labels: dict[str, str]) -> bool:
        selector = self.spec.selector
        return namespace == self.metadata.namespace and selector is not None and selector.matches(labels)
