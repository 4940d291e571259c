"""Parts of devices: free by name, and not to be had, because what they are made of is used up by others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.dra import ResourceClaim
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.partitions import Shared
from seatrial.catalog.waits.shelf import Offer, Shelf
from seatrial.catalog.waits.wishes import Wish, holders, wishes
from seatrial.model.fact import All
from seatrial.model.wait import Action, Found, Wait, source


def _short(groups: All[Group], claims: All[ResourceClaim], shelves: All[Shelf]) -> Iterator[tuple[Shelf, Wish, Offer]]:
    """Requests for which too few devices can be had now, each once for a group."""
    seen: set[tuple[str, int]] = set()
    for shelf in shelves:
        for wish in wishes(shelf, groups, claims):
            if wish.want.device_class_name in shelf.classes:
                offer = shelf.offer(wish.want)
                key = wish.group.subject, id(offer)
                if offer.here < shelf.count(wish.want) and key not in seen:
                    seen.add(key)
                    yield shelf, wish, offer


@source("shares.counters-are-used-up")
def counters_are_used_up(groups: All[Group], claims: All[ResourceClaim], shelves: All[Shelf]) -> Iterator[Found]:
    """Nobody has the device that a claim asks for, and it cannot be had: parts of the same accelerator took what it is made of.

    Why: the parts of an accelerator that can be cut up share counters, such as memory and slices; a small part that is in use
    keeps the whole from being used.
    Prevent: keep large and small parts on different nodes, by DeviceClasses or taints, so that small ones do not break up all.
    """
    owners: dict[str, Group] = {}
    for shelf, wish, offer in _short(groups, claims, shelves):
        if not offer.is_broken_up:
            continue
        owners = owners or holders(groups)
        (counter, _), *_ = offer.lacks.most_common(1)
        parties = _users(shelf, counter, owners)
        yield Wait(
            waiter=wish.group.subject,
            holder=parties[0] if len(parties) == 1 else f"counter {counter[3]} of {counter[2]}",
            what=f"{counter[3]} of {counter[2]}",
            because=f"{many(offer.lacks.total(), 'device')} that {wish.claim} selects are free and lack {counter[3]} of the counter set {counter[2]} in pool {counter[1]}: it is used by {', '.join(parties[:5]) or 'nobody who is known'}",
            missing=wish.want.count - offer.here,
            actions=(Action(f"end {parties[0] if parties else 'who uses its parts'}, or ask for a smaller part"),),
        )


def _users(shelf: Shelf, counter: Shared, owners: dict[str, Group]) -> list[str]:
    assert shelf.partitions is not None
    users = shelf.partitions.users.get(counter[:3], Counter())
    return sorted({owners[claim].subject if claim in owners else claim for claim in users})


@source("shares.capacity-is-used-up")
def capacity_is_used_up(groups: All[Group], claims: All[ResourceClaim], shelves: All[Shelf]) -> Iterator[Found]:
    """Devices that several claims may have together have too little capacity left for one more.

    Why: each claim takes a part of a device's capacity, such as bandwidth or memory, and what is left is less than this one asks for.
    Prevent: let drivers say how large a part is (`requestPolicy`), and ask for parts of which a whole number fits.
    """
    for _, wish, offer in _short(groups, claims, shelves):
        if offer.is_full:
            sizes = wish.want.capacity.requests if wish.want.capacity is not None else {}
            told = ", ".join(f"{amount} {name}" for name, amount in sorted(sizes.items())) or "its part"
            users = sorted(offer.users)
            yield Wait(
                waiter=wish.group.subject,
                holder=f"capacity of {wish.want.device_class_name}",
                what="capacity of a device",
                because=f"{wish.claim} wants {told}, and {many(offer.full, 'device')} that it selects have less left: {', '.join(users[:5])} have the rest",
                missing=wish.want.count,
                actions=(Action(f"wait for or delete {users[0] if users else 'a claim'}, or ask for less"),),
            )
