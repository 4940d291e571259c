"""Which nodes the pods that are there leave to a pod that waits: its own affinity and spread, and what others say of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.core import Namespace, Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.crowd import Crowd
from seatrial.catalog.waits.room import Test, Tests
from seatrial.catalog.waits.terms import AFFINITY, ANTI, Spread, Term, keys_in, required, spreads

SPREAD, NEAR, APART, REPELLED = "topology spread", "pod affinity", "pod anti-affinity", "anti-affinity of other pods"
APARTNESS = (SPREAD, NEAR, APART, REPELLED)

Eligible = Sequence[tuple[Node, bool]]  # nodes that the pod selects, and whether their taints keep it away


class Refusal(msgspec.Struct, frozen=True):
    """Anti-affinity of pods that are there, against others."""

    term: Term
    spaces: frozenset[str]
    pods: list[Pod]


class Neighbours:
    def __init__(
        self, nodes: Sequence[Node], placed: Sequence[Pod], waiting: Sequence[Pod], namespaces: Iterable[Namespace]
    ) -> None:
        self._placed, self._namespaces = placed, tuple(namespaces)
        self._nodes = nodes
        self._labels = {node.name: node.metadata.labels for node in nodes}
        self._known: dict[Hashable, Any] = {}
        self._choosy = [pod for pod in waiting if pod.spec.affinity or pod.spec.topology_spread_constraints]

    @cached_property
    def _crowd(self) -> Crowd:
        keys = frozenset(key for pod in self._choosy for key in self._own_keys(pod))
        return Crowd(self._placed, keys, self._namespaces)

    @cached_property
    def _refusals(self) -> tuple[list[Refusal], Mapping[tuple[str, str], list[int]], list[int]]:
        """All that pods refuse; those found by a label that they refuse, and those to be tried on everybody."""
        known: dict[bytes, Refusal] = {}
        for pod in self._placed:
            for term in required(pod, ANTI) if pod.spec.affinity else ():
                spaces = self._crowd.spaces(term, pod.metadata.namespace)
                key = msgspec.json.encode((term, sorted(spaces)))
                known.setdefault(key, Refusal(term, spaces, [])).pods.append(pod)
        every = list(known.values())
        by_label: dict[tuple[str, str], list[int]] = defaultdict(list)
        loose: list[int] = []
        for number, one in enumerate(every):
            selector = one.term.label_selector
            label = next(iter(selector.match_labels.items()), None) if selector is not None else None
            (by_label[label] if label is not None else loose).append(number)
        return every, by_label, loose

    def _own_keys(self, pod: Pod) -> Iterator[str]:
        for kind in (AFFINITY, ANTI):
            for term in required(pod, kind):
                yield from keys_in(term.label_selector)
        for one in spreads(pod):
            yield from keys_in(one.label_selector)
            yield from one.match_label_keys

    def refused_by(self, pod: Pod) -> list[Refusal]:
        every, by_label, loose = self._refusals
        labels, space = pod.metadata.labels, pod.metadata.namespace
        near = [number for label in labels.items() for number in by_label.get(label, ())] if by_label else []
        found = sorted({*near, *loose})
        return [every[number] for number in found if space in every[number].spaces and every[number].term.means(labels)]

    def key(self, pod: Pod) -> Hashable:
        """The same for pods that other pods treat alike; nothing where none has to do with it."""
        spec = pod.spec
        picky = bool(spec.affinity or spec.topology_spread_constraints)
        if not picky and not self._refusals[0]:
            return ()
        refused = tuple(id(one) for one in self.refused_by(pod))
        own: object = None
        if picky:
            terms = (required(pod, AFFINITY), required(pod, ANTI), spreads(pod))
            if any(terms):
                labels = {key: pod.metadata.labels.get(key) for key in sorted(set(self._own_keys(pod)))}
                own = msgspec.json.encode((pod.metadata.namespace, terms, labels))
        return (refused, own) if refused or own else ()

    def tests(self, pod: Pod, eligible: Callable[[], Eligible]) -> Tests:
        """In the scheduler's order."""
        found: list[Test] = [self._spread(pod, one, eligible()) for one in spreads(pod)]
        if near := required(pod, AFFINITY):
            found.append(self._near(pod, near))
        found += [self._apart(self._taken(pod, term), term.topology_key, APART) for term in required(pod, ANTI)]
        for one in self.refused_by(pod):
            taken = self._values(one.term.topology_key, Counter(other.spec.node_name for other in one.pods))
            found.append(self._apart(taken, one.term.topology_key, REPELLED))
        return found

    def against(self, pod: Pod, constraint: str, nodes: Iterable[Node]) -> list[Pod]:
        """Pods on these nodes, or in the same place, for whose sake it is kept out."""
        if constraint == REPELLED:
            meant = [(one.term.topology_key, one.pods) for one in self.refused_by(pod)]
        elif constraint == APART:
            meant = [(term.topology_key, self._meant(pod, term)) for term in required(pod, ANTI)]
        else:
            return []
        found: dict[int, Pod] = {}
        for key, pods in meant:
            places = {node.metadata.labels[key] for node in nodes if key in node.metadata.labels}
            found |= {id(one): one for one in pods if self._labels[one.spec.node_name].get(key) in places}
        return list(found.values())

    def _meant(self, pod: Pod, term: Term) -> list[Pod]:
        return self._crowd.meant(term.label_selector, self._crowd.spaces(term, pod.metadata.namespace))

    def _taken(self, pod: Pod, term: Term) -> Counter[str]:
        return self._values(term.topology_key, Counter(one.spec.node_name for one in self._meant(pod, term)))

    def _values(self, key: str, on_nodes: Mapping[str, int]) -> Counter[str]:
        """So many pods in each place."""
        found: Counter[str] = Counter()
        for name, count in on_nodes.items():
            value = self._labels.get(name, {}).get(key)
            if value is not None:
                found[value] += count
        return found

    def _at(self, key: str) -> Mapping[str | None, list[Node]]:
        """Nodes by this label; ``None``: those that do not have it."""
        if key not in self._known:
            found: dict[str | None, list[Node]] = defaultdict(list)
            for node in self._nodes:
                found[node.metadata.labels.get(key)].append(node)
            self._known[key] = found
        known: Mapping[str | None, list[Node]] = self._known[key]
        return known

    def _apart(self, taken: Counter[str], key: str, told: str) -> Test:
        at = self._at(key)
        suspects = [node for value in taken for node in at.get(value, ())]
        return Test(lambda node: told if taken.get(node.metadata.labels.get(key, ""), 0) else "", suspects)

    def _near(self, pod: Pod, terms: Sequence[Term]) -> Test:
        """Of those who want to be near each other the first may go anywhere."""
        meant = [(term.topology_key, self._taken(pod, term)) for term in terms]
        is_first = not any(there for _, there in meant) and all(term.means(pod.metadata.labels) for term in terms)

        def test(node: Node) -> str:
            labels = node.metadata.labels
            if any(key not in labels for key, _ in meant):
                return NEAR
            return "" if is_first or all(there.get(labels[key], 0) for key, there in meant) else NEAR

        return Test(test)

    def counts(self, pod: Pod, one: Spread, eligible: Eligible) -> Counter[str]:
        """So many of the pods that it spreads are in each place."""
        keys = frozenset(other.topology_key for other in spreads(pod))
        key = "places", id(eligible), keys, one.topology_key, one.heeds_taints
        if key not in self._known:
            self._known[key] = (
                eligible,
                {
                    node.name: node.metadata.labels[one.topology_key]
                    for node, kept in eligible
                    if keys <= node.metadata.labels.keys() and not (one.heeds_taints and kept)
                },
            )
        places: Mapping[str, str] = self._known[key][1]
        found = Counter(self._once(("zero", key), lambda: dict.fromkeys(places.values(), 0)))
        on_nodes = self._crowd.on_nodes(one.among(pod), frozenset((pod.metadata.namespace,)), leaving=False)
        for name, count in on_nodes.items():
            if name in places:
                found[places[name]] += count
        return found

    def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _spread(self, pod: Pod, one: Spread, eligible: Eligible) -> Test:
        counts = self.counts(pod, one, eligible)
        fewest = min(counts.values(), default=0) if len(counts) >= (one.min_domains or 1) else 0
        among = one.among(pod)
        itself = int(among is not None and among.matches(pod.metadata.labels))
        at = self._at(one.topology_key)
        full = {value for value in at if value is None or counts.get(value, 0) + itself - fewest > one.max_skew}
        suspects = [node for value in full for node in at[value]]
        return Test(lambda node: SPREAD if node.metadata.labels.get(one.topology_key) in full else "", suspects)
