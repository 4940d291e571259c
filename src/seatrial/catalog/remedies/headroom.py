"""What quotas count, added up as Kubernetes does, and who would find no room where they allow what is asked for now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from seatrial.catalog.remedies.impact import Fated, made, of_pods
from seatrial.catalog.systems.kubernetes.controllers import Deployment
from seatrial.catalog.systems.kubernetes.dra import ClaimSpec, ResourceClaim, ResourceClaimTemplate
from seatrial.catalog.systems.kubernetes.pods import PodSpec, PodTemplate
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Snapshot
from seatrial.model.remedy import Fate, Impact

OF_CLASS = ".deviceclass.resource.k8s.io/devices"
CLAIMS = "count/resourceclaims.resource.k8s.io"
_ALL = 32  # devices that one request may be given, at which Kubernetes counts `allocationMode: All`
_BY_HAND = "Who wants more than is there now, such as an autoscaler that goes up, is refused, and is not counted here."
Hard = Mapping[str, Mapping[str, int]]


def asked(claims: Iterable[ClaimSpec]) -> Counter[str]:
    """Devices by class; of alternatives the largest counts, as Kubernetes has it."""
    total: Counter[str] = Counter()
    for claim in claims:
        for request in claim.devices.requests:
            most: Counter[str] = Counter()
            for want in request.wants:
                many = _ALL if want.allocation_mode == "All" else want.count
                most[want.device_class_name] = max(most[want.device_class_name], many)
            total += most
    return total


def requested(spec: PodSpec) -> Counter[str]:
    return Counter({f"requests.{name}": count for name, count in accelerators(spec).items()})


def counted(claims: Iterable[ClaimSpec]) -> Counter[str]:
    claims = tuple(claims)
    return Counter({f"{name}{OF_CLASS}": count for name, count in asked(claims).items()}) + Counter(
        {CLAIMS: len(claims)}
    )


def lack_of_room(snapshot: Snapshot, hard: Hard) -> Impact:
    """Whom these quotas would refuse: where more is in use than they allow, and where an update begins with one pod more."""
    used = _used(snapshot, hard)
    templates = {(one.metadata.namespace, one.name): one.spec.spec for one in snapshot.all(ResourceClaimTemplate)}
    updated = {one.subject: one for one in snapshot.all(Deployment)}

    def fated(workload: Workload, namespace: str, pod: PodTemplate) -> Fated | None:
        named = (one.resource_claim_template_name for one in pod.spec.resource_claims)
        made_anew = (templates[namespace, name] for name in named if (namespace, name) in templates)
        needs = requested(pod.spec) + counted(made_anew)
        allowed = {name: hard[namespace][name] for name in sorted(needs) if name in hard[namespace]}
        over = [name for name, most in allowed.items() if used[namespace][name] > most]
        if over:
            return Fate.REFUSED, tuple(_told(name, used[namespace][name], allowed[name]) for name in over)
        full = [name for name, most in allowed.items() if used[namespace][name] + needs[name] > most]
        deployment = updated.get(workload.subject)
        if full and deployment is not None and begins_with_one_more(deployment):
            return Fate.REFUSED, (
                f"a rolling update makes a pod before one goes, and nothing is left of {', '.join(full)}",
            )
        return None

    return of_pods(snapshot, fated, within=set(hard), unknown=(_BY_HAND,))


def _used(snapshot: Snapshot, hard: Hard) -> Mapping[str, Counter[str]]:
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for workload in snapshot.all(Workload):
        for namespace, template, count in made(workload):
            if namespace in hard:
                used[namespace].update({name: many * count for name, many in requested(template.spec).items()})
    claims: dict[str, list[ClaimSpec]] = defaultdict(list)
    for claim in snapshot.all(ResourceClaim):
        claims[claim.metadata.namespace].append(claim.spec)
    for namespace, specs in claims.items():
        if namespace in hard:
            used[namespace].update(counted(specs))
    return used


def _told(name: str, used: int, most: int) -> str:
    return f"{used} of {name} are in use, and the quota allows {most}"


def begins_with_one_more(deployment: Deployment) -> bool:
    """Its update may take no pod away before a new one is ready: the new one has to find room beside the others."""
    strategy, replicas = deployment.spec.strategy, deployment.spec.replicas
    if strategy.type == "Recreate":
        return False
    rolling, wanted = strategy.rolling_update, 1 if replicas is None else replicas
    away, beside = _hundredths(rolling.max_unavailable, wanted), _hundredths(rolling.max_surge, wanted)
    return away < 100 and beside > 0  # what may be away is rounded down; where both are none, one may be away


def _hundredths(amount: int | str, replicas: int) -> int:
    """Of a pod. What is neither a number nor a part is refused by the API server."""
    if isinstance(amount, int):
        return amount * 100
    percent = amount.removesuffix("%")
    return replicas * int(percent) if percent.isdecimal() and len(percent) < 4 else 0
