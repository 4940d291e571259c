"""Pods that other pods keep from nodes that have room: by anti-affinity, affinity and topology spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.kinds import Kind, in_the_way, waiting, who
from seatrial.catalog.waits.neighbours import APART, NEAR, REPELLED, SPREAD
from seatrial.catalog.waits.terms import AFFINITY, Spread, required, spreads
from seatrial.model.fact import All
from seatrial.model.wait import Action, Found, Wait, source


def _kept_by(groups: All[Group], floors: All[Floor], *constraints: str) -> Iterator[tuple[Floor, Group, Kind, str]]:
    for floor, group, kind in waiting(floors, groups):
        against = in_the_way(kind.look)
        if against in constraints:
            yield floor, group, kind, against


def _roomy(kind: Kind, against: str) -> str:
    return many(len(kind.look.room.barred[against]), "node")


@source("company.anti-affinity-keeps-it-out")
def anti_affinity_keeps_it_out(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """Nodes have room, and pods that it may not be beside are on all of them.

    Why: a required anti-affinity, its own or that of the others, lets one of them into each place.
    Prevent: ask for no more replicas than there are places, or make the anti-affinity a preference.
    """
    for floor, group, kind, against in _kept_by(groups, floors, APART, REPELLED):
        assert floor.neighbours is not None
        parties = _parties(floor, groups, kind, against)
        others = [party for party in parties if party != group.subject] if len(parties) < 3 else []
        told = ", ".join(f"{many(number, 'pod')} of {one}" for one, number in parties.most_common(5))
        whose = "its own anti-affinity" if against == APART else "their anti-affinity"
        yield Wait(
            waiter=group.subject,
            holder=others[0] if len(others) == 1 else f"places apart for {group.subject}",
            what="a place apart",
            because=f"{_roomy(kind, against)} have room for {many(kind.count, 'pod')}, and {whose} bars each of them: {told} are there",
            missing=kind.count,
            actions=(
                Action(
                    f"move or end {others[0]}, or relax the anti-affinity"
                    if others
                    else f"run fewer pods of {group.subject}, add nodes, or make its anti-affinity a preference"
                ),
            ),
        )


def _parties(floor: Floor, groups: All[Group], kind: Kind, against: str) -> Counter[str]:
    """To whom the pods belong for whose sake it is kept out, and how many these are; the same for pods alike."""
    key = "parties", id(kind.look)
    if key not in floor.memo:
        assert floor.neighbours is not None
        names = who(floor, groups)
        pods = floor.neighbours.against(kind.pod, against, kind.look.room.barred[against])
        floor.memo[key] = Counter(names[id(pod)] for pod in pods if id(pod) in names)
    found: Counter[str] = floor.memo[key]
    return found


@source("company.affinity-finds-nobody")
def affinity_finds_nobody(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """Nodes have room, and the pods beside which it must run are on none of them.

    Why: a required pod affinity names pods that are not there, or whose nodes are full.
    Prevent: prefer neighbours instead of requiring them, and deploy those that others lean on first.
    """
    for floor, group, kind, against in _kept_by(groups, floors, NEAR):
        assert floor.neighbours is not None
        wants = "; ".join(
            f"{_selector(term.label_selector)} in the same {term.topology_key}" for term in required(kind.pod, AFFINITY)
        )
        yield Wait(
            waiter=group.subject,
            holder=f"pods that {group.subject} wants to be near",
            what="a place near them",
            because=f"{_roomy(kind, against)} have room, and none of them has what its pod affinity requires: {wants}",
            missing=kind.count,
            actions=(Action("start the pods that it names, make room where they are, or let the affinity be a wish"),),
        )


def _selector(selector: object) -> str:
    labels = getattr(selector, "match_labels", {})
    expressions = getattr(selector, "match_expressions", ())
    told = [f"{key}={value}" for key, value in sorted(labels.items())]
    told += [f"{one.key} {one.operator} {'|'.join(one.values)}".rstrip() for one in expressions]
    return f"a pod with {', '.join(told)}" if told else "a pod"


@source("company.spread-keeps-it-out")
def spread_keeps_it_out(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """Nodes have room, and with one more pod there its pods would be spread too unevenly.

    Why: the place that has the fewest of them takes none: its nodes are full, tainted or gone.
    Prevent: keep room in every zone, or let `whenUnsatisfiable` be `ScheduleAnyway`.
    """
    for floor, group, kind, against in _kept_by(groups, floors, SPREAD):
        key = "uneven", id(kind.look)
        if key not in floor.memo:
            floor.memo[key] = "; ".join(_places(floor, kind))
        yield Wait(
            waiter=group.subject,
            holder=f"an even spread of {group.subject}",
            what="a place with few of its pods",
            because=f"{_roomy(kind, against)} have room, and its spread bars each of them: {floor.memo[key]}",
            missing=kind.count,
            actions=(Action("make room where the fewest of its pods are, or let whenUnsatisfiable be ScheduleAnyway"),),
        )


def _places(floor: Floor, kind: Kind) -> Iterator[str]:
    assert floor.neighbours is not None
    eligible = floor.selected(kind.pod.spec)
    for one in spreads(kind.pod):
        yield _uneven(one, floor.neighbours.counts(kind.pod, one, eligible))


def _uneven(one: Spread, counts: Counter[str]) -> str:
    if not counts:
        return f"no node that it selects has the label {one.topology_key}"
    fewest, most = min(counts.items(), key=_by_count), max(counts.items(), key=_by_count)
    if len(counts) < (one.min_domains or 1):
        return f"{one.topology_key} has {len(counts)} places, and minDomains is {one.min_domains}"
    return (
        f"{one.topology_key} may differ by {one.max_skew}; {most[0]} has {most[1]} and {fewest[0]} has {fewest[1]}, "
        "which takes none"
    )


def _by_count(one: tuple[str, int]) -> tuple[int, str]:
    return one[1], one[0]
