"""The way to a model: which Services and Gateways lead to pods with accelerators, and what encrypts the hops between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.gateway_objects import BackendTLSPolicy, Gateway, GRPCRoute, HTTPRoute, Listener, Route
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.mesh import Policies, Server, is_member, is_strict, servers
from seatrial.catalog.views.tenants import AcceleratorNamespace, TenantWorkload
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, Meta, Shape, Snapshot, View

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
    """What encrypts the way to a Service or a pool, or is meant to and does not."""

    of = "encryptions"
    drawn_from = (Namespace, BackendTLSPolicy, PeerAuthentication, ModelService, InferencePool, Workload)

    by: str = ""
    backend: Backend = Backend()
    but: str = ""  # why it is not encrypted all the same
    unsure: bool = False  # nobody has said whether it is

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for policy in snapshot.all(BackendTLSPolicy):
            for target in policy.spec.target_refs:
                if target.kind == "Service":
                    backend = Backend("Service", policy.metadata.namespace, target.name)
                    yield cls(metadata=policy.metadata, by=policy.subject, backend=backend)
        if strict := snapshot.all(PeerAuthentication):
            yield from _by_mesh(snapshot, Policies(strict))

    def covers(self, backend: Backend) -> bool:
        return self.backend == backend and not self.but


def _by_mesh(snapshot: Snapshot, policies: Policies) -> Iterator[Encryption]:
    spaces = {one.name: one.metadata.labels for one in snapshot.all(Namespace)}
    here: dict[str, list[Workload]] = defaultdict(list)
    for workload in snapshot.all(Workload):
        here[workload.namespace].append(workload)
    backends = [("Service", one.service, one.service.spec.selector) for one in snapshot.all(ModelService)]
    pools = [(POOL, one, one.spec.selector.match_labels) for one in snapshot.all(InferencePool)]
    for kind, one, selector in (*backends, *pools):
        home = one.metadata.namespace
        found = list(servers(here.get(home, ()), selector)) if selector else []
        way = _encrypts(policies, home, found or [Server(Meta(), PodSpec(), runs=False)], spaces.get(home))
        if way is not None:
            policy, but, unsure = way
            backend = Backend(kind, home, one.name)
            yield Encryption(metadata=policy.metadata, by=policy.subject, backend=backend, but=but, unsure=unsure)


def _encrypts(
    policies: Policies, home: str, found: list[Server], namespace: Mapping[str, str] | None
) -> tuple[PeerAuthentication, str, bool] | None:
    """The policy that makes it so, and what is against it; nothing where no policy means to."""
    deciding = [policies.deciding(home, one.metadata.labels) for one in found]
    strict = next((one for one in deciding if one is not None and is_strict(one)), None)
    if strict is None:
        return None
    if not all(one is not None and is_strict(one) for one in deciding):
        return strict, f"it does not hold for all of {len(found)} pods", False
    members = [is_member(one, namespace) for one in found]
    if False in members:
        return strict, f"{members.count(False)} of {len(found)} pods are in no mesh", False
    if None in members:
        return strict, "nothing that was read says whether its pods are in the mesh", True
    return strict, "", False
