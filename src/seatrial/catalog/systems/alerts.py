"""Alerts, as the operator of Prometheus takes them."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape


class AlertRule(Shape, frozen=True):
    alert: str = ""  # empty: it records, and alerts nobody
    expr: str | int | float = ""


class RuleGroup(Shape, frozen=True):
    name: str = ""
    rules: tuple[AlertRule, ...] = ()


class PrometheusRuleSpec(Shape, frozen=True):
    groups: tuple[RuleGroup, ...] = ()


class PrometheusRule(Fact, frozen=True):
    of = "monitoring.coreos.com/prometheusrules"

    spec: PrometheusRuleSpec = PrometheusRuleSpec()

    @property
    def alerts(self) -> Iterator[AlertRule]:
        for group in self.spec.groups:
            yield from (rule for rule in group.rules if rule.alert)


class ServerSpec(Shape, frozen=True):
    rule_selector: LabelSelector | None = None  # none: no rule at all
    rule_namespace_selector: LabelSelector | None = None  # none: its own namespace


class PrometheusServer(Fact, frozen=True):
    """A Prometheus that the operator runs."""

    of = "monitoring.coreos.com/prometheuses"

    spec: ServerSpec = ServerSpec()

    @property
    def labels_for_rules(self) -> dict[str, str] | None:
        """What a rule beside it has to carry; nothing where that cannot be told by labels alone."""
        wanted, homes = self.spec.rule_selector, self.spec.rule_namespace_selector
        if wanted is None or wanted.match_expressions or not (homes is None or homes.is_empty):
            return None
        return wanted.match_labels
