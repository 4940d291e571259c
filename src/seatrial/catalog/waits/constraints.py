"""Devices that have to be alike, or unlike, in something: free one by one, and not to be had together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.dra import DeviceRequest, ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.shelf import Shelf, Slot
from seatrial.catalog.waits.wishes import claims_of
from seatrial.model.fact import All
from seatrial.model.wait import Action, Found, Wait, source

_ALIKE, _UNLIKE = "matchAttribute", "distinctAttribute"


class Rule(msgspec.Struct, frozen=True):
    """One constraint of a claim, and the requests that it is about."""

    attribute: str
    alike: bool
    requests: tuple[DeviceRequest, ...]

    @property
    def told(self) -> str:
        names = ", ".join(one.name for one in self.requests)
        return f"{'the same' if self.alike else 'a different'} {self.attribute} for each device of {names}"


def rules(claim: ResourceClaim) -> Iterator[Rule]:
    requests = claim.spec.devices.requests
    for one in claim.spec.devices.constraints:
        named = one.get("requests")
        names = {str(name).partition("/")[0] for name in named} if isinstance(named, list) else set()
        about = tuple(request for request in requests if not names or request.name in names)
        for key in (_ALIKE, _UNLIKE):
            if about and isinstance(one.get(key), str):
                yield Rule(one[key], key == _ALIKE, about)


@source("constraints.no-devices-go-together")
def no_devices_go_together(groups: All[Group], claims: All[ResourceClaim], shelves: All[Shelf]) -> Iterator[Found]:
    """Devices that a claim asks for are free, and no place has enough of them that go together.

    Why: `matchAttribute` wants one value for all of them, such as one NUMA node or one PCIe root, and `distinctAttribute` another for each; what is free is elsewhere, or drivers do not say that attribute.
    Prevent: ask only for what the devices of one node can have, see what drivers publish in ResourceSlices, and leave out what is a wish.
    """
    known = {(one.metadata.namespace, one.name): one for one in claims if one.spec.devices.constraints}
    for shelf in shelves if known else ():
        seen: set[tuple[str, str]] = set()
        for group in groups:
            for pod in group.unplaced:
                for claim, rule in _open(pod, known):
                    because = _unmet(shelf, claim, rule)
                    holder = f"devices with {rule.told}"
                    if because and (group.subject, holder) not in seen:
                        seen.add((group.subject, holder))
                        yield _wait(group, holder, f"{claim.subject} wants {rule.told}; {because}")


def _open(pod: Pod, known: Mapping[tuple[str, str], ResourceClaim]) -> Iterator[tuple[ResourceClaim, Rule]]:
    for name, _ in claims_of(pod):
        claim = known.get((pod.metadata.namespace, name))
        if claim is not None and claim.status.allocation is None:
            yield from ((claim, rule) for rule in rules(claim))


def _wait(group: Group, holder: str, because: str) -> Wait:
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="devices that go together",
        because=because,
        actions=(Action("wait until such devices are free in one place, ask for fewer, or leave the constraint out"),),
    )


def rules_of(pod: Pod, claims: Mapping[tuple[str, str], ResourceClaim]) -> tuple[Rule, ...]:
    """Of its claims that are open."""
    return tuple(rule for _, rule in _open(pod, claims))


def together(shelf: Shelf, rule: Rule) -> Met:
    """Where devices that are free go together."""
    key = "together", msgspec.json.encode(rule)
    if key not in shelf.memo:
        free = [_free(shelf, _candidates(shelf, request)) for request in rule.requests]
        shelf.memo[key] = _met(free, _counts(rule), rule)
    found: Met = shelf.memo[key]
    return found


def _unmet(shelf: Shelf, claim: ResourceClaim, rule: Rule) -> str:
    """The same for claims that ask for the same. Empty where it can be met, or where devices lack anyway."""
    key = "unmet", msgspec.json.encode((rule, claim.spec.devices.requests))
    if key not in shelf.memo:
        shelf.memo[key] = _judged(shelf, rule)
    found: str = shelf.memo[key]
    return found


def _judged(shelf: Shelf, rule: Rule) -> str:
    every = [_candidates(shelf, request) for request in rule.requests]
    free, counts = [_free(shelf, slots) for slots in every], _counts(rule)
    if not all(every):
        return ""
    if not any(_value(slot, rule.attribute) for slots in every for slot in slots):
        return "no device that it selects says that attribute"
    if not _met(every, counts, rule):
        return "no place has as many of them, free or not"
    if _met(free, counts, rule) or not _met(free, counts, None):
        return ""
    return "as many are free in one place, and not such as go together"


def _candidates(shelf: Shelf, request: DeviceRequest) -> list[Slot]:
    return [slot for want in request.wants if want.device_class_name in shelf.classes for slot in shelf.selected(want)]


def _free(shelf: Shelf, slots: Iterable[Slot]) -> list[Slot]:
    return [slot for slot in slots if slot.key not in shelf.users]


def _counts(rule: Rule) -> list[int]:
    return [min(want.count for want in request.wants) for request in rule.requests]


class Met(msgspec.Struct, frozen=True):
    nodes: frozenset[str]
    anywhere: bool  # pools that every node reaches are enough

    def __bool__(self) -> bool:
        return self.anywhere or bool(self.nodes)

    def __contains__(self, node: str) -> bool:
        return self.anywhere or node in self.nodes


def _met(requests: list[list[Slot]], counts: list[int], rule: Rule | None) -> Met:
    """Which places have them; of requests that want the same devices it may say yes too often. A pool is everywhere."""
    places: dict[str, list[list[Slot]]] = defaultdict(lambda: [[] for _ in requests])
    for number, slots in enumerate(requests):
        for slot in slots:
            places[slot.place][number].append(slot)
    pools = [found for place, found in places.items() if "/" in place]
    shared = [[slot for pool in pools for slot in pool[number]] for number in range(len(requests))]
    nodes = frozenset(
        place
        for place, found in places.items()
        if "/" not in place
        and _together([[*own, *more] for own, more in zip(found, shared, strict=True)], counts, rule)
    )
    return Met(nodes, _together(shared, counts, rule))


def _together(there: list[list[Slot]], counts: list[int], rule: Rule | None) -> bool:
    if rule is None:
        return all(len(slots) >= count for slots, count in zip(there, counts, strict=True))
    values = [Counter(filter(None, (_value(slot, rule.attribute) for slot in slots))) for slots in there]
    if rule.alike:
        return any(_enough(values, counts, value) for value in values[0])
    distinct = {value for some in values for value in some}
    return len(distinct) >= sum(counts) and all(len(some) >= count for some, count in zip(values, counts, strict=True))


def _enough(values: Iterable[Counter[bytes]], counts: Iterable[int], value: bytes) -> bool:
    return all(some[value] >= count for some, count in zip(values, counts, strict=True))


def _value(slot: Slot, name: str) -> bytes:
    """With its type; empty where the device does not say. Names without a domain are of its driver."""
    domain, _, plain = name.partition("/")
    found: Any = slot.device.attributes.get(name)
    if found is None and domain == slot.key[0]:
        found = slot.device.attributes.get(plain)
    return msgspec.json.encode(found) if found else b""
