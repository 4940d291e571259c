"""The way to a model: which Services and Gateways lead to pods with accelerators, and what encrypts the hops between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.gateway_objects import BackendTLSPolicy, Gateway, GRPCRoute, HTTPRoute, Listener, Route
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.tenants import AcceleratorNamespace, TenantWorkload
from seatrial.model.fact import Fact, Shape, Snapshot, View

MESH_ROOT = "istio-system"  # where a policy holds for the whole mesh, unless the mesh is told otherwise
STRICT = "STRICT"
POOL = "InferencePool"


class Backend(Shape, frozen=True):
    """A Service or an InferencePool that leads to a model."""

    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class ModelService(View, frozen=True):
    """A Service that leads to pods with accelerators."""

    of = "model-services"
    drawn_from = (Service, AcceleratorNamespace)

    service: Service = Service()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        servers = {one.name: one.workloads for one in snapshot.all(AcceleratorNamespace)}
        for service in snapshot.all(Service):
            if _leads_to(service, servers.get(service.metadata.namespace, ())):
                yield cls(metadata=service.metadata, service=service)

    @property
    def subject(self) -> str:
        return self.service.subject


def _leads_to(service: Service, workloads: Iterable[TenantWorkload]) -> bool:
    selector = service.spec.selector.items()
    return bool(selector) and any(selector <= dict(one.labels).items() for one in workloads)


class ModelGateway(View, frozen=True):
    """A Gateway with routes to models: the listeners that take requests for them, and what is behind."""

    of = "model-gateways"
    drawn_from = (Gateway, HTTPRoute, GRPCRoute, ModelService)

    gateway: Gateway = Gateway()
    listeners: tuple[Listener, ...] = ()
    backends: tuple[Backend, ...] = ()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        services = {(one.metadata.namespace, one.name) for one in snapshot.all(ModelService)}
        gateways = {(one.metadata.namespace, one.name): one for one in snapshot.all(Gateway)}
        listeners: dict[tuple[str, str], dict[str, Listener]] = defaultdict(dict)
        backends: dict[tuple[str, str], set[Backend]] = defaultdict(set)
        for route in (*snapshot.all(HTTPRoute), *snapshot.all(GRPCRoute)):
            models = set(_models(route, services))
            for place, listener in _attached(route, gateways) if models else ():
                listeners[place][listener.name] = listener
                backends[place] |= models
        for place, found in listeners.items():
            gateway = gateways[place]
            behind = tuple(sorted(backends[place], key=str))
            yield cls(metadata=gateway.metadata, gateway=gateway, listeners=tuple(found.values()), backends=behind)

    @property
    def subject(self) -> str:
        return self.gateway.subject


def _models(route: Route, services: set[tuple[str, str]]) -> Iterator[Backend]:
    for one in route.backends:
        namespace = one.namespace or route.metadata.namespace
        if one.kind == POOL or (one.kind == "Service" and (namespace, one.name) in services):
            yield Backend(one.kind, namespace, one.name)


def _attached(route: Route, gateways: Mapping[tuple[str, str], Gateway]) -> Iterator[tuple[tuple[str, str], Listener]]:
    for parent in route.spec.parent_refs:
        place = (parent.namespace or route.metadata.namespace, parent.name)
        if parent.kind == "Gateway" and place in gateways:
            yield from ((place, one) for one in gateways[place].spec.listeners if parent.attaches_to(one))


class Encryption(View, frozen=True):
    """What encrypts the way to a Service, or to all pods of a namespace; or of the mesh, where neither is named."""

    of = "encryptions"
    drawn_from = (Namespace, BackendTLSPolicy, PeerAuthentication)

    by: str = ""
    service: str | None = None

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for policy in snapshot.all(BackendTLSPolicy):
            for target in policy.spec.target_refs:
                if target.kind == "Service":
                    yield cls(metadata=policy.metadata, by=policy.subject, service=target.name)
        for one in snapshot.all(PeerAuthentication):
            if one.spec.selector is None and one.spec.mtls is not None and one.spec.mtls.mode == STRICT:
                yield cls(metadata=one.metadata, by=one.subject)

    def covers(self, backend: Backend) -> bool:
        if self.service is not None:
            return (backend.kind, backend.namespace, backend.name) == ("Service", self.metadata.namespace, self.service)
        return self.metadata.namespace in (MESH_ROOT, backend.namespace)
