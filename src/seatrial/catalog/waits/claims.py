"""Claims of dynamic resource allocation: those that are missing, ask for what is not there, or for what others have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.kubernetes.dra import DeviceClass, Exactly, ResourceClaim, ResourceClaimTemplate
from seatrial.catalog.systems.kubernetes.governance import ResourceQuota
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import UNIT, thousandths
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.shelf import Shelf
from seatrial.catalog.waits.wishes import Wish, claims_of, holders, wishes
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Contest, Found, Party, Piece, Stake, Wait, source

_OF_CLASS = ".deviceclass.resource.k8s.io/devices"  # after the name of the class, in a ResourceQuota
_OF_CLAIMS = "count/resourceclaims.resource.k8s.io"
_MOST = 32  # devices that a request for all of them counts as

Wanted = dict[str, list[tuple[str, int, frozenset[str] | None]]]  # class → who, how many, and where


@source("claims.cannot-be-allocated")
def cannot_be_allocated(
    groups: All[Group], claims: All[ResourceClaim], shelves: All[Shelf], floors: All[Floor]
) -> Iterator[Found]:
    """A claim that a pod wants is missing, asks for devices that nobody offers, or for those that others have.

    Why: the scheduler places the pod only where all of its claims can be allocated.
    Prevent: let templates make claims, keep DeviceClasses and drivers together, and limit claims by quota.
    """
    known = {(one.metadata.namespace, one.name) for one in claims}
    for group in groups:
        told: set[str] = set()
        for pod in group.unplaced:
            for name, template in claims_of(pod):
                if (pod.metadata.namespace, name) not in known:
                    wait = _missing(group, pod, name, template)
                    if wait.holder not in told:
                        told.add(wait.holder)
                        yield wait
    for shelf in shelves:
        yield from _asked(shelf, wishes(shelf, groups, claims), groups, floors)


def _asked(shelf: Shelf, every: list[Wish], groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    wanted: Wanted = defaultdict(list)
    told: set[tuple[str, str]] = set()
    for wish in every:
        places = _places(shelf, wish, floors)
        wait = _not_offered(wish, shelf, places)
        if wait is None:
            offer, count = shelf.offer(wish.want), shelf.count(wish.want)
            if offer.here >= count or not (offer.is_broken_up or offer.is_full):  # of those ``shares`` tells
                wanted[wish.want.device_class_name].append((wish.group.subject, count, places))
        elif (wait.waiter, wait.holder) not in told:
            told.add((wait.waiter, wait.holder))
            yield wait
        if wish.claim != wish.pod.subject:  # those asked without a claim are counted with what is asked of nodes
            yield Party(subject=wish.group.subject, waiting=0, accelerators=wish.want.count)
    owners = holders(groups) if wanted else {}
    for name in sorted(wanted):
        yield _contest(name, wanted[name], shelf, owners)


def _places(shelf: Shelf, wish: Wish, floors: All[Floor]) -> frozenset[str] | None:
    """Where devices are that it could have: on nodes that let it in."""
    for floor in floors:
        able = floor.look(wish.pod).able
        if able and len(able) < len(floor.nodes):
            return shelf.reach(able)
    return None


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
        certainty=Certainty.CERTAIN if name else Certainty.LIKELY,  # somebody may have refused it
        actions=(Action(f"create {holder}, or correct its name"),),
    )


def _not_offered(wish: Wish, shelf: Shelf, places: frozenset[str] | None) -> Wait | None:
    subject, name = wish.claim, wish.want.device_class_name
    if name not in shelf.classes:
        holder = f"{DeviceClass.of}/{name}"
        return _wait(
            wish, holder, f"{subject} names {holder}, which does not exist", f"create {holder}, or install its driver"
        )
    offer = shelf.offer(wish.want)
    if not offer.devices:
        holder = f"a device of {DeviceClass.of}/{name} that {subject} selects"
        return _wait(
            wish,
            holder,
            f"no ResourceSlice offers a device that {subject} selects",
            "correct its selectors, or see that the driver runs",
        )
    if offer.tainted == offer.devices:
        because = f"all {many(offer.devices, 'device')} that {subject} selects are tainted {offer.taint}"
        return _wait(
            wish, f"device taint {offer.taint}", because, "mend these devices, or tolerate the taint in the claim"
        )
    somewhere = offer.free or offer.users
    if places is not None and somewhere and not offer.lacks and not shelf.is_reached(offer, places):
        because = (
            f"{many(offer.devices, 'device')} that {subject} selects are on nodes that do not let {wish.pod.subject} in"
        )
        return _wait(
            wish,
            f"nodes with devices for {wish.group.subject}",
            because,
            "let the pod tolerate and select the nodes where its devices are",
        )
    return None


def _wait(wish: Wish, holder: str, because: str, action: str) -> Wait:
    return Wait(waiter=wish.group.subject, holder=holder, what="a device", because=because, actions=(Action(action),))


def _contest(
    name: str,
    wanted: list[tuple[str, int, frozenset[str] | None]],
    shelf: Shelf,
    owners: Mapping[str, Group],
) -> Contest:
    """Devices of one class; a request with selectors of its own wants some of them only."""
    every = shelf.offer(Exactly(device_class_name=name))
    holds: dict[str, Counter[str]] = defaultdict(Counter)
    for claim, places in every.users.items():
        holds[owners[claim].subject if claim in owners else claim].update(places)
    wants: dict[str, Counter[tuple[int, frozenset[str] | None]]] = defaultdict(Counter)
    for party, count, reach in wanted:
        wants[party][count, reach] += 1
    by_subject = {group.subject: group for group in owners.values()}
    stakes: list[Stake] = []
    for party in sorted({*holds, *wants}):
        group = by_subject.get(party)
        pieces = tuple(Piece(some, size, reach) for (size, reach), some in wants.get(party, Counter()).items())
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


@source("claims.quota-is-used-up")
def quota_is_used_up(
    groups: All[Group], templates: All[ResourceClaimTemplate], quotas: All[ResourceQuota]
) -> Iterator[Found]:
    """A ResourceQuota for devices of a class leaves no room for a claim that a pod needs.

    Why: claims are counted when they are made, so that the pod is there and its claim is refused again and again.
    Prevent: give each namespace a quota for DeviceClasses that fits its quota for pods, and let Kueue hold work back before.
    """
    known = {(one.metadata.namespace, one.name): one for one in templates}
    by_space: dict[str, list[ResourceQuota]] = defaultdict(list)
    for quota in quotas:
        if any(name.endswith(_OF_CLASS) or name == _OF_CLAIMS for name in quota.spec.hard):
            by_space[quota.metadata.namespace].append(quota)
    for group in groups if by_space else ():
        for pod in group.unplaced:
            space = pod.metadata.namespace
            for name, template in claims_of(pod) if space in by_space else ():
                made = known.get((space, template))
                if not name and made is not None:
                    yield from _over(group, pod, made, by_space[space])


def _over(group: Group, pod: Pod, template: ResourceClaimTemplate, quotas: list[ResourceQuota]) -> Iterator[Wait]:
    wanted = Counter({_OF_CLAIMS: 1})
    for request in template.spec.spec.devices.requests:
        counts: Counter[str] = Counter()
        for want in request.wants:  # of alternatives each counts, as the largest of them
            key = f"{want.device_class_name}{_OF_CLASS}"
            counts[key] = max(counts[key], _MOST if want.allocation_mode == "All" else want.count)
        wanted.update(counts)
    for quota in quotas:
        for name, count in wanted.items():
            hard, used = quota.spec.hard.get(name), thousandths(quota.status.used.get(name, 0)) // UNIT
            if hard is not None and used + count > thousandths(hard) // UNIT:
                yield Wait(
                    waiter=group.subject,
                    holder=quota.subject,
                    what="quota",
                    because=f"{pod.subject} needs a claim from {template.subject} with {count} of {name}; {quota.subject} allows {hard} and {used} are used",
                    missing=count,
                    actions=(Action(f"raise {quota.subject}, or delete claims that nobody needs"),),
                )
