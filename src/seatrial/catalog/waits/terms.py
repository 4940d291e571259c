"""What pods say of other pods: required affinity, anti-affinity and topology spread, as Kubernetes writes them.

What has another shape says nothing: the API server lets none in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from seatrial.catalog.systems.kubernetes.pods import LabelSelector, Pod
from seatrial.model.fact import Shape

AFFINITY, ANTI = "podAffinity", "podAntiAffinity"
_HONOR = "Honor"


class Term(Shape, frozen=True):
    """Pods that are meant, and what counts as one place."""

    topology_key: str = ""
    label_selector: LabelSelector | None = None  # none: no pod
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None

    def means(self, labels: dict[str, str]) -> bool:
        return self.label_selector is not None and self.label_selector.matches(labels)


class Spread(Shape, frozen=True):
    max_skew: int = 1
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    min_domains: int | None = None
    node_affinity_policy: str = _HONOR
    node_taints_policy: str = "Ignore"

    @property
    def heeds_affinity(self) -> bool:
        return self.node_affinity_policy == _HONOR

    @property
    def heeds_taints(self) -> bool:
        return self.node_taints_policy == _HONOR

    def among(self, pod: Pod) -> LabelSelector | None:
        """Pods that it counts; with ``matchLabelKeys`` only those of the same revision."""
        if self.label_selector is None:
            return None
        labels = pod.metadata.labels
        same = {key: labels[key] for key in self.match_label_keys if key in labels}
        return msgspec.structs.replace(self.label_selector, match_labels={**self.label_selector.match_labels, **same})


def required(pod: Pod, kind: str) -> tuple[Term, ...]:
    affinity = pod.spec.affinity
    found = affinity.get(kind) if affinity else None
    terms = found.get("requiredDuringSchedulingIgnoredDuringExecution") if isinstance(found, dict) else None
    return _terms(msgspec.json.encode(terms)) if terms else ()


def spreads(pod: Pod) -> tuple[Spread, ...]:
    """Those that a node has to meet; others are wishes."""
    return _spreads(msgspec.json.encode(pod.spec.topology_spread_constraints)) if _has_spread(pod) else ()


def _has_spread(pod: Pod) -> bool:
    return any(one.get("whenUnsatisfiable") == "DoNotSchedule" for one in pod.spec.topology_spread_constraints)


@lru_cache(maxsize=4096)
def _terms(raw: bytes) -> tuple[Term, ...]:
    try:
        return msgspec.json.decode(raw, type=tuple[Term, ...])
    except msgspec.ValidationError:
        return ()


@lru_cache(maxsize=4096)
def _spreads(raw: bytes) -> tuple[Spread, ...]:
    try:
        found = msgspec.json.decode(raw, type=tuple[Spread, ...])
    except msgspec.ValidationError:
        return ()
    return tuple(one for one in found if one.when_unsatisfiable == "DoNotSchedule")


def keys_in(selector: LabelSelector | None) -> Iterator[str]:
    if selector is not None:
        yield from selector.match_labels
        yield from (one.key for one in selector.match_expressions)
