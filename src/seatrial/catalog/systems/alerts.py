"""Alerts, as the operator of Prometheus takes them."""

from __future__ import annotations

from collections.abc import Iterator

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
