"""How much room nodes have for pods of one kind: counted by amounts where that is enough, and node by node where it is not."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.systems.kubernetes.requests import UNIT, asked

PORTS = "host port "
PORT = "host ports"  # how that constraint is told
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - an address of a pod, none that we listen on

Amounts = Mapping[str, int]


class Test(msgspec.Struct, frozen=True):
    """A constraint of one pod."""

    of: Callable[[Node], str]  # the constraint, where the node does not meet it; empty where it does
    suspects: Sequence[Node] | None = None  # the only nodes that may not meet it; none: any may not


Tests = Sequence[Test]


def ports_of(spec: PodSpec) -> Iterator[str]:
    """Each port of its node that it wants for itself, as if it were a resource of which a node has one.

    Of one that names an address of the node, too, nobody is told: those of two addresses are not in each other's way.
    """
    for one in spec.every_container:
        for port in one.ports:
            if port.host_port and port.host_ip in _ANY:
                yield f"{PORTS}{port.host_port}/{port.protocol or 'TCP'}"


def demands(spec: PodSpec) -> Amounts:
    """All that it asks of a node and that a node can run out of."""
    wants, taken = asked(spec), dict.fromkeys(ports_of(spec), UNIT)
    return {**wants, **taken} if taken else wants


class Alike:
    """Nodes that differ only in their room, in the order of that for each resource that somebody asks for."""

    def __init__(self, nodes: list[Node], whole: Mapping[str, Amounts], free: Mapping[str, Amounts]) -> None:
        self.nodes, self.first = nodes, nodes[0]
        self._whole, self._free = whole, free
        self._by_free: dict[str, tuple[list[int], list[Node]]] = {}
        self._by_whole: dict[str, list[int]] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes)

    def free(self, node: Node) -> Amounts:
        return self._free[node.name]

    def has(self, node: Node, wants: Amounts) -> bool:
        free = self._free[node.name]
        return all(free.get(resource, 0) >= amount for resource, amount in wants.items())

    def whole(self, node: Node) -> Amounts:
        return self._whole[node.name]

    def lacking(self, resource: str, amount: int) -> int:
        """Nodes that have less of it free."""
        return bisect_left(self._sorted(resource)[0], amount)

    def having(self, resource: str, amount: int) -> Sequence[Node]:
        return self._sorted(resource)[1][self.lacking(resource, amount) :]

    def large(self, resource: str, amount: int) -> int:
        """Nodes that have as much when they are empty."""
        if resource not in self._by_whole:
            self._by_whole[resource] = sorted(self._whole[node.name].get(resource, 0) for node in self.nodes)
        return len(self.nodes) - bisect_left(self._by_whole[resource], amount)

    def slots(self, resource: str, amount: int, enough: int) -> int:
        """For how many it would do, were it the only resource; no further than is enough."""
        found, amounts = 0, self._sorted(resource)[0]
        for at in range(len(amounts) - 1, -1, -1):
            if amounts[at] < amount or found >= enough:
                break
            found += amounts[at] // amount
        return found

    def _sorted(self, resource: str) -> tuple[list[int], list[Node]]:
        if resource not in self._by_free:
            order = sorted(self.nodes, key=lambda node: self._free[node.name].get(resource, 0))
            self._by_free[resource] = [self._free[node.name].get(resource, 0) for node in order], order
        return self._by_free[resource]


class Room(msgspec.Struct, frozen=True):
    """What nodes that let a pod in have for it."""

    alike: tuple[Alike, ...]
    fits: int
    large: Mapping[str, int]  # resource → nodes that have enough of it when they are empty
    places: frozenset[str] | None = None  # where nodes were looked at one by one: those that let it in
    away: int = 0  # nodes that would let it in, were its volumes there
    barred: Mapping[str, tuple[Node, ...]] = {}  # constraint → nodes that have room and do not meet it
    memo: dict[tuple[str, int], int] = {}
    opened: list[frozenset[str]] = []

    @classmethod
    def by_counts(cls, kinds: Sequence[Alike], wants: Amounts, later: Tests, fails: Counter[str]) -> Room:
        """Only nodes that have room are looked at one by one."""
        fits, large = 0, dict.fromkeys(wants, 0)
        barred: dict[str, list[Node]] = {}
        for alike in kinds:
            lacking = {resource: alike.lacking(resource, amount) for resource, amount in wants.items()}
            for resource, amount in wants.items():
                large[resource] += alike.large(resource, amount)
                if lacking[resource]:
                    fails[f"insufficient {resource}"] += lacking[resource]
            scarcest = max(lacking, key=lambda one: lacking[one])
            having = alike.having(scarcest, wants[scarcest])
            others = {name: wants[name] for name in wants if lacking[name] and name != scarcest}
            fits += sum(alike.has(node, others) for node in having) if others else len(having)
            for node in _suspects(later, alike, having):
                if alike.has(node, wants) and (against := _first(later, node)):
                    barred.setdefault(against, []).append(node)
                    fits -= 1
        fails.update({name: len(nodes) for name, nodes in barred.items()})
        known = {name: tuple(nodes) for name, nodes in barred.items()}
        return cls(tuple(kinds), fits, large, barred=known, memo={}, opened=[])

    @classmethod
    def node_by_node(
        cls, kinds: Sequence[Alike], wants: Amounts, reach: Tests, later: Tests, fails: Counter[str]
    ) -> Room:
        """Each node by all that it has to meet, in the scheduler's order; one that cannot reach its volumes lets nobody in."""
        fits, large, away = 0, dict.fromkeys(wants, 0), 0
        places: list[str] = []
        barred: dict[str, list[Node]] = {}
        for alike in kinds:
            for node in alike.nodes:
                if _first(reach, node):
                    away += 1
                else:
                    places.append(node.name)
                    for resource, amount in wants.items():
                        large[resource] += alike.whole(node).get(resource, 0) >= amount
                if lacking := _lacking(alike.free(node), wants):
                    fails.update(lacking)
                elif against := _first(later, node):
                    fails[against] += 1
                    barred.setdefault(against, []).append(node)
                else:
                    fits += 1
        known = {name: tuple(nodes) for name, nodes in barred.items()}
        return cls(tuple(kinds), fits, large, frozenset(places), away, known, {}, [])

    def without_barred(self, places: frozenset[str]) -> frozenset[str]:
        """One and the same each time, since many ask."""
        if self.barred and not self.opened:
            self.opened.append(places - {node.name for nodes in self.barred.values() for node in nodes})
        return self.opened[0] if self.barred else places

    def fitting(self, wants: Amounts) -> Iterator[Node]:
        """The nodes on which nothing is in its way."""
        out = {node.name for nodes in self.barred.values() for node in nodes}
        for alike in self.alike:
            for node in alike.nodes:
                if node.name not in out and not _lacking(alike.free(node), wants):
                    yield node

    def slots(self, resource: str, amount: int, enough: int) -> int:
        """For how many it would do, were it the only resource; no further than is enough."""
        if self.places is None:
            out = sum(
                max(0, alike.free(node).get(resource, 0)) // amount
                for alike in self.alike[:1]
                for nodes in self.barred.values()
                for node in nodes
            )
            found = 0
            for alike in self.alike:
                found += alike.slots(resource, amount, enough + out - found)
                if found >= enough + out:
                    break
            return found - out
        if (resource, amount) not in self.memo:
            self.memo[resource, amount] = sum(max(0, free.get(resource, 0)) // amount for free in self._open())
        return self.memo[resource, amount]

    def _open(self) -> Iterator[Amounts]:
        """What is free on nodes to which nothing bars the way."""
        out = {node.name for nodes in self.barred.values() for node in nodes}
        for alike in self.alike:
            for node in alike.nodes:
                if node.name not in out and (self.places is None or node.name in self.places):
                    yield alike.free(node)


def _lacking(free: Amounts, wants: Amounts) -> list[str]:
    """A port that is taken comes first, and nobody looks further then."""
    short = [resource for resource, amount in wants.items() if free.get(resource, 0) < amount]
    if any(resource.startswith(PORTS) for resource in short):
        return [PORT]
    return [f"insufficient {resource}" for resource in short]


def _first(tests: Tests, node: Node) -> str:
    for test in tests:
        if told := test.of(node):
            return told
    return ""


def _suspects(tests: Tests, alike: Alike, nodes: Sequence[Node]) -> Iterable[Node]:
    """Of these nodes those that may not meet the tests, each once."""
    if any(test.suspects is None for test in tests):
        return nodes
    found = {node.name: node for test in tests for node in test.suspects or ()}
    return [node for name, node in found.items() if name in alike.names]
