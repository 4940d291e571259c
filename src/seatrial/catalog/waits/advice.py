"""What would make one pod fit: the constraint that most nodes fail, how near the best node comes, and whom to wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.systems.kubernetes.dra import Exactly
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views.placing import required_affinity
from seatrial.catalog.views.selectors import selects
from seatrial.catalog.waits.amounts import many, told
from seatrial.catalog.waits.attachments import ELSEWHERE, FULL, UNBOUND
from seatrial.catalog.waits.constraints import Rule, together
from seatrial.catalog.waits.floor import Floor, Look
from seatrial.catalog.waits.groups import Group, release
from seatrial.catalog.waits.neighbours import APART, NEAR, REPELLED, SPREAD
from seatrial.catalog.waits.placement import past
from seatrial.catalog.waits.preemption import NEVER, broken, victims
from seatrial.catalog.waits.room import PORT, PORTS, demands
from seatrial.catalog.waits.shelf import Shelf
from seatrial.model.wait import Action

_LACKS = "insufficient "
CLAIMED = "claimed devices"
_TAINTS = ("untolerated taint", "cordoned")
_REST: Mapping[str, tuple[str, str]] = {
    ELSEWHERE: ("a node that can reach its volumes", "let it select nodes where its volumes are, or copy them"),
    UNBOUND: ("a node on which its volume can be made", "make a volume there, or name another StorageClass"),
    FULL: ("a node that takes one more volume", "end pods that mount volumes there"),
    SPREAD: ("a place where few of its pods are", "make room there, or let whenUnsatisfiable be ScheduleAnyway"),
    NEAR: ("a node near the pods that its affinity names", "start them, or make room where they are"),
    APART: ("a node apart from the pods that its anti-affinity names", "add nodes, or run fewer of them"),
    REPELLED: ("a node without pods whose anti-affinity means it", "move those, or add nodes"),
}


class Advice(msgspec.Struct, frozen=True):
    first: str  # the constraint that most nodes fail
    needs: str
    actions: tuple[Action, ...] = ()


class Case(msgspec.Struct, frozen=True):
    """One pod that waits, and all that has to do with its place."""

    pod: Pod
    look: Look
    floor: Floor
    groups: tuple[Group, ...] = ()
    budgets: tuple[PodDisruptionBudget, ...] = ()
    shelf: Shelf | None = None
    wants: tuple[Exactly, ...] = ()  # of devices, by claims that are open
    rules: tuple[Rule, ...] = ()  # which devices of these go together

    @property
    def without_devices(self) -> int:
        """Nodes that would take it and cannot reach the devices that it claims."""
        if self.shelf is None or not self.wants:
            return 0
        places = [together(self.shelf, rule) for rule in self.rules]
        return sum(
            not self.shelf.serves(node.name, self.wants) or any(node.name not in one for one in places)
            for node in self.look.room.fitting(demands(self.pod.spec))
        )

    @property
    def fits(self) -> int:
        return self.look.fits - self.without_devices

    @property
    def fails(self) -> Mapping[str, int]:
        without = self.without_devices
        return {**self.look.fails, CLAIMED: without} if without else self.look.fails


def advise(case: Case) -> Advice:
    look, fails = case.look, case.fails
    if case.fits:
        return Advice("", f"{many(case.fits, 'node')} would take it now: it waits for something else than a node")
    if not fails:
        return Advice("", "there is no node")
    first = max(fails, key=lambda one: (fails[one], one))
    if first.startswith(_LACKS):
        return _room(first, case)
    if first == PORT:
        return _port(first, case)
    if first == CLAIMED:
        return _devices(first, case)
    if first in _TAINTS and look.taints:
        taint, nodes = _most(look.taints)
        needs = f"needs a node that lets it in: {taint} keeps it from {nodes} that it selects"
        return Advice(first, needs, (Action(past(taint)),))
    if first in _REST:
        needs, action = _REST[first]
        return Advice(first, f"needs {needs}", (Action(action),))
    return Advice(first, _selected(case), (Action("correct its node selector or affinity, or label a node"),))


def _devices(first: str, case: Case) -> Advice:
    """The request of which the fewest devices are to be had, and who has most of them where the most are free."""
    assert case.shelf is not None
    known = [want for want in case.wants if want.device_class_name in case.shelf.classes]
    if len(known) < len(case.wants):
        return Advice(first, "needs a DeviceClass that does not exist", (Action("create it, or install its driver"),))
    unmet = [rule for rule in case.rules if not together(case.shelf, rule)]
    if unmet:
        return Advice(first, f"needs {unmet[0].told}", (Action("wait until such devices are free in one place"),))
    want = min(known, key=lambda one: max(case.shelf.offer(one).free.values(), default=0) if case.shelf else 0)
    offer, count = case.shelf.offer(want), case.shelf.count(want)
    best, free = max(offer.free.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    place = f"the best place, {best}, has {free} free" if free else "none is free"
    needs = f"needs {count} of the {offer.devices} devices of {want.device_class_name} that it selects; {place}"
    users = sorted(((places.total(), claim) for claim, places in offer.users.items()), reverse=True)[:3]
    return Advice(
        first, needs, tuple(Action(f"wait for the end of who uses {claim}: it has {held}") for held, claim in users)
    )


def _most(counts: Mapping[str, int]) -> tuple[str, int]:
    return max(counts.items(), key=lambda one: (one[1], one[0]))


def _room(first: str, case: Case) -> Advice:
    look, floor, wants = case.look, case.floor, demands(case.pod.spec)
    resource = first.removeprefix(_LACKS)
    need = wants[resource]
    stand = f"needs {told(resource, need)} of {resource}"
    if not look.large.get(resource) and look.behind:
        taint, count = _most(look.behind)
        return Advice(
            first, f"{stand}; {many(count, 'node')} with as much keep it out: {taint}", (Action(past(taint)),)
        )
    nodes = look.open or look.able
    able = [name for name in nodes if floor.whole[name].get(resource, 0) >= need]
    if not able:
        most = max((floor.whole[name].get(resource, 0) for name in nodes), default=0)
        needs = f"{stand}; no node that lets it in has more than {told(resource, most)}"
        return Advice(first, needs, (Action(f"ask for less {resource}, or add larger nodes"),))
    best = min(able, key=lambda name: (_short(floor, name, wants), -floor.free[name].get(resource, 0), name))
    free = floor.free[best].get(resource, 0)
    needs = f"{stand}; the best node, nodes/{best}, has {told(resource, max(0, free))} free"
    return Advice(first, needs + _preempting(case), _freed(best, resource, need - free, case.groups))


def _short(floor: Floor, name: str, wants: Mapping[str, int]) -> float:
    """How much of it all is lacking there, as parts of what is wanted."""
    free = floor.free[name]
    return sum(max(0, amount - free.get(resource, 0)) / amount for resource, amount in wants.items())


def _preempting(case: Case) -> str:
    found = victims(case.floor, case.pod, case.look)
    if found is None:
        return ""
    may = "may not preempt" if case.pod.spec.preemption_policy == NEVER else "may preempt"
    against = broken(found.pods, case.budgets)
    breaks = f", against {', '.join(against)}" if against else ""
    return f"; it {may}: on {many(found.nodes, 'node')} pods of lower priority have its place, {len(found.pods)} on nodes/{found.node}{breaks}"


def _freed(node: str, resource: str, lacking: int, groups: tuple[Group, ...]) -> tuple[Action, ...]:
    """The smallest party there that has enough; else the largest ones together."""
    held: Counter[int] = Counter()
    for number, group in enumerate(groups):
        for pod in group.placed:
            if pod.spec.node_name == node:
                held[number] += demands(pod.spec).get(resource, 0)
    enough = sorted((amount, groups[at].subject, at) for at, amount in held.items() if amount >= lacking)
    chosen: list[int] = [enough[0][2]] if enough else []
    for at, amount in held.most_common() if not enough else ():
        if lacking > 0 and amount:
            chosen.append(at)
            lacking -= amount
    return tuple(_waiting_for(groups[at], told(resource, held[at]), resource, node) for at in chosen[:5])


def _waiting_for(group: Group, amount: str, resource: str, node: str) -> Action:
    command = release(group).command
    return Action(f"wait for {group.subject}, or end it: it has {amount} of {resource} on nodes/{node}", command)


def _port(first: str, case: Case) -> Advice:
    wanted = sorted(name for name in demands(case.pod.spec) if name.startswith(PORTS))
    for node in sorted(case.look.able):
        taken = next((name for name in wanted if case.floor.free[node].get(name, 0) <= 0), None)
        if taken is not None:
            needs = f"needs {taken} of its node; that is taken on {many(case.look.fails[first], 'node')}"
            return Advice(first, needs, _freed(node, taken, 1, case.groups))
    return Advice(first, f"needs {', '.join(wanted)} of its node")


def _selected(case: Case) -> str:
    """The part of what it selects that the fewest nodes have."""
    pod, floor = case.pod, case.floor
    required: Any = required_affinity(pod.spec)
    parts: list[tuple[int, str]] = []
    for key, value in pod.spec.node_selector.items():
        there = sum(node.metadata.labels.get(key) == value for node in floor.nodes)
        parts.append((there, f"{key}={value}"))
    if required is not None:
        there = sum(selects({}, required, node.metadata.labels, node.name) for node in floor.nodes)
        parts.append((there, "its node affinity"))
    if not parts:
        return "needs a node that it selects"
    there, rarest = min(parts)
    return f"needs a node with what it selects; {rarest} is met by {there} of {len(floor.nodes)}"
