"""Pods that no node takes: nobody lets them in, nobody is large enough, or all is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.requests import UNIT
from seatrial.catalog.waits.amounts import many, told
from seatrial.catalog.waits.floor import Floor, Look
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.kinds import in_the_way, unplaced, waiting
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Contest, Found, Piece, Stake, Wait, source


@source("placement.no-node-lets-it-in")
def no_node_lets_it_in(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """No node lets the pod in: taints, cordons, selectors and affinity rule out every one of them.

    Why: the scheduler looks again and again, and never finds a node; an autoscaler may not know of such nodes either.
    Prevent: check tolerations and selectors against the labels and taints of the node pools when a workload is submitted.
    """
    for floor, group, kind in waiting(floors, groups):
        if not kind.look.able and not kind.look.room.away:
            yield _kept_out(group, kind.look.fails, kind.look.taints, kind.count, len(floor.nodes))
        elif _too_large(kind.look) and kind.look.behind:
            yield _kept_out(group, kind.look.fails, kind.look.behind, kind.count, len(floor.nodes))


def _kept_out(group: Group, fails: Mapping[str, int], taints: Mapping[str, int], count: int, nodes: int) -> Wait:
    rule = ", ".join(f"{number} × {name}" for name, number in sorted(fails.items())) or "there is no node"
    because = f"{many(count, 'pod')} fit on none of {nodes} nodes: {rule}"
    if taints:
        taint, number = max(taints.items(), key=lambda one: (one[1], one[0]))
        cordon = taint == "cordon"
        return Wait(
            waiter=group.subject,
            holder="cordon" if cordon else f"taint {taint}",
            what="a node that may be used" if cordon else f"a node without the taint {taint}",
            because=f"{because}; {many(number, 'node')} would do but for {'their cordon' if cordon else 'the taint ' + taint}",
            missing=count,
            actions=(Action(past(taint)),),
        )
    return Wait(
        waiter=group.subject,
        holder=f"nodes that {group.subject} selects" if nodes else "nodes",
        what="a node with the labels that it selects" if nodes else "a node",
        because=because,
        missing=count,
        actions=(Action("correct its node selector or affinity, or label a node"),),
    )


def past(taint: str) -> str:
    """What one does about a taint; those of Kubernetes itself say that something is wrong with the node."""
    if taint == "cordon":
        return "uncordon one of these nodes"
    if taint.startswith("node.kubernetes.io/"):
        return f"see what is wrong with these nodes: Kubernetes takes {taint} off when it is mended"
    return f"tolerate {taint}, or take it off the nodes"


@source("placement.no-node-is-large-enough")
def no_node_is_large_enough(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """No node that lets the pod in has so much of a resource, even when it is empty.

    Why: it waits for ever, however many others end.
    Prevent: offer only sizes that nodes have: a LimitRange, or flavors of Kueue with their own node labels.
    """
    for _, group, kind in waiting(floors, groups):
        for name in _too_large(kind.look) if not kind.look.behind else ():
            size = f"{told(name, kind.asks[name])} {name}"
            yield Wait(
                waiter=group.subject,
                holder=f"a node with {size}",
                what=name,
                because=f"{many(kind.count, 'pod')} want {size} each, and none of the {len(kind.look.able)} nodes that let them in has as much",
                missing=kind.count,
                actions=(Action(f"ask for less {name} for each pod, or add larger nodes"),),
            )


def _too_large(look: Look) -> list[str]:
    return [name for name, nodes in look.large.items() if look.able and not nodes]


@source("placement.all-is-taken")
def all_is_taken(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """What the nodes have is taken by other pods.

    Why: pods wait for others to end; a gang that holds a part of what it needs keeps that from others meanwhile.
    Prevent: queue work before it makes pods (Kueue), give out no more quota than there is, and let an autoscaler add nodes.
    """
    for floor in floors:
        wanted = _wanted(floor, groups)
        held = _held(floor, groups, wanted.keys())
        for resource in sorted(wanted):
            yield _contest(floor, groups, resource, wanted[resource], held[resource])


def _wanted(floor: Floor, groups: Iterable[Group]) -> dict[str, dict[str, list[Piece]]]:
    """What is lacking, by resource and by who wants it."""
    found: dict[str, dict[str, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    seen: set[str] = set()
    for _, group, kind in waiting((floor,), groups):
        look = kind.look
        if not look.able or _too_large(look) or in_the_way(look):
            continue
        count = kind.count + (_to_come(group) if group.subject not in seen else 0)
        seen.add(group.subject)
        for resource in _lacking(look, kind.asks, count):
            found[resource][group.subject].append(Piece(count, kind.asks[resource], look.open))
    return found


def _to_come(group: Group) -> int:
    """Pods of a gang that nobody has made yet, and without which the others are of no use."""
    return max(0, group.needed - len(group.pods)) if group.needed else 0


def _lacking(look: Look, asks: Mapping[str, int], count: int) -> list[str]:
    """Resources of which there is too little for so many; where each alone would do, the one that most nodes lack."""
    short = [resource for resource, amount in asks.items() if look.room.slots(resource, amount, count) < count]
    if any(map(is_accelerator, short)):
        return [resource for resource in short if is_accelerator(resource)]
    if short or look.fits:
        return short
    return [max(asks, key=lambda one: (look.fails.get(f"insufficient {one}", 0), one))]


Held = dict[str, dict[int, dict[str, int]]]  # resource → number of a group → node → amount


def _held(floor: Floor, groups: Sequence[Group], resources: Collection[str]) -> Held:
    found: Held = {resource: defaultdict(dict) for resource in resources}
    for number, group in enumerate(groups) if resources else ():
        for pod in group.placed:
            there = floor.taken.get(id(pod), {})
            for resource in resources & there.keys():
                held = found[resource][number]
                held[pod.spec.node_name] = held.get(pod.spec.node_name, 0) + there[resource]
    return found


def _contest(
    floor: Floor,
    groups: Sequence[Group],
    resource: str,
    wanted: dict[str, list[Piece]],
    held: Mapping[int, Mapping[str, int]],
) -> Contest:
    places_of = {id(piece.places): piece.places for pieces in wanted.values() for piece in pieces if piece.places}
    places: frozenset[str] = frozenset().union(*places_of.values())
    stakes: list[Stake] = []
    numbers = {group.subject: number for number, group in enumerate(groups)}
    for number in sorted({*held, *(numbers[subject] for subject in wanted)}):
        group = groups[number]
        holds = {name: amount for name, amount in held.get(number, {}).items() if name in places}
        wants = tuple(wanted.get(group.subject, ()))
        if not holds and not wants:
            continue
        tied = group.needed > 0 and len(group.placed) < group.needed
        if tied:
            stakes.append(Stake(party=group.subject, holds=holds, wants=wants, ends=group.ends))
            continue
        if holds:
            stakes.append(Stake(party=group.subject, holds=holds, tied=False, ends=group.ends))
        if wants:
            stakes.append(Stake(party=group.subject, wants=wants, tied=False, ends=group.ends))
    return Contest(
        what=resource,
        free={name: floor.free[name].get(resource, 0) for name in places},
        stakes=tuple(stakes),
        place="nodes",
        unit=UNIT,
    )


@source("placement.scheduler-has-not-looked")
def scheduler_has_not_looked(groups: All[Group]) -> Iterator[Found]:
    """Nobody has looked for a node.

    Why: the scheduler that the pod names does not run, or knows nothing of it.
    Prevent: watch that every scheduler that workloads name is running.
    """
    for group in groups:
        for pod in unplaced(group):
            if pod.status.condition("PodScheduled") is None:
                name = pod.spec.scheduler_name or "default-scheduler"
                yield Wait(
                    waiter=group.subject,
                    holder=f"scheduler {name}",
                    what="a scheduler",
                    because=f"{pod.subject} was looked at by no scheduler; it names {name}",
                    certainty=Certainty.LIKELY,
                    actions=(Action(f"see that {name} runs, or name another scheduler"),),
                )
                break
