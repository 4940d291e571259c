"""Pods of one group that wait for a node, those that ask for the same together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.floor import Floor, Look
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.room import PORT, demands


class Kind(msgspec.Struct):
    pod: Pod  # one of them
    look: Look
    asks: Mapping[str, int]
    count: int = 0


def unplaced(group: Group) -> list[Pod]:
    """Those for which the scheduler looks for a node."""
    return [pod for pod in group.unplaced if not pod.spec.scheduling_gates]


def kinds(floor: Floor, group: Group) -> list[Kind]:
    found: dict[int, Kind] = {}
    for pod in unplaced(group):
        look = floor.look(pod)
        if id(look) not in found:
            found[id(look)] = Kind(pod, look, demands(pod.spec))
        found[id(look)].count += 1
    return list(found.values())


def waiting(floors: Iterable[Floor], groups: Iterable[Group]) -> Iterator[tuple[Floor, Group, Kind]]:
    """Each group that wants a node, by what its pods ask for."""
    for floor in floors:
        if "waiting" not in floor.memo:
            floor.memo["waiting"] = [
                (floor, group, kind) for group in groups if group.unplaced for kind in kinds(floor, group)
            ]
        yield from floor.memo["waiting"]


def in_the_way(look: Look) -> str:
    """What is not room and keeps it from the most nodes, where all that have room are kept from it so."""
    if look.fits or not look.room.barred:
        return ""
    most = max(look.room.barred, key=lambda one: (len(look.room.barred[one]), one))
    lacking = max((number for name, number in look.fails.items() if is_room(name)), default=0)
    return most if len(look.room.barred[most]) >= lacking else ""


def is_room(constraint: str) -> bool:
    return constraint == PORT or constraint.startswith("insufficient ")


def who(floor: Floor, groups: Iterable[Group]) -> Mapping[int, str]:
    """Of each pod, by its identity, to whom it belongs."""
    if "who" not in floor.memo:
        floor.memo["who"] = {id(pod): group.subject for group in groups for pod in group.pods}
    found: Mapping[int, str] = floor.memo["who"]
    return found
