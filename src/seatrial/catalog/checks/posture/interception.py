"""Interception: who can read prompts and answers on their way to a model, or speak to it past the front door.

What leaves the cluster's own network in the clear, and a door beside the one that is watched, is high. Hops inside are
medium, and the last one is low, because the API has no way to encrypt it without a mesh. Gateway API and Istio are read here;
other meshes, and policies of one Gateway implementation alone, are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.gateway_objects import ClientValidation, Gateway
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.istio import ClientTLS, DestinationRule, PeerAuthentication, SubsetTLS
from seatrial.catalog.views.mesh import MESH_ROOT, STRICT
from seatrial.catalog.views.model_paths import POOL, Backend, Encryption, ModelGateway, ModelService
from seatrial.catalog.views.tenants import AcceleratorNamespace
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_FALLBACK = "AllowInsecureFallback"
_OUTSIDE = ("NodePort", "LoadBalancer")


@check("interception.listeners-are-encrypted", severity=Severity.HIGH)
def listeners_are_encrypted(gateway: ModelGateway) -> Verdict:
    """No Gateway takes requests for a model in the clear.

    Why: prompts hold what people would tell nobody, and answers what the model was trained on. On a listener of protocol HTTP
    everybody on the way reads both, and the key of the client with them.
    Fix: attach the route to a listener of protocol HTTPS by `parentRefs[].sectionName`, and leave HTTP a redirect alone.
    """
    bad = [f"{one.name} ({one.port})" for one in gateway.listeners if one.is_cleartext]
    if bad:
        return failed(f"in the clear: {some(bad)}, for {some(map(str, gateway.backends))}", listeners=bad)
    return passed(f"all of {len(gateway.listeners)} listeners for models are encrypted")


@check("interception.clients-are-verified", severity=Severity.MEDIUM)
def clients_are_verified(gateway: ModelGateway) -> Verdict:
    """A Gateway in front of a model asks its clients for a certificate.

    Why: otherwise whoever reaches the address speaks to the model, and stands in the middle with a certificate of his own.
    Fix: set `spec.tls.frontend.default.validation.caCertificateRefs`, or `perPort` (Gateway API 1.5 and newer). Where clients
    show who they are by tokens that the implementation checks, accept this finding.
    """
    ends = [one for one in gateway.listeners if one.ends_tls]
    if not ends:
        return not_applicable("none of its listeners ends TLS")
    bad = []
    for one in ends:
        validation = gateway.gateway.validation(one.port)
        if validation is None or not validation.ca_certificate_refs or validation.mode == _FALLBACK:
            bad.append(f"{one.name} ({one.port})")
    return (
        failed(f"anybody is taken by {some(bad)}", listeners=bad)
        if bad
        else passed(f"{len(ends)} listeners verify them")
    )


@check("interception.invalid-clients-are-refused", severity=Severity.HIGH)
def invalid_clients_are_refused(gateway: Gateway) -> Verdict:
    """A Gateway that asks for certificates refuses clients without a valid one.

    Why: `AllowInsecureFallback` lets in everybody who has none. It looks like mutual TLS, and is not.
    Fix: remove `mode` from `spec.tls.frontend`, or set it to `AllowValidOnly`.
    """
    asked = list(_validations(gateway))
    if not asked:
        return not_applicable("it asks for no certificates")
    bad = [where for where, one in asked if one.mode == _FALLBACK]
    return failed(f"{_FALLBACK} in {some(bad)}") if bad else passed("it refuses them")


@check("interception.parameters-do-not-stand-for-tls", severity=Severity.MEDIUM)
def parameters_do_not_stand_for_tls(gateway: Gateway) -> Verdict:
    """No Gateway is believed to ask for certificates because of what its parameters are called.

    Why: `spec.infrastructure.parametersRef` refers to settings of one implementation by group, kind and name. A word such as
    `mtls-strict` there is refused by the API server, or names an object that decides nothing about clients.
    Fix: set `spec.tls.frontend.default.validation`.
    """
    reference = gateway.spec.infrastructure.parameters_ref
    if reference is None:
        return not_applicable("it has no parameters")
    if not isinstance(reference, dict):
        return failed("parametersRef is no object with group, kind and name")
    if "mtls" in str(reference.get("name", "")).lower() and not list(_validations(gateway)):
        return failed(f"its parameters are called {reference['name']}, and nothing in it asks for certificates")
    return passed("its parameters promise nothing about clients that it does not say itself")


@check("interception.backends-are-encrypted", severity=Severity.MEDIUM)
def backends_are_encrypted(gateway: ModelGateway, encryptions: All[Encryption]) -> Verdict:
    """A Gateway speaks to the Services of models by TLS, or a mesh encrypts the way.

    Why: behind the Gateway prompts cross nodes and racks; whoever is on that network, or on a node between, reads them.
    A PeerAuthentication is of no effect on pods that are in no mesh.
    Fix: create a BackendTLSPolicy for each Service; or take their pods into the mesh (`istio-injection: enabled` or
    `istio.io/dataplane-mode: ambient` on the namespace) and create a PeerAuthentication with `mtls.mode: STRICT` there.
    """
    services = [one for one in gateway.backends if one.kind != POOL]
    if not services:
        return not_applicable("only InferencePools are behind it")
    bare = [one for one in services if not any(way.covers(one) for way in encryptions)]
    but = [way for way in encryptions if way.backend in bare]
    bad = [str(one) for one in bare if not any(way.unsure for way in but if way.backend == one)]
    if bad:
        return failed(f"in the clear to {some(bad)}{_told(but)}", backends=bad)
    if bare:
        return unknown(f"{some(map(str, bare))} may be in the clear{_told(but)}")
    return passed(f"encrypted to {len(services)} Services")


@check("interception.pools-are-behind-a-mesh", severity=Severity.LOW)
def pools_are_behind_a_mesh(pool: InferencePool, encryptions: All[Encryption]) -> Verdict:
    """The last hop, to the servers of an InferencePool, is encrypted by a mesh.

    Why: `spec.appProtocol` of an InferencePool knows `http` and `kubernetes.io/h2c` alone, both in the clear.
    Fix: take the servers into the mesh and create a PeerAuthentication with `mtls.mode: STRICT` for their namespace, or accept
    the hop and keep its network to itself.
    """
    backend = Backend(POOL, pool.metadata.namespace, pool.name)
    way = next((one for one in encryptions if one.covers(backend)), None)
    if way is not None:
        return passed(f"{way.by} encrypts it")
    but = [one for one in encryptions if one.backend == backend]
    if any(one.unsure for one in but):
        return unknown(f"it may be in the clear{_told(but)}")
    return failed(f"no mesh encrypts it, and its protocol is {pool.spec.app_protocol}{_told(but)}")


@check("interception.model-services-stay-inside", severity=Severity.HIGH)
def model_services_stay_inside(model: ModelService) -> Verdict:
    """No Service opens a model to the outside past the Gateway.

    Why: a NodePort or a load balancer of its own has no TLS, no client check, no limits and no routing: the front door is
    locked, and this one is open.
    Fix: set `spec.type: ClusterIP`, remove `externalIPs`, and lead there by a route.
    """
    spec = model.service.spec
    if spec.type in _OUTSIDE:
        return failed(f"it is a {spec.type}", type=spec.type)
    if spec.external_ips:
        return failed(f"it answers at {len(spec.external_ips)} external addresses")
    return passed(f"it is a {spec.type or 'ClusterIP'}")


@check("interception.mesh-refuses-cleartext", severity=Severity.MEDIUM)
def mesh_refuses_cleartext(policy: PeerAuthentication, tenants: All[AcceleratorNamespace]) -> Verdict:
    """No policy of the mesh lets pods with accelerators be spoken to in the clear.

    Why: PERMISSIVE, which is also the default, takes TLS where it is offered and cleartext where it is not; whoever wants to
    read along offers none.
    Fix: set `spec.mtls.mode: STRICT`, and remove exceptions from `portLevelMtls`.
    """
    home = policy.metadata.namespace
    if home not in (MESH_ROOT, *(one.name for one in tenants)):
        return not_applicable("it holds for no namespace with accelerators")
    modes = {"mtls": policy.spec.mtls.mode} if policy.spec.mtls else {}
    modes |= {f"port {port}": one.mode for port, one in policy.spec.port_level_mtls.items()}
    bad = [f"{where}: {mode}" for where, mode in modes.items() if mode in ("PERMISSIVE", "DISABLE")]
    if bad:
        return failed(some(bad))
    if STRICT not in modes.values():
        return not_applicable("it leaves that to what is above it")
    return passed("it is STRICT")


@check("interception.servers-are-verified", severity=Severity.MEDIUM)
def servers_are_verified(rule: DestinationRule, tenants: All[AcceleratorNamespace]) -> Verdict:
    """No rule of the mesh speaks to pods with accelerators without TLS, or without looking whom it speaks to.

    Why: `mode: DISABLE` takes the encryption of the mesh away for one host, and `insecureSkipVerify` takes any certificate,
    that of a man in the middle, too.
    Fix: remove both from `spec.trafficPolicy.tls`, `portLevelSettings` and `subsets`; `ISTIO_MUTUAL` is what a mesh wants.
    """
    parts = rule.spec.host.split(".")
    home = parts[1] if len(parts) > 1 else rule.metadata.namespace
    if home not in {one.name for one in tenants}:
        return not_applicable("it is about no namespace with accelerators")
    said = list(_client_tls(rule))
    if not said:
        return not_applicable("it says nothing about TLS")
    bad = ["insecureSkipVerify" if one.insecure_skip_verify else "DISABLE" for one in said if _is_blind(one)]
    return failed(f"{some(bad)} for {rule.spec.host}") if bad else passed(f"{some(one.mode for one in said)}")


def _told(ways: Sequence[Encryption]) -> str:
    """What was meant to encrypt it, and why it does not."""
    return f"; {some(f'{one.by}: {one.but}' for one in ways)}" if ways else ""


def _validations(gateway: Gateway) -> Iterator[tuple[str, ClientValidation]]:
    frontend = gateway.spec.tls.frontend
    if frontend.default.validation:
        yield "default", frontend.default.validation
    for one in frontend.per_port:
        if one.tls.validation:
            yield f"port {one.port}", one.tls.validation


def _client_tls(rule: DestinationRule) -> Iterator[ClientTLS | SubsetTLS]:
    policy = rule.spec.traffic_policy
    if policy:
        yield from filter(None, (policy.tls, *(one.tls for one in policy.port_level_settings)))
    yield from filter(None, (one.traffic_policy.tls for one in rule.spec.subsets if one.traffic_policy))


def _is_blind(tls: ClientTLS | SubsetTLS) -> bool:
    return tls.insecure_skip_verify or tls.mode == "DISABLE"
