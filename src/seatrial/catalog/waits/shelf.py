"""All devices that drivers offer, and who has them. What a request may have of them is an Offer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.core import IMPLICIT
from seatrial.catalog.systems.kubernetes.dra import (
    Device,
    DeviceClass,
    DeviceTaintRule,
    Exactly,
    ResourceClaim,
    ResourceSlice,
)
from seatrial.catalog.systems.kubernetes.pods import Taint
from seatrial.catalog.views.placing import tolerates
from seatrial.catalog.waits.expressions import Mentioned, matches, mentioned, projection
from seatrial.catalog.waits.partitions import Key, Partitions, Shared, taken
from seatrial.model.fact import Fact, Meta, Snapshot, View

_KEEPS = ("NoSchedule", "NoExecute")
ALL = "All"  # a request for every device that it selects


class Slot(msgspec.Struct, frozen=True):
    """One device, and where it is: a node, or a pool that several nodes reach."""

    key: Key
    place: str
    device: Device
    taints: tuple[Taint, ...]


class Offer(msgspec.Struct):
    """What there is for one request."""

    devices: int = 0
    unsure: bool = False  # selectors are more than we can read
    tainted: int = 0
    taint: str = ""
    free: Counter[str] = msgspec.field(default_factory=Counter)  # place → devices that can be had together
    users: dict[str, Counter[str]] = msgspec.field(default_factory=dict)  # claim → place → devices
    lacks: Counter[Shared] = msgspec.field(
        default_factory=Counter
    )  # counter → devices that nobody has and that lack it
    full: int = 0  # devices that several may have, and of which too little is left
    here: int = 0  # all that are free
    used: int = 0  # all that others have

    @property
    def is_broken_up(self) -> bool:
        """More of them are nobody's and lack what their parts use than are simply in use."""
        return bool(self.lacks) and self.lacks.total() >= self.used

    @property
    def is_full(self) -> bool:
        """Several may have each of them, and too little of all is left."""
        return bool(self.full) and self.full + self.tainted == self.devices


