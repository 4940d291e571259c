"""What pods that have no place want of devices by claims: those that are open, and those that nobody has made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from seatrial.catalog.systems.kubernetes.dra import Exactly, ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.shelf import Shelf


class Wish(msgspec.Struct, frozen=True):
    """One request of one claim that is not allocated."""

    group: Group
    pod: Pod
    claim: str  # its subject; the pod's where it asks without a claim
    want: Exactly


def claims_of(pod: Pod) -> Iterator[tuple[str, str]]:
    """Of each claim that it wants, its name and what names it; an empty name where nobody has made it from its template."""
    if pod.spec.resource_claims:
        made = {one.get("name", ""): one.get("resourceClaimName", "") for one in pod.status.resource_claim_statuses}
        for one in pod.spec.resource_claims:
            yield one.resource_claim_name or made.get(one.name, ""), one.resource_claim_template_name


def wishes(shelf: Shelf, groups: Iterable[Group], claims: Iterable[ResourceClaim]) -> list[Wish]:
    if "wishes" not in shelf.memo:
        known = {(one.metadata.namespace, one.name): one for one in claims}
        shelf.memo["wishes"] = [
            Wish(group, pod, subject, want)
            for group in groups
            for pod in group.unplaced
            for subject, want in open_requests(shelf, pod, known)
        ]
    found: list[Wish] = shelf.memo["wishes"]
    return found


def open_requests(shelf: Shelf, pod: Pod, known: dict[tuple[str, str], ResourceClaim]) -> Iterator[tuple[str, Exactly]]:
    """Of alternatives the one that is nearest. A resource that a DeviceClass stands for is asked without a claim."""
    for name, _ in claims_of(pod):
        claim = known.get((pod.metadata.namespace, name))
        if claim is not None and claim.status.allocation is None:
            for request in claim.spec.devices.requests:
                if request.wants and not request.wants[0].admin_access:
                    yield claim.subject, shelf.chosen(request.wants)
    if shelf.by_resource:
        for resource, count in accelerators(pod.spec).items():
            if resource in shelf.by_resource:
                yield pod.subject, Exactly(device_class_name=shelf.by_resource[resource], count=count)


def holders(groups: Iterable[Group]) -> dict[str, Group]:
    """Of each claim that a pod names, who that is."""
    found: dict[str, Group] = {}
    for group in groups:
        for pod in group.pods:
            for name, _ in claims_of(pod):
                if name:
                    found.setdefault(f"{ResourceClaim.of}/{pod.metadata.namespace}/{name}", group)
    return found
