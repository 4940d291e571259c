"""The mesh as pods see it: whether they are in it, and which policy says how they may be spoken to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.catalog.systems.istio import PeerAuthentication, joins_mesh
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Meta

MESH_ROOT = "istio-system"  # where a policy holds for the whole mesh, unless the mesh is told otherwise
STRICT = "STRICT"

_SIDECAR = "istio-proxy"
_REDIRECTED = ("ambient.istio.io/redirection", "enabled")  # the mesh itself writes it when it has taken a pod in
_INJECT, _REVISION, _MODE = "sidecar.istio.io/inject", "istio.io/rev", "istio.io/dataplane-mode"
_UNSET = ("", "UNSET")


class Server(msgspec.Struct, frozen=True):
    """One pod, or what pods are made of where there are none."""

    metadata: Meta
    spec: PodSpec
    runs: bool  # it has a node, and with it all that it will ever have


def servers(workloads: Iterable[Workload], selector: Mapping[str, str]) -> Iterator[Server]:
    for one in workloads:
        if selector.items() <= one.labels.items():
            for pod in one.pods:
                yield Server(pod.metadata, pod.spec, bool(pod.spec.node_name))
            if not one.pods:
                yield Server(one.template.metadata, one.spec, runs=False)


def is_member(server: Server, namespace: Mapping[str, str] | None) -> bool | None:
    """Whether it is in the mesh. ``namespace`` are the labels of its namespace; ``None``, where nobody has said them, may leave it open."""
    labels, annotations = server.metadata.labels, server.metadata.annotations
    if annotations.get(_REDIRECTED[0]) == _REDIRECTED[1]:
        return True
    if any(one.name == _SIDECAR for one in server.spec.every_container):
        return True
    if server.runs or server.spec.host_network:
        return False
    inject = labels.get(_INJECT, annotations.get(_INJECT, ""))
    if inject == "true" or labels.get(_MODE) == "ambient" or (labels.get(_REVISION) and inject != "false"):
        return True
    if inject == "false" or labels.get(_MODE) == "none":
        return False
    return None if namespace is None else joins_mesh(namespace)


class Policies:
    """Which of them decides for a pod: one that selects it, else that of its namespace, else that of the mesh."""

    def __init__(self, policies: Iterable[PeerAuthentication]) -> None:
        self._by_home: dict[str, list[PeerAuthentication]] = defaultdict(list)
        for one in sorted(policies, key=_age):
            self._by_home[one.metadata.namespace].append(one)

    def deciding(self, namespace: str, labels: Mapping[str, str]) -> PeerAuthentication | None:
        homes = [self._by_home.get(home, ()) for home in dict.fromkeys((namespace, MESH_ROOT))]
        for home in homes:
            for one in home:
                if one.spec.selector is not None and one.spec.selector.matches(dict(labels)) and _says(one):
                    return one
        return next((one for home in homes for one in home if one.spec.selector is None and _says(one)), None)


def is_strict(policy: PeerAuthentication) -> bool:
    """Everywhere: a port that takes cleartext is a way in."""
    modes = [one.mode for one in policy.spec.port_level_mtls.values() if one.mode not in _UNSET]
    return policy.spec.mtls is not None and policy.spec.mtls.mode == STRICT and all(one == STRICT for one in modes)


def _says(policy: PeerAuthentication) -> bool:
    modes = [
        policy.spec.mtls.mode if policy.spec.mtls else "",
        *(one.mode for one in policy.spec.port_level_mtls.values()),
    ]
    return any(mode not in _UNSET for mode in modes)


def _age(policy: PeerAuthentication) -> tuple[float, str]:
    """Of two at one level the older one holds."""
    made = policy.metadata.creation_timestamp
    return (made.timestamp() if made is not None else 0.0, policy.subject)
