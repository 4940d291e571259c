"""What tells the Prometheus of an operator which Services and pods to collect from."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape


class Namespaces(Shape, frozen=True):
    any: bool = False
    match_names: tuple[str, ...] = ()


class MonitorSpec(Shape, frozen=True):
    selector: LabelSelector = LabelSelector()
    namespace_selector: Namespaces = Namespaces()


class Monitor(Fact, frozen=True):
    spec: MonitorSpec = MonitorSpec()

    def takes(self, namespace: str, labels: dict[str, str]) -> bool:
        """Whether it is about an object there with these labels; without a word about namespaces, it is about its own."""
        wanted = self.spec.namespace_selector
        there = wanted.any or namespace in (wanted.match_names or (self.metadata.namespace,))
        return there and self.spec.selector.matches(labels)


class ServiceMonitor(Monitor, frozen=True):
    of = "monitoring.coreos.com/servicemonitors"


class PodMonitor(Monitor, frozen=True):
    of = "monitoring.coreos.com/podmonitors"
