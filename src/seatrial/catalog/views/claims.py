"""Requests for devices, in claims and in templates of such, with the pods that wait for them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.dra import DeviceRequest, ResourceClaim, ResourceClaimTemplate
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views import ties
from seatrial.model.fact import Fact, Snapshot, View


class ClaimRequest(View, frozen=True):
    of = "claim-requests"
    drawn_from = (ResourceClaim, ResourceClaimTemplate, Pod)
    ties = {
        ResourceClaim: lambda claim: (f"{claim.metadata.namespace}/{claim.name}",),
        ResourceClaimTemplate: ties.alone,
        Pod: lambda pod: {f"{pod.metadata.namespace}/{name}" for name in _claims_of(pod)},
    }

    made_by: str = ""
    api_version: str = ""  # only files say it
    is_template: bool = False
    requests: tuple[DeviceRequest, ...] = ()
    is_allocated: bool = False
    pods: tuple[str, ...] = ()  # that name it and are not over
    waits: float = 0.0  # seconds, the pod that has waited longest
    pods_read: bool = True

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        read = snapshot.gap(Pod) is None
        waiting = _by_claim(snapshot)
        for claim in snapshot.all(ResourceClaim):
            pods = waiting.get((claim.metadata.namespace, claim.name), [])
            yield cls(
                metadata=claim.metadata,
                made_by=claim.subject,
                api_version=claim.api_version,
                requests=claim.spec.devices.requests,
                is_allocated=claim.status.allocation is not None,
                pods=tuple(pod.name for pod in pods),
                waits=max((_age(pod, snapshot.taken_at) for pod in pods), default=0.0),
                pods_read=read,
            )
        for one in snapshot.all(ResourceClaimTemplate):
            yield cls(
                metadata=one.metadata,
                made_by=one.subject,
                api_version=one.api_version,
                requests=one.spec.spec.devices.requests,
                is_template=True,
            )

    @property
    def subject(self) -> str:
        return self.made_by


def _by_claim(snapshot: Snapshot) -> dict[tuple[str, str], list[Pod]]:
    found: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for pod in snapshot.all(Pod):
        if pod.spec.resource_claims and pod.status.phase not in ("Succeeded", "Failed"):
            for name in _claims_of(pod):
                found[pod.metadata.namespace, name].append(pod)
    return found


def _claims_of(pod: Pod) -> Iterator[str]:
    yield from (one.resource_claim_name for one in pod.spec.resource_claims if one.resource_claim_name)
    made = (one.get("resourceClaimName", "") for one in pod.status.resource_claim_statuses)
    yield from (name for name in made if name)


def _age(pod: Pod, now: dt.datetime) -> float:
    made = pod.metadata.creation_timestamp
    return (now - made).total_seconds() if made is not None else 0.0
