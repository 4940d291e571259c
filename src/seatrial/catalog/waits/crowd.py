"""Pods that have a place, found by their labels without looking at all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.pods import LabelSelector, Pod
from seatrial.catalog.waits.terms import Term

_Bucket = dict[tuple[str, str], list[Pod]]  # label → pods


class Crowd:
    def __init__(self, pods: Sequence[Pod], keys: frozenset[str], namespaces: Iterable[Namespace]) -> None:
        """``keys``: labels by which somebody will ask."""
        self._spaces: dict[str, list[Pod]] = defaultdict(list)
        self._by_label: dict[str, _Bucket] = defaultdict(lambda: defaultdict(list))
        self._namespaces = tuple(namespaces)
        self._known: dict[bytes, list[Pod]] = {}
        for pod in pods:
            space, labels = pod.metadata.namespace, pod.metadata.labels
            self._spaces[space].append(pod)
            for key in keys & labels.keys():
                self._by_label[space][key, labels[key]].append(pod)

    def spaces(self, term: Term, own: str) -> frozenset[str]:
        """Namespaces that it speaks of; its own where it names none."""
        named = frozenset(term.namespaces)
        if term.namespace_selector is None:
            return named or frozenset((own,))
        if term.namespace_selector.is_empty:
            return frozenset(self._spaces) | named | {own}
        selected = (one.name for one in self._namespaces if term.namespace_selector.matches(one.metadata.labels))
        return named | frozenset(selected)

    def meant(self, selector: LabelSelector | None, spaces: frozenset[str]) -> list[Pod]:
        if selector is None:
            return []
        key = msgspec.json.encode((selector, sorted(spaces)))
        if key not in self._known:
            self._known[key] = [
                pod for space in spaces for pod in self._near(selector, space) if selector.matches(pod.metadata.labels)
            ]
        return self._known[key]

    def on_nodes(self, selector: LabelSelector | None, spaces: frozenset[str], *, leaving: bool) -> Counter[str]:
        return Counter(
            pod.spec.node_name
            for pod in self.meant(selector, spaces)
            if leaving or pod.metadata.deletion_timestamp is None
        )

    def _near(self, selector: LabelSelector, space: str) -> list[Pod]:
        """The fewest pods among which all that it means must be."""
        buckets = self._by_label.get(space, {})
        near = [buckets.get(label, []) for label in selector.match_labels.items()]
        near += [
            [pod for value in set(one.values) for pod in buckets.get((one.key, value), [])]
            for one in selector.match_expressions
            if one.operator == "In"
        ]
        return min(near, key=len) if near else self._spaces.get(space, [])
