"""The nodes as a place to put pods: what each lets in, what is free there, and on how many nodes which constraint fails.

It looks in the order in which the scheduler filters: cordon, name, taints, affinity, host ports, resources, volumes, topology
spread, pod affinity. What claims of devices do not find is in ``claims``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.core import IMPLICIT, Namespace, Node
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.catalog.systems.kubernetes.pods import Pod, PodSpec, Taint, Toleration
from seatrial.catalog.systems.kubernetes.requests import UNIT, asked, thousandths
from seatrial.catalog.systems.kubernetes.storage import CsiNode, PersistentVolume, PersistentVolumeClaim
from seatrial.catalog.systems.kubernetes.storage_classes import StorageClass
from seatrial.catalog.views.placing import required_affinity, selects, tolerates
from seatrial.catalog.views.selectors import keys_of
from seatrial.catalog.waits.attachments import Attachments
from seatrial.catalog.waits.neighbours import Neighbours
from seatrial.catalog.waits.room import PORTS, Alike, Room, demands, ports_of
from seatrial.model.fact import Fact, Meta, Snapshot, View

CORDON = "node.kubernetes.io/unschedulable"
NAME_FIELD = "metadata.name"
_ENDED = ("Succeeded", "Failed")
_ENOUGH = 1 << 60  # of what a node does not count


class Look(msgspec.Struct, frozen=True):
    """Where one pod could go."""

    able: frozenset[str]  # nodes that let it in, were there room
    room: Room
    fails: Mapping[
        str, int
    ]  # constraint → on how many nodes it is the first that fails; each resource that lacks counts
    taints: Mapping[str, int]  # taint → nodes that the rest of its wishes allow and this one keeps from it
    behind: Mapping[str, int] = {}  # taint → those of them that are large enough

    @property
    def fits(self) -> int:
        """Nodes on which nothing is in its way."""
        return self.room.fits

    @property
    def open(self) -> frozenset[str]:
        """Those of them that have no room, or to which nothing bars the way."""
        return self.room.without_barred(self.able)

    @property
    def large(self) -> Mapping[str, int]:
        return self.room.large


class Floor(View, frozen=True):
    of = "floor"
    drawn_from = (Node, Pod, Namespace, PersistentVolumeClaim, PersistentVolume, CsiNode, StorageClass, DeviceClass)

    nodes: tuple[Node, ...] = ()
    placed: tuple[Pod, ...] = ()
    taken: dict[int, Mapping[str, int]] = {}  # by the identity of a placed pod
    whole: dict[str, dict[str, int]] = {}
    free: dict[str, dict[str, int]] = {}
    neighbours: Neighbours | None = None
    attachments: Attachments | None = None
    memo: dict[Any, Any] = {}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        nodes = tuple(snapshot.all(Node))
        whole = {
            node.name: {name: thousandths(amount) for name, amount in node.status.allocatable.items()} for node in nodes
        }
        free = {name: dict(amounts) for name, amounts in whole.items()}
        live = [pod for pod in snapshot.all(Pod) if pod.status.phase not in _ENDED]
        placed = [pod for pod in live if pod.spec.node_name in free]
        waiting = [pod for pod in live if not pod.spec.node_name]
        ports = {port for pod in waiting for port in ports_of(pod.spec)}
        for node in nodes if ports else ():
            whole[node.name].update(dict.fromkeys(ports, UNIT))
            free[node.name].update(dict.fromkeys(ports, UNIT))
        for name in _by_claims(snapshot.all(DeviceClass), waiting):
            for node in nodes:
                whole[node.name].setdefault(name, _ENOUGH)
                free[node.name].setdefault(name, _ENOUGH)
        taken: dict[int, Mapping[str, int]] = {}
        for pod in placed:
            there = free[pod.spec.node_name]
            amounts = taken[id(pod)] = demands(pod.spec) if ports else asked(pod.spec)
            for name, amount in amounts.items():
                there[name] = there.get(name, 0) - amount
        yield cls(
            metadata=Meta(name="floor"),
            nodes=nodes,
            placed=tuple(placed),
            taken=taken,
            whole=whole,
            free=free,
            neighbours=Neighbours(nodes, placed, waiting, snapshot.all(Namespace)),
            attachments=Attachments.of(snapshot, placed),
            memo={},
        )

    def look(self, pod: Pod) -> Look:
        """The same for pods that ask for the same."""
        assert self.neighbours is not None
        assert self.attachments is not None
        wants, spec = demands(pod.spec), pod.spec
        beside, mounted = self.neighbours.key(pod), self.attachments.key(pod)
        asks = (wants, spec.node_selector, required_affinity(spec), spec.tolerations)
        key = msgspec.json.encode(asks), beside, mounted
        if key not in self.memo:
            self.memo[key] = self._look(pod, wants, mounted=bool(mounted), beside=bool(beside))
        found: Look = self.memo[key]
        return found

    def _look(self, pod: Pod, wants: Mapping[str, int], *, mounted: bool, beside: bool) -> Look:
        spec = pod.spec
        fails: Counter[str] = Counter()
        taints: Counter[str] = Counter()
        behind: Counter[str] = Counter()
        able: list[int] = []
        kinds = self._classes(keys_of(spec.node_selector, required_affinity(spec)))
        for number, alike in enumerate(kinds):
            first = alike.first
            told, blocking = _first_failure(spec, first)
            if told:
                fails[told] += len(alike.nodes)
            else:
                able.append(number)
            if blocking is not None and selects(spec, first):
                taints[blocking] += len(alike.nodes)
                behind[blocking] += min(alike.large(resource, amount) for resource, amount in wants.items())
        chosen = [kinds[number] for number in able]
        assert self.neighbours is not None
        assert self.attachments is not None
        limits, reach = self.attachments.tests(pod) if mounted else ((), ())
        later = (*limits, *reach, *(self.neighbours.tests(pod, lambda: self.selected(spec)) if beside else ()))
        if reach or any(alike.lacking(name, UNIT) for name in wants if name.startswith(PORTS) for alike in chosen):
            room = Room.node_by_node(chosen, wants, reach, later, fails)
            places = room.places or frozenset()
        else:
            room = Room.by_counts(chosen, wants, later, fails)
            places = self._places(kinds, able)
        return Look(places, room, dict(fails), dict(taints), +behind)

    def selected(self, spec: PodSpec) -> list[tuple[Node, bool]]:
        """Nodes that it selects, whatever their taints; and whether these keep it away. One and the same for pods alike."""
        key = "selected", msgspec.json.encode((spec.node_selector, required_affinity(spec), spec.tolerations))
        if key not in self.memo:
            self.memo[key] = self._selected(spec)
        known: list[tuple[Node, bool]] = self.memo[key]
        return known

    def _selected(self, spec: PodSpec) -> list[tuple[Node, bool]]:
        found = []
        for alike in self._classes(keys_of(spec.node_selector, required_affinity(spec))):
            if selects(spec, alike.first):
                kept = any(not _tolerated(one, spec.tolerations) for one in alike.first.spec.taints)
                found += [(node, kept) for node in alike.nodes]
        return found

    def _places(self, kinds: Sequence[Alike], able: list[int]) -> frozenset[str]:
        key = "places", id(kinds), tuple(able)
        if key not in self.memo:
            nodes = frozenset(node.name for number in able for node in kinds[number].nodes)
            self.memo[key] = self.memo.setdefault(("able", nodes), nodes)
        found: frozenset[str] = self.memo[key]
        return found

    def _classes(self, keys: frozenset[str]) -> Sequence[Alike]:
        """Nodes that no pod which asks for these labels alone can tell apart, their room left aside."""
        if keys not in self.memo:
            classes: dict[Any, list[Node]] = {}
            for node in self.nodes:
                labels = tuple(node.metadata.labels.get(key) for key in sorted(keys - {NAME_FIELD}))
                name = node.name if NAME_FIELD in keys else ""
                taints = tuple((one.key, one.value, one.effect) for one in node.spec.taints)
                classes.setdefault((labels, name, taints, node.spec.unschedulable), []).append(node)
            self.memo[keys] = tuple(Alike(nodes, self.whole, self.free) for nodes in classes.values())
        found: Sequence[Alike] = self.memo[keys]
        return found


def _by_claims(classes: Iterable[DeviceClass], waiting: Iterable[Pod]) -> set[str]:
    """Resources that a node need not count, since a driver may give them: whether it can is asked of the devices."""
    named = {one.spec.extended_resource_name for one in classes} | {f"{IMPLICIT}/{one.name}" for one in classes}
    return {name for pod in waiting for name in asked(pod.spec) if name in named} if named else set()


def _first_failure(spec: PodSpec, node: Node) -> tuple[str, str | None]:
    """The first constraint that this node does not meet, and the taint in the way, if there is one."""
    if node.spec.unschedulable and not _tolerated(Taint(key=CORDON, effect="NoSchedule"), spec.tolerations):
        return "cordoned", "cordon"
    taint = next((one for one in node.spec.taints if not _tolerated(one, spec.tolerations)), None)
    if taint is not None:
        return (
            "untolerated taint",
            f"{taint.key}={taint.value}:{taint.effect}" if taint.value else f"{taint.key}:{taint.effect}",
        )
    return ("", None) if selects(spec, node) else ("node affinity or selector", None)


def _tolerated(taint: Taint, tolerations: tuple[Toleration, ...]) -> bool:
    if taint.effect == "PreferNoSchedule":
        return True
    return any(tolerates(one, taint) for one in tolerations)
