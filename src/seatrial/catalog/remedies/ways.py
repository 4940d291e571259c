"""By which ways pods are reached from elsewhere and reach others, as far as objects tell. Most of it no object tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from seatrial.catalog.systems.gateway_objects import GRPCRoute, HTTPRoute, Route
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.kubernetes.governance import NetworkPolicy
from seatrial.catalog.systems.monitors import PodMonitor, ServiceMonitor
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.model_paths import POOL
from seatrial.catalog.views.model_sources import ModelSource
from seatrial.model.fact import Fact, Snapshot, sources

READS: tuple[type[Fact], ...] = (
    Service, HTTPRoute, GRPCRoute, InferencePool, PodMonitor, ServiceMonitor, ModelSource, NetworkPolicy,
)  # fmt: skip
READ = tuple(dict.fromkeys(kind for one in READS for kind in sources(one)))
COMING, GOING = "Ingress", "Egress"
_OUTSIDE = ("NodePort", "LoadBalancer")
_SCRAPE = "prometheus.io/scrape"
_BY_THE_NODE = ("", "pvc", "oci", "file")  # nobody's network: it is there, or the node brings it
Labels = Mapping[str, str]


class From(StrEnum):
    OUTSIDE = "outside"
    GATEWAY = "gateway"
    COLLECTOR = "collector"


class Way(msgspec.Struct, frozen=True):
    by: From
    told: str
    via: tuple[tuple[str, str], ...] = ()  # Gateways, by namespace and name


class Ways:
    """What one snapshot tells; made once for all of its pods."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._services: dict[str, list[Service]] = defaultdict(list)
        for service in snapshot.all(Service):
            if service.spec.selector:
                self._services[service.metadata.namespace].append(service)
        self._pools: dict[str, list[InferencePool]] = defaultdict(list)
        for pool in snapshot.all(InferencePool):
            self._pools[pool.metadata.namespace].append(pool)
        self._routes: dict[tuple[str, str, str], list[Route]] = defaultdict(list)
        for route in (*snapshot.all(HTTPRoute), *snapshot.all(GRPCRoute)):
            for one in route.backends:
                self._routes[one.kind, one.namespace or route.metadata.namespace, one.name].append(route)
        self._policies: dict[str, list[NetworkPolicy]] = defaultdict(list)
        for policy in snapshot.all(NetworkPolicy):
            self._policies[policy.metadata.namespace].append(policy)
        self._sources: dict[str, list[ModelSource]] = defaultdict(list)
        for source in snapshot.all(ModelSource):
            if source.scheme not in _BY_THE_NODE:
                self._sources[source.subject].append(source)
        self._pod_monitors, self._service_monitors = snapshot.all(PodMonitor), snapshot.all(ServiceMonitor)

    def is_bounded(self, namespace: str, labels: Labels, direction: str) -> bool:
        """A policy selects it already: one more takes no way from it."""
        return any(
            direction in _directions(one) and one.spec.pod_selector.matches(dict(labels))
            for one in self._policies[namespace]
        )

    def coming(self, namespace: str, labels: Labels, annotations: Labels) -> Iterator[Way]:
        """From elsewhere to pods with these labels."""
        for service in self._services[namespace]:
            if service.spec.selector.items() <= labels.items():
                yield from self._by_service(service)
        for pool in self._pools[namespace]:
            if pool.spec.selector.match_labels.items() <= labels.items():
                yield from self._routed(POOL, pool)
        for monitor in self._pod_monitors:
            if monitor.takes(namespace, dict(labels)):
                yield Way(From.COLLECTOR, f"its metrics are collected for {monitor.subject}")
        if annotations.get(_SCRAPE) == "true":
            yield Way(From.COLLECTOR, f"its metrics are collected, as its annotation {_SCRAPE} asks for")

    def going(self, workload: str) -> Iterator[str]:
        """From pods of this workload to elsewhere."""
        yield from (f"it is told to load {source}" for source in self._sources[workload])

    def _by_service(self, service: Service) -> Iterator[Way]:
        if service.spec.type in _OUTSIDE or service.spec.external_ips:
            how = service.spec.type if service.spec.type in _OUTSIDE else "externalIPs"
            yield Way(From.OUTSIDE, f"{service.subject} is open to the outside of the cluster ({how})")
        yield from self._routed("Service", service)
        for monitor in self._service_monitors:
            if monitor.takes(service.metadata.namespace, service.metadata.labels):
                yield Way(From.COLLECTOR, f"its metrics are collected for {monitor.subject}")

    def _routed(self, kind: str, backend: Fact) -> Iterator[Way]:
        for route in self._routes[kind, backend.metadata.namespace, backend.name]:
            home = route.metadata.namespace
            via = tuple((one.namespace or home, one.name) for one in route.spec.parent_refs if one.kind == "Gateway")
            if via:
                names = ", ".join(f"{namespace}/{name}" for namespace, name in sorted(set(via)))
                yield Way(From.GATEWAY, f"{route.subject} leads requests of Gateway {names} to it", via)


def _directions(policy: NetworkPolicy) -> tuple[str, ...]:
    """Without a word it is about what comes in, and where it has rules for what goes out about that as well."""
    said = policy.spec.policy_types
    return said or (COMING, *((GOING,) if policy.spec.egress else ()))
