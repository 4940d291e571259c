"""The nodes as a place to put pods: what each lets in, what is free there, and on how many nodes which constraint fails.

It looks in the order in which the scheduler filters: cordon, name, taints, affinity, resources. What other filters say
(volumes, ports, spread, pod affinity, devices by claims) is not computed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod, PodSpec, Taint, Toleration
from seatrial.catalog.systems.kubernetes.requests import asked, thousandths
from seatrial.catalog.views.placing import required_affinity, selects, tolerates
from seatrial.catalog.views.selectors import keys_of
from seatrial.model.fact import Fact, Meta, Snapshot, View

CORDON = "node.kubernetes.io/unschedulable"
Amounts = Mapping[str, int]


class Look(msgspec.Struct, frozen=True):
    """Where one pod could go."""

    able: frozenset[str]  # nodes that let it in, were there room
    fits: int  # nodes that have room, too
    fails: Mapping[
        str, int
    ]  # constraint → on how many nodes it is the first that fails; each resource that lacks counts
    large: Mapping[str, int]  # resource → able nodes that have enough of it when they are empty
    taints: Mapping[str, int]  # taint → nodes that the rest of its wishes allow and this one keeps from it


class Floor(View, frozen=True):
    of = "floor"
    drawn_from = (Node, Pod)

    nodes: tuple[Node, ...] = ()
    whole: dict[str, dict[str, int]] = {}
    free: dict[str, dict[str, int]] = {}
    memo: dict[Any, Any] = {}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        nodes = snapshot.all(Node)
        whole = {
            node.name: {name: thousandths(amount) for name, amount in node.status.allocatable.items()} for node in nodes
        }
        free = {name: dict(amounts) for name, amounts in whole.items()}
        for pod in snapshot.all(Pod):
            if pod.status.phase in ("Succeeded", "Failed"):
                continue
            there = free.get(pod.spec.node_name) if pod.spec.node_name else None
            if there is not None:
                for name, amount in asked(pod.spec).items():
                    there[name] = there.get(name, 0) - amount
        yield cls(metadata=Meta(name="floor"), nodes=tuple(nodes), whole=whole, free=free, memo={})

    def look(self, pod: Pod) -> Look:
        """The same for pods that ask for the same."""
        wants, spec = asked(pod.spec), pod.spec
        key = msgspec.json.encode(
            (sorted(wants.items()), spec.node_selector, required_affinity(spec), spec.tolerations)
        )
        if key not in self.memo:
            self.memo[key] = self._look(spec, wants)
        found: Look = self.memo[key]
        return found

    def slots(self, look: Look, wants: Amounts) -> Mapping[str, int]:
        """For how many pods that ask for so much each resource would do, were it the only one."""
        key = ("slots", id(look))
        if key not in self.memo:
            slots = dict.fromkeys(wants, 0)
            for name in look.able:
                free = self.free[name]
                for resource, amount in wants.items():
                    slots[resource] += max(0, free.get(resource, 0) // amount)
            self.memo[key] = slots
        found: Mapping[str, int] = self.memo[key]
        return found

    def _look(self, spec: PodSpec, wants: Amounts) -> Look:
        fails: Counter[str] = Counter()
        taints: Counter[str] = Counter()
        able: list[str] = []
        for alike in self._classes(keys_of(spec.node_selector, required_affinity(spec))):
            first = alike[0]
            told, blocking = _first_failure(spec, first)
            if told:
                fails[told] += len(alike)
            else:
                able += [node.name for node in alike]
            if blocking is not None and selects(spec, first):
                taints[blocking] += len(alike)
        fits, large = self._room(able, wants, fails)
        nodes = frozenset(able)
        same: frozenset[str] = self.memo.setdefault(("able", nodes), nodes)
        return Look(same, fits, dict(fails), large, dict(taints))

    def _room(self, able: list[str], wants: Amounts, fails: Counter[str]) -> tuple[int, dict[str, int]]:
        fits, large = 0, dict.fromkeys(wants, 0)
        for name in able:
            free, whole = self.free[name], self.whole[name]
            lacking = [resource for resource, amount in wants.items() if free.get(resource, 0) < amount]
            for resource, amount in wants.items():
                if whole.get(resource, 0) >= amount:
                    large[resource] += 1
            for resource in lacking:
                fails[f"insufficient {resource}"] += 1
            fits += not lacking
        return fits, large

    def _classes(self, keys: frozenset[str]) -> list[list[Node]]:
        """Nodes that no pod which asks for these labels alone can tell apart, their room left aside."""
        if keys not in self.memo:
            classes: dict[Any, list[Node]] = {}
            for node in self.nodes:
                labels = tuple(node.metadata.labels.get(key) for key in sorted(keys - {NAME_FIELD}))
                name = node.name if NAME_FIELD in keys else ""
                taints = tuple((one.key, one.value, one.effect) for one in node.spec.taints)
                classes.setdefault((labels, name, taints, node.spec.unschedulable), []).append(node)
            self.memo[keys] = list(classes.values())
        found: list[list[Node]] = self.memo[keys]
        return found


NAME_FIELD = "metadata.name"


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
