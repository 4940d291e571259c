"""Gateways whose objects look right, and whose traffic goes elsewhere or nowhere."""

from __future__ import annotations

from seatrial.catalog.faults.changes import adds, leaves_out, sets
from seatrial.catalog.faults.policies import mutated
from seatrial.catalog.systems import envoy_gateway
from seatrial.catalog.systems.gateway_api import GROUP
from seatrial.model.fact import Obj
from seatrial.model.fault import Change, Fault
from seatrial.model.lab import LabLevel

SPLITS = "routing.gateway-splits-by-weight-and-routes-by-header@envoy-gateway"
TRAEFIK = "routing.gateway-splits-by-weight-and-routes-by-header@traefik"
PICKS = "inference.picker-follows-caches-and-queues@envoy-gateway"
BODIES = "routing.model-in-the-body-chooses-the-server@envoy-gateway"
LLM_D = "inference.picker-follows-caches-and-queues@llm-d"


def _rules_become(name: str, rule: str) -> Change:
    """Every rule of a new HTTPRoute is written anew; ``rule`` is CEL for one, called ``r``."""
    patch = f'[JSONPatch{{op: "replace", path: "/spec/rules", value: object.spec.rules.map(r, {rule})}}]'
    return mutated(name, group=GROUP, resource="httproutes", expression=patch, as_patch=True)


_SERVER = '{"name": dyn(b.name), "port": dyn(b.port), "weight": dyn(1)}'
_FLAT = f'{{"matches": dyn(r.matches), "backendRefs": dyn(r.backendRefs.map(b, {_SERVER}))}}'
_HEADLESS = '{"matches": dyn(r.matches.map(m, {"path": m.path})), "backendRefs": dyn(r.backendRefs)}'
_NO_MORE_PODS: Obj = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "seatrial-no-more-pods", "namespace": envoy_gateway.NAMESPACE},
    "spec": {"hard": {"pods": "1"}},  # the control plane is one already
}

WEIGHTS_FLATTENED = Fault(
    id="route-weights-flattened",
    title="a mutating admission policy gives every server of an HTTPRoute the same weight",
    fails=(SPLITS,),
    silences=(TRAEFIK,),
    change=_rules_become("seatrial-weights-flattened", _FLAT),
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

HEADERS_FORGOTTEN = Fault(
    id="route-headers-forgotten",
    title="a mutating admission policy takes the header matches out of every HTTPRoute",
    fails=(SPLITS,),
    silences=(TRAEFIK, BODIES),
    change=_rules_become("seatrial-headers-forgotten", _HEADLESS),
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

BODIES_NOT_READ = Fault(
    id="bodies-not-read",
    title="a mutating admission policy keeps whole bodies from whoever reads them before the routes",
    fails=(BODIES,),
    change=mutated(
        "seatrial-bodies-not-read",
        group="gateway.envoyproxy.io",
        resource="envoyextensionpolicies",
        expression=(
            'object.spec.extProc[0].processingMode.request.body == "Buffered" ? '
            '[JSONPatch{op: "remove", path: "/spec/extProc/0/processingMode"}] : []'
        ),
        as_patch=True,
    ),
    needs=("envoy-gateway", "inference-extension"),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

DATA_PLANE_WITHOUT_ROOM = Fault(
    id="gateway-data-plane-without-room",
    title="a quota keeps the data plane's pods out, while the GatewayClass stays Accepted",
    fails=(SPLITS,),
    silences=(PICKS, LLM_D, BODIES),
    change=adds(
        _NO_MORE_PODS,
        undone_by="raise the quota that `diagnose` names while the data plane waits: how much is for its owner to say",
    ),
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
)

CONTROL_PLANE_GONE = Fault(
    id="gateway-control-plane-gone",
    title="nobody programs Gateways any more, while the GatewayClass stays Accepted",
    fails=(SPLITS,),
    silences=(PICKS, LLM_D, BODIES),
    change=leaves_out(f"Deployment/{envoy_gateway.NAME}"),
    needs=("envoy-gateway",),
    level=LabLevel.NODE,
)

TRAEFIK_WEIGHTS_FLATTENED = Fault(
    id="traefik-route-weights-flattened",
    title="a mutating admission policy gives every server of an HTTPRoute the same weight, and Traefik follows it",
    fails=(TRAEFIK,),
    silences=(SPLITS,),
    change=_rules_become("seatrial-weights-flattened-for-traefik", _FLAT),
    needs=("traefik",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

TRAEFIK_LOOKS_ELSEWHERE = Fault(
    id="traefik-looks-elsewhere",
    title="Traefik watches a namespace that nobody uses, while the GatewayClass stays Accepted",
    fails=(TRAEFIK,),
    change=sets("traefik", namespaces=["nowhere"]),
    needs=("traefik",),
    level=LabLevel.NODE,
)

TRAEFIK_GONE = Fault(
    id="traefik-gone",
    title="Traefik does not run any more, while its GatewayClass stays Accepted",
    fails=(TRAEFIK,),
    change=leaves_out("traefik"),
    needs=("traefik",),
    level=LabLevel.NODE,
)
