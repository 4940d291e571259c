"""Bounds on what one namespace may take: both kinds of quota, and what a container gets that asks for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seatrial.catalog.remedies.headroom import CLAIMS, OF_CLASS, asked, lack_of_room, requested
from seatrial.catalog.remedies.impact import on_pods
from seatrial.catalog.remedies.pods import DIGEST, plain, pod
from seatrial.catalog.remedies.subjects import namespaces
from seatrial.catalog.systems.kubernetes.controllers import Deployment
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim, ResourceClaimTemplate
from seatrial.catalog.systems.kubernetes.pods import PodTemplate
from seatrial.catalog.views.claimed_classes import ClaimedClasses, classes_in
from seatrial.catalog.views.tenants import AcceleratorNamespace
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Remedy, Trial
from seatrial.model.verdict import Finding

_EXTENDED = "quotas.extended-resources-are-bounded"
_CLASSES = "quotas.device-classes-are-bounded"
_COUNTED = "quotas.claims-are-counted"
_DEFAULTS = "quotas.containers-have-defaults"


def _quotas(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    hard: dict[str, dict[str, int]] = {}
    using = {one.name: one for one in snapshot.all(AcceleratorNamespace)}
    for name in namespaces(findings, _EXTENDED):
        if name in using:
            hard.setdefault(name, {}).update(_extended(using[name]))
    for name in namespaces(findings, _CLASSES):
        hard.setdefault(name, {}).update(_classes(name, snapshot))
    for name in namespaces(findings, _COUNTED):
        many = sum(one.metadata.namespace == name for one in snapshot.all(ResourceClaim))
        hard.setdefault(name, {})[CLAIMS] = max(1, many)
    hard = {name: amounts for name, amounts in sorted(hard.items()) if amounts}
    made = tuple(_quota(name, amounts) for name, amounts in hard.items())
    return Fix(enforce=made, impact=lack_of_room(snapshot, hard) if hard else None)


def _extended(namespace: AcceleratorNamespace) -> dict[str, int]:
    """What its workloads ask for with all of their pods."""
    total: Counter[str] = Counter()
    for one in namespace.workloads:
        total.update({name: count * one.wanted for name, count in requested(one.spec).items()})
    return {name: max(1, count) for name, count in total.items()}


def _classes(namespace: str, snapshot: Snapshot) -> dict[str, int]:
    """What its claims ask for now; of classes that only templates name, one device."""
    claims = (one.spec for one in snapshot.all(ResourceClaim) if one.metadata.namespace == namespace)
    devices = asked(claims)
    return {f"{name}{OF_CLASS}": max(1, devices[name]) for name in classes_in(namespace, snapshot.all(ClaimedClasses))}


def _quota(namespace: str, amounts: dict[str, int]) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "seatrial-accelerators", "namespace": namespace},
        "spec": {"hard": {name: str(amounts[name]) for name in sorted(amounts)}},
    }


def _claim(count: int) -> Obj:
    request = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": count}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "trial"},
        "spec": {"devices": {"requests": [request]}},
    }


def _asking(count: int) -> Obj:
    limits = {"nvidia.com/gpu": str(count)}
    return pod(
        containers=[{"name": "server", "image": f"registry.example.com/a@{DIGEST}", "resources": {"limits": limits}}]
    )


QUOTAS = Remedy(
    id="quotas",
    title="Each namespace has quotas for the accelerators that it uses, by request and by claim",
    why=(
        "Without them one mistake in a replica count takes every device of the cluster. `requests.nvidia.com/gpu` does not count"
        " devices that come by ResourceClaims; those have quotas of their own for each DeviceClass."
    ),
    effect=(
        "The numbers are what is asked for now, so nothing that runs is touched, and nothing may grow: rolling updates need room"
        " for a pod more. Set what each tenant may have. What asks for more is refused when it is created."
    ),
    cures=(_EXTENDED, _CLASSES, _COUNTED),
    reads=(AcceleratorNamespace, ClaimedClasses, ResourceClaim, ResourceClaimTemplate, Deployment, Workload),
    render=_quotas,
    trials=(
        Trial(
            what="a pod that asks for a hundred thousand accelerators", obj=_asking(100_000), refused="exceeded quota"
        ),
        Trial(what="a claim for a hundred thousand devices", obj=_claim(100_000), refused="exceeded quota"),
        Trial(what="a pod without accelerators", obj=pod(containers=[plain()])),
    ),
)

_REQUESTS = {"cpu": "100m", "memory": "256Mi"}  # proposals


def _would_be_given(pod: PodTemplate) -> tuple[str, ...]:
    """A limit stands for a request that is not said."""
    silent = [
        one
        for one in (*pod.spec.containers, *pod.spec.init_containers)
        if any(name not in one.resources.requests and name not in one.resources.limits for name in _REQUESTS)
    ]
    return ("gets requests for what its containers do not ask for",) if silent else ()


def _limits(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    homes = namespaces(findings, _DEFAULTS)
    return Fix(
        impact=on_pods(snapshot, _would_be_given, fate=Fate.CHANGED, within=homes),
        enforce=tuple(
            {
                "apiVersion": "v1",
                "kind": "LimitRange",
                "metadata": {"name": "seatrial-defaults", "namespace": name},
                "spec": {"limits": [{"type": "Container", "defaultRequest": dict(_REQUESTS)}]},
            }
            for name in homes
        ),
    )


CONTAINER_DEFAULTS = Remedy(
    id="container-defaults",
    title="Containers that say nothing about processor and memory get a request for both",
    why="A container without requests is the first to be evicted, and with it goes a job of a hundred accelerators.",
    effect=(
        "New containers in these namespaces get the requests that they do not say themselves. The numbers are proposals, and small:"
        " they count against quotas, and nodes have to have room for them."
    ),
    cures=(_DEFAULTS,),
    reads=(Workload,),
    render=_limits,
    trials=(
        Trial(
            what="a container that says nothing",
            obj=pod(containers=[plain()]),
            becomes={"spec": {"containers": [{"resources": {"requests": dict(_REQUESTS)}}]}},
        ),
        Trial(
            what="a container that says what it needs",
            obj=pod(containers=[plain(resources={"requests": {"cpu": "2", "memory": "1Gi"}})]),
            becomes={"spec": {"containers": [{"resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}]}},
        ),
    ),
)
