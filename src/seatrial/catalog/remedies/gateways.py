"""TLS on both sides of a Gateway in front of models: who may speak to it, and how it speaks to what is behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seatrial.catalog.remedies.impact import on_objects
from seatrial.catalog.remedies.mesh import in_mesh
from seatrial.catalog.remedies.parts import OVER, YOURS, part, served_as
from seatrial.catalog.systems.gateway_objects import BackendTLSPolicy, ClientValidation, Gateway
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.views.model_paths import POOL, Backend, Encryption, ModelGateway, ModelService
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Hit, Remedy
from seatrial.model.verdict import Finding

CLIENT_CA, BACKEND_CA = "seatrial-client-ca", "seatrial-backend-ca"  # ConfigMaps of yours, with `ca.crt`
_FALLBACK, _STRICT = "AllowInsecureFallback", "AllowValidOnly"


def _verified(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    gateways = {one.subject: one for one in snapshot.all(Gateway)}
    listening = {one.subject: one for one in snapshot.all(ModelGateway)}
    version = served_as(snapshot, Gateway.of, "v1")
    made: list[Obj] = []
    fixed: set[str] = set()
    for subject in sorted({one.subject for one in findings} & set(gateways)):
        ports = _open_ports(gateways[subject], listening.get(subject))
        frontend = _frontend(gateways[subject], ports)
        if frontend:
            made.append(part(gateways[subject], "Gateway", version, {"tls": {"frontend": frontend}}))
            fixed.add(subject)
    homes = sorted({one["metadata"]["namespace"] for one in made if CLIENT_CA in str(one)})
    return Fix(
        enforce=tuple(made),
        caution=_wanted(CLIENT_CA, "the authority that signs your clients' certificates", homes),
        impact=on_objects(snapshot, (Gateway,), "gateways", (_closed(gateways[one]) for one in fixed)),
        about=tuple(one for one in findings if one.subject in fixed),
    )


def _closed(gateway: Gateway) -> Hit:
    said = "clients that show no certificate of your authority are refused; who they are no object tells"
    return Hit(subject=gateway.subject, namespace=gateway.metadata.namespace, fate=Fate.CUT, because=(said,))


def _open_ports(gateway: Gateway, model: ModelGateway | None) -> list[int]:
    """Of its listeners for models those that take anybody."""
    ports = {one.port for one in (model.listeners if model is not None else ()) if one.ends_tls}
    return sorted(port for port in ports if not _is_strict(gateway.validation(port)))


def _is_strict(validation: ClientValidation | None) -> bool:
    return validation is not None and bool(validation.ca_certificate_refs) and validation.mode != _FALLBACK


def _frontend(gateway: Gateway, ports: Iterable[int]) -> Obj:
    """Port by port, so that listeners for other things stay as they are; ``default`` has to be there, and stays what it is."""
    said = gateway.spec.tls.frontend
    lenient = [one.port for one in said.per_port if one.tls.validation and one.tls.validation.mode == _FALLBACK]
    named = sorted({*ports, *lenient})
    default = said.default.validation
    open_to_all = default is not None and default.mode == _FALLBACK
    if not named and not open_to_all:
        return {}
    frontend: Obj = {"default": {"validation": _validation(default)} if default is not None else {}}
    if named:
        frontend["perPort"] = [
            {"port": port, "tls": {"validation": _validation(gateway.validation(port))}} for port in named
        ]
    return frontend


def _validation(now: ClientValidation | None) -> Obj:
    named = [dict(one) for one in now.ca_certificate_refs] if now is not None else []
    return {"caCertificateRefs": named or [_reference(CLIENT_CA)], "mode": _STRICT}


def _reference(name: str) -> Obj:
    return {"group": "", "kind": "ConfigMap", "name": name}


def _wanted(name: str, of: str, namespaces: Sequence[str]) -> str:
    if not namespaces:
        return ""
    return (
        f"Put the certificate of {of} as `ca.crt` into a ConfigMap `{name}` in {', '.join(namespaces)}. It could not be seen"
        " whether you have it under another name; while the reference leads nowhere, expect nobody to be let through."
    )


GATEWAY_CLIENTS = Remedy(
    id="gateway-clients",
    title="Gateways in front of models ask their clients for a certificate, and refuse those without a valid one",
    why=(
        "Whoever reaches the address of a Gateway speaks to the model, on somebody's bill. `AllowInsecureFallback` only looks like"
        " mutual TLS, and `parametersRef` is no place for it."
    ),
    effect=(
        "The listeners for models that end TLS let in clients with a certificate of your authority alone"
        " (`spec.tls.frontend.perPort`, Gateway API 1.5 and newer). There is no mode that only tells: give clients their"
        f" certificates first. {OVER} Listeners of protocol HTTP stay open; they are another finding."
    ),
    undo=YOURS,
    cures=("interception.clients-are-verified", "interception.invalid-clients-are-refused"),
    serves=(Gateway.of,),
    needs=("gateway-api",),
    reads=(Gateway, ModelGateway),
    render=_verified,
)


def _encrypted(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    failing = {one.subject for one in findings}
    covered = snapshot.all(Encryption)
    version = served_as(snapshot, BackendTLSPolicy.of, "v1")
    answered: set[str] = set()
    services: dict[tuple[str, str], Backend] = {}
    for gateway in snapshot.all(ModelGateway):
        if gateway.subject not in failing:
            continue
        bare = [one for one in gateway.backends if one.kind != POOL and not any(way.covers(one) for way in covered)]
        outside = [one for one in bare if not in_mesh(one.namespace, snapshot)]
        services.update({(one.namespace, one.name): one for one in outside})
        answered |= {gateway.subject} if outside else set()
    made = tuple(_policy(services[key], version) for key in sorted(services))
    homes = sorted({namespace for namespace, _ in services})
    untold = "whether its servers serve TLS, with a certificate of that name, no object tells; where not, requests fail"
    hits = (
        Hit(
            subject=f"services/{one.namespace}/{one.name}",
            namespace=one.namespace,
            fate=Fate.UNKNOWN,
            because=(untold,),
        )
        for one in services.values()
    )
    return Fix(
        enforce=made,
        caution=_wanted(BACKEND_CA, "the authority that signs your servers' certificates", homes),
        impact=on_objects(snapshot, (ModelService,), "services", hits),
        about=tuple(one for one in findings if one.subject in answered),
    )


def _policy(service: Backend, version: str) -> Obj:
    host = f"{service.name}.{service.namespace}.svc"
    return {
        "apiVersion": version,
        "kind": "BackendTLSPolicy",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": service.name}],
            "validation": {"caCertificateRefs": [_reference(BACKEND_CA)], "hostname": host},
        },
    }


BACKEND_TLS = Remedy(
    id="backend-tls",
    title="Gateways speak TLS to the Services of models, and look whom they speak to",
    why="Behind the Gateway prompts and answers cross nodes and racks in the clear, and whoever takes over an address gets them.",
    effect=(
        "From then on the Gateway speaks TLS alone to these Services, with the name `NAME.NAMESPACE.svc`, and answers with an error"
        " where the server does not, or where its certificate is of somebody else: let servers serve TLS first (for vLLM"
        " `--ssl-certfile` and `--ssl-keyfile`). Services in namespaces of a mesh are left to the mesh. An InferencePool takes no"
        " such policy: its last hop is encrypted by a mesh or not at all."
    ),
    cures=("interception.backends-are-encrypted",),
    serves=(BackendTLSPolicy.of,),
    needs=("gateway-api",),
    reads=(ModelGateway, Encryption, Namespace),
    render=_encrypted,
)
