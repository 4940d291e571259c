"""Claims of dynamic resource allocation: those that are missing, ask for what is not there, or for what others have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.dra import Device, DeviceClass, Exactly, ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.expressions import matches
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Contest, Found, Party, Piece, Stake, Wait, source

_KEEPS = ("NoSchedule", "NoExecute")


class Offer(msgspec.Struct, frozen=True):
    """Devices of one class: how many there are on each pool, how many of them are free, and what keeps the others."""

    devices: int
    unsure: bool  # selectors are more than we can read
    tainted: int
    taint: str
    free: Mapping[str, int]  # pool → devices
    users: Mapping[str, Mapping[str, int]]  # claim → pool → devices


class Shelf:
    """All devices that are offered, and who has them."""

    def __init__(self, slices: All[ResourceSlice], classes: All[DeviceClass], claims: All[ResourceClaim]) -> None:
        self.classes = {one.name: one for one in classes}
        newest: dict[tuple[str, str], int] = defaultdict(int)
        for one in slices:
            key = one.spec.driver, one.spec.pool.name
            newest[key] = max(newest[key], one.spec.pool.generation)
        self._devices = [
            (one.spec.driver, one.spec.pool.name, device)
            for one in slices
            if one.spec.pool.generation == newest[one.spec.driver, one.spec.pool.name]
            for device in one.spec.devices
        ]
        self._users: dict[tuple[str, str, str], str] = {
            (result.driver, result.pool, result.device): claim.subject
            for claim in claims
            if claim.status.allocation is not None
            for result in claim.status.allocation.devices.results
            if not result.admin_access
        }
        self._memo: dict[Any, Offer] = {}

    def offer(self, want: Exactly) -> Offer:
        key = msgspec.json.encode((want.device_class_name, want.selectors))
        if key not in self._memo:
            self._memo[key] = self._offer(want)
        return self._memo[key]

    def _offer(self, want: Exactly) -> Offer:
        selectors = (*self.classes[want.device_class_name].spec.selectors, *want.selectors)
        found, tainted, unsure, taint = 0, 0, False, ""
        free: dict[str, int] = defaultdict(int)
        users: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for driver, pool, device in self._devices:
            said = matches(selectors, device, driver)
            if said is False:
                continue
            unsure = unsure or said is None
            found += 1
            user = self._users.get((driver, pool, device.name))
            if kept := _kept(device):
                tainted, taint = tainted + 1, kept
            elif user is None or device.allow_multiple_allocations:
                free[pool] += 1
            else:
                users[user][pool] += 1
        return Offer(found, unsure, tainted, taint, free, users)


def _kept(device: Device) -> str:
    return next((f"{one.key}={one.value}:{one.effect}" for one in device.taints if one.effect in _KEEPS), "")


def _claims_of(pod: Pod) -> Iterator[tuple[str, str]]:
    """Of each claim that it wants, its name and what names it; an empty name where nobody has made it from its template."""
    made = {one.get("name", ""): one.get("resourceClaimName", "") for one in pod.status.resource_claim_statuses}
    for one in pod.spec.resource_claims:
        yield one.resource_claim_name or made.get(one.name, ""), one.resource_claim_template_name


@source("claims.cannot-be-allocated")
def cannot_be_allocated(
    groups: All[Group], claims: All[ResourceClaim], classes: All[DeviceClass], slices: All[ResourceSlice]
) -> Iterator[Found]:
    """A claim that a pod wants is missing, asks for devices that nobody offers, or for those that others have.

    Why: the scheduler places the pod only where all of its claims can be allocated.
    Prevent: let templates make claims, keep DeviceClasses and drivers together, and limit claims by quota.
    """
    known = {(one.metadata.namespace, one.name): one for one in claims}
    shelf = Shelf(slices, classes, claims)
    holders = _holders(groups)
    wanted: dict[str, list[tuple[str, Exactly]]] = defaultdict(list)
    for group in groups:
        told: set[str] = set()
        for pod in group.unplaced:
            for name, template in _claims_of(pod):
                claim = known.get((pod.metadata.namespace, name))
                wait = _missing(group, pod, name, template) if claim is None else None
                for want in _open(claim):
                    wait = wait or _not_offered(group, claim, want, shelf)
                    if wait is None:
                        wanted[want.device_class_name].append((group.subject, want))
                    yield Party(subject=group.subject, waiting=0, accelerators=want.count)
                if wait is not None and wait.holder not in told:
                    told.add(wait.holder)
                    yield wait
    for name in sorted(wanted):
        yield _contest(name, wanted[name], shelf, holders)


def _open(claim: ResourceClaim | None) -> Iterator[Exactly]:
    """What a claim that is not allocated asks for; of alternatives the first, which is wanted most."""
    if claim is not None and claim.status.allocation is None:
        for request in claim.spec.devices.requests:
            if request.wants and not request.wants[0].admin_access:
                yield request.wants[0]


def _missing(group: Group, pod: Pod, name: str, template: str) -> Wait:
    holder = (
        f"resource.k8s.io/resourceclaims/{pod.metadata.namespace}/{name}"
        if name
        else f"resource.k8s.io/resourceclaimtemplates/{pod.metadata.namespace}/{template}"
    )
    because = (
        f"{pod.subject} names {holder}, which does not exist"
        if name
        else f"nobody has made a claim for {pod.subject} from {holder}"
    )
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="a claim",
        because=because,
        certainty=Certainty.CERTAIN,
        actions=(Action(f"create {holder}, or correct its name"),),
    )


def _not_offered(group: Group, claim: ResourceClaim | None, want: Exactly, shelf: Shelf) -> Wait | None:
    subject, name = claim.subject if claim else "", want.device_class_name
    if name not in shelf.classes:
        holder = f"{DeviceClass.of}/{name}"
        return _wait(
            group, holder, f"{subject} names {holder}, which does not exist", f"create {holder}, or install its driver"
        )
    offer = shelf.offer(want)
    if not offer.devices:
        holder = f"a device of {DeviceClass.of}/{name} that {subject} selects"
        return _wait(
            group,
            holder,
            f"no ResourceSlice offers a device that {subject} selects",
            "correct its selectors, or see that the driver runs",
        )
    if offer.tainted == offer.devices:
        because = f"all {many(offer.devices, 'device')} that {subject} selects are tainted {offer.taint}"
        return _wait(
            group, f"device taint {offer.taint}", because, "mend these devices, or tolerate the taint in the claim"
        )
    return None


def _wait(group: Group, holder: str, because: str, action: str) -> Wait:
    return Wait(waiter=group.subject, holder=holder, what="a device", because=because, actions=(Action(action),))


def _holders(groups: All[Group]) -> dict[str, Group]:
    found: dict[str, Group] = {}
    for group in groups:
        for pod in group.pods:
            for name, _ in _claims_of(pod):
                if name:
                    found.setdefault(f"{ResourceClaim.of}/{pod.metadata.namespace}/{name}", group)
    return found


def _contest(name: str, wanted: list[tuple[str, Exactly]], shelf: Shelf, holders: Mapping[str, Group]) -> Contest:
    """Devices of one class; a request with selectors of its own wants some of them only."""
    every = shelf.offer(Exactly(device_class_name=name))
    holds: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for claim, pools in every.users.items():
        party = holders[claim].subject if claim in holders else claim
        for pool, count in pools.items():
            holds[party][pool] += count
    wants: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for party, want in wanted:
        wants[party][want.count].append(1)
    ends = {group.subject: group for group in holders.values()}
    stakes: list[Stake] = []
    for party in sorted({*holds, *wants}):
        group = ends.get(party)
        pieces = tuple(Piece(len(some), size) for size, some in sorted(wants.get(party, {}).items()))
        tied = group is not None and 0 < len(group.placed) < group.needed
        last = group.ends if group is not None else True
        if tied:
            stakes.append(Stake(party=party, holds=holds.get(party, {}), wants=pieces, ends=last))
            continue
        if party in holds:
            stakes.append(Stake(party=party, holds=holds[party], tied=False, ends=last))
        if pieces:
            stakes.append(Stake(party=party, wants=pieces, tied=False, ends=last))
    return Contest(
        what=f"devices of {name}", free=dict(every.free), stakes=tuple(stakes), place="the pools of its drivers"
    )
