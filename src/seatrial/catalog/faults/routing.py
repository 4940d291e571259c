"""Gateways whose objects look right, and whose traffic goes elsewhere or nowhere."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.policies import mutation
from seatrial.catalog.systems import envoy_gateway
from seatrial.catalog.systems.gateway_api import GROUP
from seatrial.model.fact import Obj
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec

SPLITS = "routing.gateway-splits-by-weight-and-routes-by-header@envoy-gateway"
PICKS = "inference.picker-follows-caches-and-queues@envoy-gateway"


def _with(spec: LabSpec, *objects: Obj) -> LabSpec:
    return msgspec.structs.replace(spec, objects=(*spec.objects, *objects))


def _rules_become(spec: LabSpec, name: str, rule: str) -> LabSpec:
    """Every rule of a new HTTPRoute is written anew; ``rule`` is CEL for one, called ``r``."""
    patch = f'[JSONPatch{{op: "replace", path: "/spec/rules", value: object.spec.rules.map(r, {rule})}}]'
    return _with(
        spec,
        *mutation(
            name, group=GROUP, resource="httproutes", expression=patch, kubernetes=spec.kubernetes, as_patch=True
        ),
    )


def _weights_flattened(spec: LabSpec) -> LabSpec:
    server = '{"name": dyn(b.name), "port": dyn(b.port), "weight": dyn(1)}'
    rule = f'{{"matches": dyn(r.matches), "backendRefs": dyn(r.backendRefs.map(b, {server}))}}'
    return _rules_become(spec, "seatrial-weights-flattened", rule)


def _headers_forgotten(spec: LabSpec) -> LabSpec:
    rule = '{"matches": dyn(r.matches.map(m, {"path": m.path})), "backendRefs": dyn(r.backendRefs)}'
    return _rules_become(spec, "seatrial-headers-forgotten", rule)


def _no_room_for_the_data_plane(spec: LabSpec) -> LabSpec:
    quota: Obj = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "seatrial-no-more-pods", "namespace": envoy_gateway.NAMESPACE},
        "spec": {"hard": {"pods": "1"}},  # the control plane is one already
    }
    return _with(spec, quota)


def _without_its_control_plane(spec: LabSpec) -> LabSpec:
    return msgspec.structs.replace(spec, without=(*spec.without, f"Deployment/{envoy_gateway.NAME}"))


WEIGHTS_FLATTENED = Fault(
    id="route-weights-flattened",
    title="a mutating admission policy gives every server of an HTTPRoute the same weight",
    fails=(SPLITS,),
    change=_weights_flattened,
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

HEADERS_FORGOTTEN = Fault(
    id="route-headers-forgotten",
    title="a mutating admission policy takes the header matches out of every HTTPRoute",
    fails=(SPLITS,),
    change=_headers_forgotten,
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

DATA_PLANE_WITHOUT_ROOM = Fault(
    id="gateway-data-plane-without-room",
    title="a quota keeps the data plane's pods out, while the GatewayClass stays Accepted",
    fails=(SPLITS,),
    silences=(PICKS,),
    change=_no_room_for_the_data_plane,
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
)

CONTROL_PLANE_GONE = Fault(
    id="gateway-control-plane-gone",
    title="nobody programs Gateways any more, while the GatewayClass stays Accepted",
    fails=(SPLITS,),
    silences=(PICKS,),
    change=_without_its_control_plane,
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
)
