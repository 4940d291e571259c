"""kgateway: an implementation of the Gateway API on Envoy, with policies of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.catalog.roles import GatewayImplementation
from seatrial.catalog.systems.gateway_api import GatewayClass
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Holds, Proof, System

_GROUP, CONTROLLER = "gateway.kgateway.dev", "kgateway.dev/kgateway"


class Backend(Shape, frozen=True):
    group: str = ""
    kind: str = ""
    name: str = ""


class Target(Backend, frozen=True):
    section_name: str = ""


class TrafficPolicySpec(Shape, frozen=True):
    target_refs: tuple[Target, ...] = ()
    ext_auth: dict[str, Any] | None = None
    ext_proc: dict[str, Any] | None = None
    rate_limit: dict[str, Any] | None = None
    rbac: dict[str, Any] | None = None
    retry: dict[str, Any] | None = None
    timeouts: dict[str, Any] | None = None


class TrafficPolicy(Fact, frozen=True):
    of = f"{_GROUP}/trafficpolicies"

    spec: TrafficPolicySpec = TrafficPolicySpec()


class SecretReference(Shape, frozen=True):
    name: str = ""


class BackendTLS(Shape, frozen=True):
    """With a certificate of its own Envoy shows that to the backend, unless TLS is to be simple."""

    secret_ref: SecretReference | None = None
    insecure_skip_verify: bool | None = None
    well_known_ca_certificates: str = msgspec.field(default="", name="wellKnownCACertificates")
    sni: str = ""
    verify_subject_alt_names: tuple[str, ...] = ()
    simple_tls: bool | None = msgspec.field(default=None, name="simpleTLS")


class BackendConfigPolicySpec(Shape, frozen=True):
    target_refs: tuple[Backend, ...] = ()
    tls: BackendTLS | None = None


class BackendConfigPolicy(Fact, frozen=True):
    of = f"{_GROUP}/backendconfigpolicies"

    spec: BackendConfigPolicySpec = BackendConfigPolicySpec()


KGATEWAY = System(
    id="kgateway",
    title="kgateway",
    home="https://kgateway.dev",
    found_by=Holds(
        GatewayClass, lambda entry: entry.spec.controller_name == CONTROLLER, f"the controller {CONTROLLER}"
    ),
    facts=(TrafficPolicy, BackendConfigPolicy),
    roles=(GatewayImplementation(player="kgateway", controller=CONTROLLER),),
    proof=Proof.DOCUMENTS,
)
