"""Gateway API's objects as they are read: Gateways, the routes that attach to them, and how they speak to what is behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from seatrial.catalog.systems.gateway_api import GROUP
from seatrial.model.fact import Fact, Shape

Reference = dict[str, Any]


class ListenerTLS(Shape, frozen=True):
    mode: str = "Terminate"
    certificate_refs: tuple[Reference, ...] = ()


class Listener(Shape, frozen=True):
    name: str = ""
    hostname: str = ""
    port: int = 0
    protocol: str = ""
    tls: ListenerTLS | None = None

    @property
    def is_cleartext(self) -> bool:
        return self.protocol.upper() == "HTTP"

    @property
    def ends_tls(self) -> bool:
        """It sees who calls; what is passed through ends behind it."""
        return self.protocol.upper() in ("HTTPS", "TLS") and (self.tls is None or self.tls.mode != "Passthrough")


class ClientValidation(Shape, frozen=True):
    ca_certificate_refs: tuple[Reference, ...] = msgspec.field(default=(), name="caCertificateRefs")
    mode: str = "AllowValidOnly"


class FrontendConfig(Shape, frozen=True):
    validation: ClientValidation | None = None


class PortConfig(Shape, frozen=True):
    port: int = 0
    tls: FrontendConfig = FrontendConfig()


class FrontendTLS(Shape, frozen=True):
    default: FrontendConfig = FrontendConfig()
    per_port: tuple[PortConfig, ...] = ()


class BackendTLS(Shape, frozen=True):
    client_certificate_ref: Reference | None = None


class GatewayTLS(Shape, frozen=True):
    """Since Gateway API 1.5."""

    frontend: FrontendTLS = FrontendTLS()
    backend: BackendTLS = BackendTLS()


class Infrastructure(Shape, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    parameters_ref: Any = None  # an object; in files it may be anything


class GatewaySpec(Shape, frozen=True):
    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    tls: GatewayTLS = GatewayTLS()
    infrastructure: Infrastructure = Infrastructure()


class Gateway(Fact, frozen=True):
    of = f"{GROUP}/gateways"

    spec: GatewaySpec = GatewaySpec()

    def validation(self, port: int) -> ClientValidation | None:
        """Of clients at this port: what is said for it replaces the default, even by nothing."""
        frontend = self.spec.tls.frontend
        here = next((one.tls for one in frontend.per_port if one.port == port), frontend.default)
        return here.validation


class ParentRef(Shape, frozen=True):
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str = ""
    name: str = ""
    section_name: str = ""
    port: int | None = None

    def attaches_to(self, listener: Listener) -> bool:
        return self.section_name in ("", listener.name) and self.port in (None, listener.port)


class BackendRef(Shape, frozen=True):
    group: str = ""
    kind: str = "Service"
    namespace: str = ""
    name: str = ""
    port: int | None = None
    weight: int = 1


class RouteRule(Shape, frozen=True):
    backend_refs: tuple[BackendRef, ...] = ()


class RouteSpec(Shape, frozen=True):
    parent_refs: tuple[ParentRef, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[RouteRule, ...] = ()


class Route(Fact, frozen=True):
    """What is the same in routes of every protocol."""

    spec: RouteSpec = RouteSpec()

    @property
    def backends(self) -> Iterator[BackendRef]:
        for rule in self.spec.rules:
            yield from rule.backend_refs


class HTTPRoute(Route, frozen=True):
    of = f"{GROUP}/httproutes"


class GRPCRoute(Route, frozen=True):
    of = f"{GROUP}/grpcroutes"


class PolicyTarget(Shape, frozen=True):
    group: str = ""
    kind: str = ""
    name: str = ""
    section_name: str = ""


class BackendValidation(Shape, frozen=True):
    hostname: str = ""
    ca_certificate_refs: tuple[Reference, ...] = msgspec.field(default=(), name="caCertificateRefs")
    well_known_ca_certificates: str = msgspec.field(default="", name="wellKnownCACertificates")


class BackendTLSPolicySpec(Shape, frozen=True):
    target_refs: tuple[PolicyTarget, ...] = ()
    validation: BackendValidation = BackendValidation()


class BackendTLSPolicy(Fact, frozen=True):
    of = f"{GROUP}/backendtlspolicies"

    spec: BackendTLSPolicySpec = BackendTLSPolicySpec()
