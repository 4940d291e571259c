"""What the mesh refuses: pods with accelerators are spoken to by mutual TLS alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.catalog.remedies.impact import Fated, of_pods, unread
from seatrial.catalog.remedies.parts import part, served_as
from seatrial.catalog.remedies.ways import READ, READS, From, Way, Ways
from seatrial.catalog.systems.gateway_objects import Gateway
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.istio import PeerAuthentication, joins_mesh
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.pods import LabelSelector, PodTemplate
from seatrial.catalog.views.mesh import MESH_ROOT, STRICT
from seatrial.catalog.views.model_paths import Encryption, ModelGateway
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Impact, Remedy
from seatrial.model.verdict import Finding

_WEAK = ("PERMISSIVE", "DISABLE")
_WHOLE = "default"  # what Istio calls a policy for a whole namespace
_DATAPLANE, _AMBIENT, _SIDECAR = "istio.io/dataplane-mode", "ambient", "istio-proxy"
_ISTIO = "istio"  # as its classes of Gateways are called, unless somebody made others
_NO_SIDECAR = "it has no sidecar and is not ambient: nothing is refused for it, and it is refused by others here with whom it speaks"
_WHOEVER = "whoever speaks with it without being in the mesh is refused, and no object tells who that is"
_NOT_TOLD = (
    'Who speaks in the clear is told by `istio_requests_total{connection_security_policy!="mutual_tls"}`, and by no object.'
    " Gateways of other classes than Istio's own speak mutual TLS where their pods are in the mesh, and collectors likewise."
)


def in_mesh(namespace: str, snapshot: Snapshot) -> bool:
    """By the labels of the namespace; what single pods say of themselves is not looked at."""
    labels = next((one.metadata.labels for one in snapshot.all(Namespace) if one.name == namespace), {})
    return joins_mesh(labels)


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
    closed = [(one.metadata.namespace, one.spec.selector) for one in own.values()]
    closed += [(name, None) for name in meshed - held]
    made += [_whole(name, version) for name in sorted(meshed - held)]
    outside = sorted({name for names in homes.values() for name in names} - meshed)
    return Fix(
        enforce=tuple(made),
        caution=_outside(outside),
        impact=_refused(snapshot, closed) if closed else None,
        about=tuple(one for one in findings if one.subject in own or homes.get(one.subject, set()) & meshed),
    )


def _refused(snapshot: Snapshot, closed: Sequence[tuple[str, LabelSelector | None]]) -> Impact:
    """Who speaks with pods in the clear no object tells, but for those who cannot but do so."""
    ways, homes = Ways(snapshot), {namespace for namespace, _ in closed}
    gateways = {(one.metadata.namespace, one.name): one.spec.gateway_class_name for one in snapshot.all(Gateway)}

    def fated(workload: Workload, namespace: str, pod: PodTemplate) -> Fated | None:
        labels = dict(pod.metadata.labels)
        selected = any(home == namespace and (one is None or one.matches(labels)) for home, one in closed)
        if not selected or pod.spec.host_network:
            return None
        if workload.pods and not _carries_mesh(pod, namespace, snapshot):
            return Fate.UNKNOWN, (_NO_SIDECAR,)
        coming = tuple(ways.coming(namespace, labels, pod.metadata.annotations))
        outside = tuple(dict.fromkeys(one.told for one in coming if one.by is From.OUTSIDE))
        if outside:
            return Fate.CUT, outside
        others = [one.told for one in coming if not _of_istio(one, gateways)]
        return Fate.UNKNOWN, tuple(dict.fromkeys(others)) or (_WHOEVER,)

    return of_pods(snapshot, fated, within=homes, unknown=(*unread(snapshot, READ), _NOT_TOLD))


def _of_istio(way: Way, gateways: Mapping[tuple[str, str], str]) -> bool:
    return bool(way.via) and all(gateways.get(one, "").startswith(_ISTIO) for one in way.via)


def _carries_mesh(pod: PodTemplate, namespace: str, snapshot: Snapshot) -> bool:
    """The sidecar is in the pod; ztunnel is not, and takes every pod of the namespace that does not say no."""
    if any(one.name == _SIDECAR for one in pod.spec.every_container):
        return True
    labels = next((one.metadata.labels for one in snapshot.all(Namespace) if one.name == namespace), {})
    mode = pod.metadata.labels.get(_DATAPLANE, labels.get(_DATAPLANE, ""))
    return mode == _AMBIENT


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
    reads=(PeerAuthentication, ModelGateway, Encryption, Namespace, Workload, *READS),
    render=_strict,
)
