"""Exporters of accelerator metrics as their DaemonSets run them: where they are, and who collects from them."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems import exporters
from seatrial.catalog.systems.kubernetes.pods import Container, Pod, PodSpec
from seatrial.catalog.systems.monitors import PodMonitor, ServiceMonitor
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, GapReason, Snapshot, View
from seatrial.model.system import Holds, System

_SCRAPE = "prometheus.io/scrape"
_MANAGED = "gke-managed-system"  # whose exporters Google Cloud runs, and collects from without a word in the cluster


class Exporter(View, frozen=True):
    of = "exporters"
    drawn_from = (Workload, Service, ServiceMonitor, PodMonitor)

    system: str = ""  # the id of its System
    made_by: str = ""
    spec: PodSpec = PodSpec()
    resources: tuple[str, ...] = ()  # whose devices it tells of
    drivers: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()  # on which it runs
    down: tuple[str, ...] = ()  # on which it should run, and is not ready
    collected_by: tuple[str, ...] = ()  # subjects, or the annotation of its pods
    operated: bool = False  # a Prometheus operator is served here, and all that could tell it to collect was read

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for one in snapshot.all(Workload):
            like = Pod(metadata=one.template.metadata, spec=one.spec)
            system = next((known for known in exporters.RECOGNISED if _is(known, like)), None)
            if system is not None:
                yield _drawn(one, system, snapshot)

    @property
    def subject(self) -> str:
        return self.made_by

    @property
    def container(self) -> Container:
        """The one that exports: named so, or the first."""
        named = (one for one in self.spec.containers if "exporter" in one.name or "exporter" in one.image)
        return next(named, next(iter(self.spec.containers), Container()))


def _is(system: System, pod: Pod) -> bool:
    return isinstance(system.found_by, Holds) and system.found_by.where(pod)


def _drawn(one: Workload, system: System, snapshot: Snapshot) -> Exporter:
    role = next(part for part in system.roles if isinstance(part, AcceleratorMetrics))
    placed = {pod.spec.node_name: _works(pod) for pod in one.pods if pod.spec.node_name}
    return Exporter(
        metadata=one.metadata,
        system=system.id,
        made_by=one.made_by,
        spec=one.spec,
        resources=role.resources,
        drivers=role.drivers,
        nodes=tuple(node for node, works in placed.items() if works),
        down=tuple(node for node, works in placed.items() if not works),
        collected_by=tuple(_collectors(one, snapshot)),
        operated=snapshot.gap(ServiceMonitor) is None
        and all(_is_read(snapshot, kind) for kind in (Service, PodMonitor)),
    )


def _is_read(snapshot: Snapshot, kind: type[Fact]) -> bool:
    gap = snapshot.gap(kind)
    return gap is None or gap.reason in (GapReason.ABSENT, GapReason.NOT_GIVEN)


def _works(pod: Pod) -> bool:
    return pod.status.phase == "Running" and all(one.ready for one in pod.status.container_statuses)


def _collectors(one: Workload, snapshot: Snapshot) -> Iterable[str]:
    labels, annotations = dict(one.labels), one.template.metadata.annotations
    if annotations.get(_SCRAPE) == "true":
        yield f"the annotation {_SCRAPE} of its pods"
    if one.namespace == _MANAGED:
        yield "Google Cloud, whose own it is"
    for monitor in snapshot.all(PodMonitor):
        if monitor.takes(one.namespace, labels):
            yield monitor.subject
    for service in snapshot.all(Service):
        wanted = service.spec.selector
        if service.metadata.namespace != one.namespace or not wanted or wanted.items() - labels.items():
            continue
        if service.metadata.annotations.get(_SCRAPE) == "true":
            yield f"the annotation {_SCRAPE} of {service.subject}"
        for watcher in snapshot.all(ServiceMonitor):
            if watcher.takes(one.namespace, service.metadata.labels):
                yield watcher.subject
