"""Istio: a mesh that encrypts what pods say to each other, and tells who may talk to whom."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System


def joins_mesh(labels: Mapping[str, str]) -> bool:
    """Whether a namespace with these labels takes new pods into the mesh."""
    injected = labels.get("istio-injection") == "enabled" or (
        bool(labels.get("istio.io/rev")) and labels.get("istio-injection") != "disabled"
    )
    return injected or labels.get("istio.io/dataplane-mode") == "ambient"


class MutualTLS(Shape, frozen=True):
    mode: str = "UNSET"  # what is above it decides; without anything there, PERMISSIVE


class PeerAuthenticationSpec(Shape, frozen=True):
    selector: LabelSelector | None = None  # none: the whole namespace, and in the root namespace the whole mesh
    mtls: MutualTLS | None = None
    port_level_mtls: dict[str, MutualTLS] = {}  # by the number of the port


class PeerAuthentication(Fact, frozen=True):
    of = "security.istio.io/peerauthentications"

    spec: PeerAuthenticationSpec = PeerAuthenticationSpec()


class Target(Shape, frozen=True):
    group: str = ""
    kind: str = ""
    name: str = ""


class Source(Shape, frozen=True):
    principals: tuple[str, ...] = ()
    request_principals: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    not_namespaces: tuple[str, ...] = ()


class From(Shape, frozen=True):
    source: Source = Source()


class Operation(Shape, frozen=True):
    hosts: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class To(Shape, frozen=True):
    operation: Operation = Operation()


class AuthorizationRule(Shape, frozen=True):
    from_: tuple[From, ...] = msgspec.field(default=(), name="from")
    to: tuple[To, ...] = ()


class Provider(Shape, frozen=True):
    name: str = ""


class AuthorizationPolicySpec(Shape, frozen=True):
    """Without rules, ALLOW lets nobody in; with one empty rule, everybody."""

    selector: LabelSelector | None = None
    target_ref: Target | None = None
    target_refs: tuple[Target, ...] = ()
    action: str = "ALLOW"
    rules: tuple[AuthorizationRule, ...] = ()
    provider: Provider | None = None


class AuthorizationPolicy(Fact, frozen=True):
    of = "security.istio.io/authorizationpolicies"

    spec: AuthorizationPolicySpec = AuthorizationPolicySpec()


class ClientTLS(Shape, frozen=True):
    mode: str = "DISABLE"
    insecure_skip_verify: bool = False
    ca_certificates: str = ""
    credential_name: str = ""
    sni: str = ""
    subject_alt_names: tuple[str, ...] = ()


class PortNumber(Shape, frozen=True):
    number: int = 0


class PortPolicy(Shape, frozen=True):
    port: PortNumber = PortNumber()
    tls: ClientTLS | None = None


class TrafficPolicy(Shape, frozen=True):
    tls: ClientTLS | None = None
    port_level_settings: tuple[PortPolicy, ...] = ()


class SubsetTLS(Shape, frozen=True):
    mode: str = "DISABLE"
    insecure_skip_verify: bool = False


class SubsetPolicy(Shape, frozen=True):
    tls: SubsetTLS | None = None


class Subset(Shape, frozen=True):
    name: str = ""
    labels: dict[str, str] = {}
    traffic_policy: SubsetPolicy | None = None


class DestinationRuleSpec(Shape, frozen=True):
    host: str = ""
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()
    workload_selector: LabelSelector | None = None


class DestinationRule(Fact, frozen=True):
    of = "networking.istio.io/destinationrules"

    spec: DestinationRuleSpec = DestinationRuleSpec()


ISTIO = System(
    id="istio",
    title="Istio",
    home="https://istio.io",
    found_by=Served(PeerAuthentication.of),
    facts=(PeerAuthentication, AuthorizationPolicy, DestinationRule),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="istio.io/api",  # what Istio itself takes its definitions from
        version="v1.30.3",
        programs={},
        manifests=("kubernetes/customresourcedefinitions.gen.yaml",),
        processes=(),
        by_default=False,
    ),
)
