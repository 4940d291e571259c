"""Gateway API: the objects that every implementation understands, and whoever implements them without being known here by name."""

from __future__ import annotations

from seatrial.catalog.roles import GatewayImplementation
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

GROUP = "gateway.networking.k8s.io"

_DEFINED = (
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "referencegrants",
    "backendtlspolicies",
    "tlsroutes",
    "tcproutes",
    "udproutes",
    "listenersets",
)


class GatewayClassSpec(Shape, frozen=True):
    controller_name: str = ""


class GatewayClassStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class GatewayClass(Fact, frozen=True):
    of = f"{GROUP}/gatewayclasses"

    spec: GatewayClassSpec = GatewayClassSpec()
    status: GatewayClassStatus = GatewayClassStatus()


GATEWAY_API = System(
    id="gateway-api",
    title="Gateway API",
    home="https://gateway-api.sigs.k8s.io",
    found_by=Served(GatewayClass.of),
    facts=(GatewayClass,),
    roles=(GatewayImplementation(player="gateway-api", stand_in=True, controller=""),),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="sigs.k8s.io/gateway-api",
        version="v1.6.1",
        programs={},
        manifests=tuple(f"config/crd/standard/{GROUP}_{name}.yaml" for name in _DEFINED),
        processes=(),
        by_default=False,  # of use only to those that need it
    ),
)