class Shelf(View, frozen=True):
    of = "shelf"
    drawn_from = (ResourceClaim, ResourceSlice, DeviceClass, DeviceTaintRule)

    classes: dict[str, DeviceClass] = {}
    by_resource: dict[str, str] = {}  # a resource that a class stands for → the class
    slots: tuple[Slot, ...] = ()
    users: dict[Key, str] = {}
    partitions: Partitions | None = None
    memo: dict[Any, Any] = {}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        classes = {one.name: one for one in snapshot.all(DeviceClass)}
        named = {
            one.spec.extended_resource_name: one.name for one in classes.values() if one.spec.extended_resource_name
        }
        slices = tuple(_newest(snapshot.all(ResourceSlice)))
        claims = snapshot.all(ResourceClaim)
        yield cls(
            metadata=Meta(name="shelf"),
            classes=classes,
            by_resource={**named, **{f"{IMPLICIT}/{name}": name for name in classes}},
            slots=tuple(_slots(slices, tuple(snapshot.all(DeviceTaintRule)))),
            users={
                (result.driver, result.pool, result.device): claim.subject
                for claim in claims
                if claim.status.allocation is not None
                for result in claim.status.allocation.devices.results
                if not result.admin_access
            },
            partitions=Partitions.of(slices, claims),
            memo={},
        )

    def offer(self, want: Exactly) -> Offer:
        key = "offer", msgspec.json.encode((want.device_class_name, want.selectors, want.tolerations, want.capacity))
        if key not in self.memo:
            self.memo[key] = self._offer(want)
        found: Offer = self.memo[key]
        return found

    def selected(self, want: Exactly) -> list[Slot]:
        """All devices that it selects and whose taints it tolerates, whoever has them; where its selectors are too much to read, too many."""
        key = "selected", msgspec.json.encode((want.device_class_name, want.selectors, want.tolerations))
        if key not in self.memo:
            selectors = (*self.classes[want.device_class_name].spec.selectors, *want.selectors)
            self.memo[key] = [
                slot
                for alike in self._alike(mentioned(selectors))
                if matches(selectors, alike[0].device, alike[0].key[0]) is not False
                for slot in alike
                if not _kept(slot.taints, want)
            ]
        found: list[Slot] = self.memo[key]
        return found

    def chosen(self, wants: Sequence[Exactly]) -> Exactly:
        """Of alternatives the one that can be had now, else the first of which there is enough at all, else the first."""
        if len(wants) == 1:
            return wants[0]
        known = [one for one in wants if one.device_class_name in self.classes]
        free = (one for one in known if self.offer(one).here >= self.count(one))
        there = (one for one in known if self.offer(one).devices - self.offer(one).tainted >= self.count(one))
        return next(free, None) or next(there, None) or wants[0]

    def count(self, want: Exactly) -> int:
        return self.offer(want).devices if want.allocation_mode == ALL else want.count

    def is_reached(self, offer: Offer, places: frozenset[str]) -> bool:
        """Whether any of its devices, free or not, is in one of these places."""
        key = "reached", id(offer), id(places)
        if key not in self.memo:
            used = (place for user in offer.users.values() for place in user)
            self.memo[key] = places, not places.isdisjoint(offer.free) or any(place in places for place in used)
        found: bool = self.memo[key][1]
        return found

    def serves(self, node: str, wants: Iterable[Exactly]) -> bool:
        """Whether a pod there can have each of these; of several that want the same devices it may say yes too often."""
        for want in wants:
            if want.device_class_name not in self.classes:
                return False
            free = self.offer(want).free
            if sum(count for place, count in free.items() if place == node or "/" in place) < self.count(want):
                return False
        return True

    def _offer(self, want: Exactly) -> Offer:
        assert self.partitions is not None
        selectors = (*self.classes[want.device_class_name].spec.selectors, *want.selectors)
        found, spent = Offer(), Counter[Shared]()
        sizes = want.capacity.requests if want.capacity is not None else {}
        parts: list[Slot] = []
        for alike in self._alike(mentioned(selectors)):
            said = matches(selectors, alike[0].device, alike[0].key[0])
            if said is False:
                continue
            found.unsure = found.unsure or said is None
            found.devices += len(alike)
            for slot in alike:
                if kept := _kept(slot.taints, want):
                    found.tainted, found.taint = found.tainted + 1, kept
                elif slot.device.consumes_counters:
                    parts.append(slot)
                else:
                    self._count(slot, sizes, found, spent)
        for slot in sorted(parts, key=_size):  # of small ones more can be had together
            self._count(slot, sizes, found, spent)
        found.here, found.used = found.free.total(), sum(one.total() for one in found.users.values())
        return found

    def _count(self, slot: Slot, sizes: Mapping[str, Any], found: Offer, spent: Counter[Shared]) -> None:
        assert self.partitions is not None
        user = self.users.get(slot.key)
        if slot.device.allow_multiple_allocations:
            shares = self.partitions.shares(slot.key, slot.device, sizes)
            found.free[slot.place] += shares
            found.full += not shares
            if user is not None and not shares:
                found.users.setdefault(user, Counter())[slot.place] += 1
        elif user is not None:
            found.users.setdefault(user, Counter())[slot.place] += 1
        elif (lacking := self.partitions.lacks(slot.key, slot.device, {})) is not None:
            found.lacks[lacking] += 1
        elif self.partitions.lacks(slot.key, slot.device, spent) is None:
            spent.update(dict(taken(slot.key, slot.device)))
            found.free[slot.place] += 1

    def _alike(self, names: Mentioned) -> list[list[Slot]]:
        """Devices that those who look at nothing else cannot tell apart."""
        if names not in self.memo:
            known: dict[Hashable, list[Slot]] = defaultdict(list)
            for slot in self.slots:
                known[slot.key[0], projection(slot.device, slot.key[0], names) if names else ()].append(slot)
            self.memo[names] = list(known.values())
        found: list[list[Slot]] = self.memo[names]
        return found

    def reach(self, able: frozenset[str]) -> frozenset[str]:
        """Places of devices that a pod on one of these nodes can have."""
        key = "reach", id(able)
        if key not in self.memo:
            self.memo[key] = able, able | {slot.place for slot in self.slots if "/" in slot.place}
        found: frozenset[str] = self.memo[key][1]
        return found


def _size(slot: Slot) -> int:
    return sum(amount for _, amount in taken(slot.key, slot.device))


def _newest(slices: Iterable[ResourceSlice]) -> Iterator[ResourceSlice]:
    """A driver writes a pool anew under a higher number, and takes the old slices away later."""
    every = tuple(slices)
    newest: dict[tuple[str, str], int] = defaultdict(int)
    for one in every:
        key = one.spec.driver, one.spec.pool.name
        newest[key] = max(newest[key], one.spec.pool.generation)
    return (one for one in every if one.spec.pool.generation == newest[one.spec.driver, one.spec.pool.name])


def _slots(slices: Iterable[ResourceSlice], rules: tuple[DeviceTaintRule, ...]) -> Iterator[Slot]:
    for one in slices:
        driver, pool = one.spec.driver, one.spec.pool.name
        mine = [rule for rule in rules if _means(rule, driver=driver, pool=pool)]
        for device in one.spec.devices:
            place = device.node_name or one.spec.node_name or f"{driver}/{pool}"
            extra = tuple(rule.spec.taint for rule in mine if _means(rule, device=device.name))
            yield Slot((driver, pool, device.name), place, device, (*device.taints, *extra))


def _means(rule: DeviceTaintRule, **named: str) -> bool:
    """What its selector leaves out means all."""
    selector = rule.spec.device_selector
    return all(selector.get(name) in (None, "", value) for name, value in named.items())


def _kept(taints: tuple[Taint, ...], want: Exactly) -> str:
    for one in taints:
        if one.effect in _KEEPS and not any(tolerates(each, one) for each in want.tolerations):
            return f"{one.key}={one.value}:{one.effect}"
    return ""
