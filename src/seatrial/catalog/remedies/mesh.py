"""What the mesh refuses: pods with accelerators are spoken to by mutual TLS alone."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.remedies.parts import part, served_as
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.views.model_paths import MESH_ROOT, STRICT, Encryption, ModelGateway
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_WEAK = ("PERMISSIVE", "DISABLE")
_WHOLE = "default"  # what Istio calls a policy for a whole namespace


def in_mesh(namespace: str, snapshot: Snapshot) -> bool:
    """By the labels of the namespace; what single pods say of themselves is not looked at."""
    labels = next((one.metadata.labels for one in snapshot.all(Namespace) if one.name == namespace), {})
    injected = labels.get("istio-injection") == "enabled" or bool(labels.get("istio.io/rev"))
    return injected or labels.get("istio.io/dataplane-mode") == "ambient"


def _strict(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    version = served_as(snapshot, PeerAuthentication.of, "v1")
    policies = {one.subject: one for one in snapshot.all(PeerAuthentication)}
    homes = _homes(snapshot, {one.subject for one in findings})
    meshed = {name for names in homes.values() for name in names if in_mesh(name, snapshot)}
    weak = {one.subject: policies[one.subject] for one in findings if one.subject in policies}
    own = {subject: one for subject, one in weak.items() if one.metadata.namespace != MESH_ROOT}
    for one in policies.values():  # what holds for a whole namespace is made strict, and not doubled
        if one.metadata.namespace in meshed and one.spec.selector is None:
            own[one.subject] = one
    held = {one.metadata.namespace for one in own.values() if one.spec.selector is None}
    made = [_stricter(own[subject], version) for subject in sorted(own)]
    made += [_whole(name, version) for name in sorted(meshed - held)]
    outside = sorted({name for names in homes.values() for name in names} - meshed)
    return Fix(
        enforce=tuple(made),
        caution=_outside(outside),
        about=tuple(one for one in findings if one.subject in own or homes.get(one.subject, set()) & meshed),
    )


def _homes(snapshot: Snapshot, subjects: set[str]) -> dict[str, set[str]]:
    """Namespaces of the servers that the findings about Gateways and pools are about, by their subjects."""
    pools = {one.subject: {one.metadata.namespace} for one in snapshot.all(InferencePool)}
    ways = snapshot.all(Encryption)
    gateways = {
        one.subject: {back.namespace for back in one.backends if not any(way.covers(back) for way in ways)}
        for one in snapshot.all(ModelGateway)
    }
    return {subject: names for subject, names in (pools | gateways).items() if subject in subjects}


def _stricter(policy: PeerAuthentication, version: str) -> Obj:
    ports = {port: {"mode": STRICT} for port, one in policy.spec.port_level_mtls.items() if one.mode in _WEAK}
    return part(
        policy,
        "PeerAuthentication",
        version,
        {"mtls": {"mode": STRICT}, **({"portLevelMtls": ports} if ports else {})},
    )


def _whole(namespace: str, version: str) -> Obj:
    return {
        "apiVersion": version,
        "kind": "PeerAuthentication",
        "metadata": {"name": _WHOLE, "namespace": namespace},
        "spec": {"mtls": {"mode": STRICT}},
    }


def _outside(namespaces: Sequence[str]) -> str:
    if not namespaces:
        return ""
    return (
        f"{', '.join(namespaces)} is in no mesh, by the labels of its namespace, and a PeerAuthentication there would be of no effect:"
        " none was made. Label it `istio-injection: enabled` or `istio.io/dataplane-mode: ambient`, and start the pods anew."
    )


MESH_STRICT = Remedy(
    id="mesh-strict",
    title="In the mesh pods with accelerators are spoken to by mutual TLS alone",
    why=(
        "PERMISSIVE, which is the default, takes cleartext from whoever offers no TLS. For an InferencePool the mesh is the only way"
        " to encrypt the last hop: its `appProtocol` knows none."
    ),
    effect=(
        "Cleartext to these pods is refused at once, also from collectors of metrics and from Gateways that are outside of the mesh:"
        ' look for them first with `istio_requests_total{connection_security_policy!="mutual_tls"}`, and put them into the mesh.'
        " A Gateway of Istio speaks mutual TLS by itself; the last hop of another's goes in the clear unless its own pods carry the"
        " mesh's sidecar or are ambient, where ztunnel carries it. A waypoint is needed for rules about requests alone, not for this."
        f" A policy in {MESH_ROOT} holds for the whole mesh, and is left to its owner."
    ),
    undo=(
        "- Set `spec.mtls.mode` back to PERMISSIVE. Policies called `default` may be deleted where you had none before; the others"
        " are your own, with a few fields set here, and are never deleted with the folder."
    ),
    cures=(
        "interception.mesh-refuses-cleartext",
        "interception.pools-are-behind-a-mesh",
        "interception.backends-are-encrypted",
    ),
    serves=(PeerAuthentication.of,),
    needs=("istio",),
    reads=(PeerAuthentication, InferencePool, ModelGateway, Encryption, Namespace),
    render=_strict,
)
