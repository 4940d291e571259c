"""What a policy would do to the pods that are there, told from facts by the same rules as its expressions.

That both agree is tested on a real API server over a table of pods: tests/live/test_harden_impact.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Pod, PodSpec, PodTemplate
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, GapReason, Snapshot
from seatrial.model.remedy import Fate, Hit, Impact

Words = Callable[[PodTemplate], tuple[str, ...]]
"""What a policy has to say of a pod; nothing where it lets it be."""

Fated = tuple[Fate, tuple[str, ...]]

OVER = ("Succeeded", "Failed")
_ELSEWHERE = "Pods that some other controller would make, and has not made yet, are not seen."


def uses_accelerators(spec: PodSpec) -> bool:
    """As ``USES_ACCELERATORS`` has it, in CEL."""
    return bool(spec.resource_claims) or any(
        is_accelerator(name) for one in spec.every_container for name in one.resources.limits
    )


def on_pods(
    snapshot: Snapshot,
    words: Words,
    *,
    fate: Fate,
    left_alone: Collection[str] = (),
    within: Collection[str] | None = None,
    unknown: tuple[str, ...] = (),
) -> Impact:
    """Pods as they were let in; where a controller has none, as it would make them. ``within`` names the only namespaces."""

    def fated(workload: Workload, namespace: str, pod: PodTemplate) -> Fated | None:
        said = words(pod)
        return (fate, said) if said else None

    return of_pods(snapshot, fated, left_alone=left_alone, within=within, unknown=unknown)


def of_pods(
    snapshot: Snapshot,
    fated: Callable[[Workload, str, PodTemplate], Fated | None],
    *,
    left_alone: Collection[str] = (),
    within: Collection[str] | None = None,
    unknown: tuple[str, ...] = (),
) -> Impact:
    """As ``on_pods``, where pods fare in more ways than one, or by more than what is in them."""
    hits: list[Hit] = []
    looked_at = 0
    for workload in snapshot.all(Workload):
        for namespace, template, count in made(workload):
            if namespace in left_alone or (within is not None and namespace not in within):
                continue
            looked_at += count
            if (found := fated(workload, namespace, template)) is not None:
                fate, said = found
                hits.append(Hit(subject=workload.subject, namespace=namespace, fate=fate, because=said, objects=count))
    return Impact(
        of="pods",
        looked_at=looked_at,
        hits=together(hits),
        unknown=tuple(dict.fromkeys((*_unseen(snapshot), *unknown))),
    )


def made(workload: Workload) -> Iterator[tuple[str, PodTemplate, int]]:
    """Its pods that are not over, each in its namespace; where it never had one, as many as it wants."""
    there = [one for one in workload.pods if one.status.phase not in OVER]
    if not there:
        if not workload.pods:
            yield workload.namespace, workload.template, workload.wanted
        return
    for one in there:
        yield one.metadata.namespace, _as_template(one), 1


def _as_template(pod: Pod) -> PodTemplate:
    return PodTemplate(metadata=pod.metadata, spec=pod.spec)


def together(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The pods of one workload that fare alike are one line."""
    alike: dict[tuple[str, str, Fate, tuple[str, ...]], int] = defaultdict(int)
    for one in hits:
        alike[one.namespace, one.subject, one.fate, one.because] += one.objects
    return tuple(
        Hit(subject=subject, namespace=namespace, fate=fate, because=because, objects=count)
        for (namespace, subject, fate, because), count in sorted(alike.items())
    )


def on_objects(snapshot: Snapshot, kinds: Sequence[type[Fact]], of: str, hits: Iterable[Hit]) -> Impact:
    """Objects that stand for themselves."""
    looked_at = sum(len(snapshot.all(kind)) for kind in kinds)
    return Impact(of=of, looked_at=looked_at, hits=together(hits), unknown=tuple(unread(snapshot, kinds)))


def unread(snapshot: Snapshot, kinds: Iterable[type[Fact]]) -> Iterator[str]:
    """What is not served is not there, and of what the files have none nobody speaks."""
    for kind in kinds:
        gap = snapshot.gap(kind)
        if gap is not None and gap.reason not in (GapReason.ABSENT, GapReason.NOT_GIVEN):
            yield f"{kind.of} could not be read: {gap.detail}"


def _unseen(snapshot: Snapshot) -> Iterator[str]:
    yield from unread(snapshot, Workload.drawn_from)
    yield _ELSEWHERE
