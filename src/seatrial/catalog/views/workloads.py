"""Workloads: whatever makes pods, seen as one thing, so that a hundred pods of one Deployment are judged once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.kubernetes.controllers import CONTROLLERS, Templated
from seatrial.catalog.systems.kubernetes.pods import Pod, PodSpec, PodTemplate
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.model.fact import Fact, Meta, Snapshot, View


def _made_by(pod: Pod) -> tuple[str, ...]:
    """Who made it, by uid, and how it is called where that is not read."""
    owner = pod.metadata.controller
    return (_name(pod, pod),) if owner is None else (f"uid/{owner.uid}", _name(pod, pod))


def _makes(fact: Templated) -> tuple[str, ...]:
    owner, uid = fact.metadata.controller, fact.metadata.uid
    uids = (uid, owner.uid if owner is not None else "")
    return (fact.subject, *(f"uid/{one}" for one in uids if one))


class Workload(View, frozen=True):
    """One template of one controller, or pods that belong to nobody we read, with the pods that there are of it."""

    of = "workloads"
    drawn_from = (Pod, *CONTROLLERS)
    ties = {Pod: _made_by, **dict.fromkeys(CONTROLLERS, _makes)}

    made_by: str = ""  # the subject of its controller
    wanted: int = 0  # pods
    template: PodTemplate = PodTemplate()
    pods: tuple[Pod, ...] = ()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        return _drawn(snapshot)

    @property
    def subject(self) -> str:
        return self.made_by

    @property
    def namespace(self) -> str:
        return self.metadata.namespace

    @property
    def spec(self) -> PodSpec:
        return self.template.spec

    @property
    def admitted(self) -> PodSpec:
        """As its pods are, one that waits for a place first: admission adds to templates, such as tolerations for accelerators."""
        waiting = (pod for pod in self.pods if not pod.spec.node_name)
        return next((pod.spec for pod in (*waiting, *self.pods)), self.spec)

    @property
    def labels(self) -> Mapping[str, str]:
        """Of its pods."""
        return self.template.metadata.labels

    @property
    def accelerators(self) -> Mapping[str, int]:
        """Extended resources of one of its pods, by name; what it claims by ``resourceClaims`` is not among them."""
        return accelerators(self.spec)

    @property
    def uses_accelerators(self) -> bool:
        return bool(self.accelerators) or bool(self.spec.resource_claims)


def _drawn(snapshot: Snapshot) -> Iterator[Workload]:
    made = [fact for kind in CONTROLLERS for fact in snapshot.all(kind)]
    by_uid = {fact.metadata.uid: fact for fact in made if fact.metadata.uid}
    pods: dict[str, list[Pod]] = defaultdict(list)
    alone: dict[str, list[Pod]] = defaultdict(list)
    beside: dict[tuple[int, str], list[Pod]] = {}  # pods that share their owners, as those of one list do
    for pod in snapshot.all(Pod):
        owners, home = pod.metadata.owner_references, pod.metadata.namespace
        members = beside.get((id(owners), home)) if owners else None
        if members is None:
            top = _top(pod, by_uid)
            members = pods[top.subject] if isinstance(top, Templated) else alone[_name(top, pod)]
            beside[id(owners), home] = members
        members.append(pod)
    for fact in made:
        if (owner := fact.metadata.controller) is not None and owner.uid in by_uid:
            continue
        for template, count in fact.makes:
            yield Workload(
                metadata=fact.metadata,
                made_by=fact.subject,
                wanted=count,
                template=template,
                pods=tuple(pods.get(fact.subject, ())),
            )
    for name, members in alone.items():
        yield from _without_template(name, members)


def _top(pod: Pod, by_uid: Mapping[str, Templated]) -> Fact:
    """Who made it in the end, as far as we read."""
    fact: Fact = pod
    for _ in range(8):  # a chain of owners is short, and a circle would be a lie
        owner = fact.metadata.controller
        if owner is None or owner.uid not in by_uid:
            return fact
        fact = by_uid[owner.uid]
    return fact


def _name(top: Fact, pod: Pod) -> str:
    """The subject of what made it; where that is of a kind that we do not read, its kind and name."""
    owner = top.metadata.controller
    if owner is None:
        return top.subject
    return "/".join((owner.kind.lower(), pod.metadata.namespace, owner.name))


def _without_template(name: str, members: list[Pod]) -> Iterator[Workload]:
    """Pods stand for the template that we did not read: one of each kind, told by what they run and hold."""
    kinds: dict[tuple[object, ...], list[Pod]] = defaultdict(list)
    for pod in members:
        kinds[tuple((one.name, one.image) for one in pod.spec.containers)].append(pod)
    for alike in kinds.values():
        first = alike[0]
        metadata = Meta(name=name.rpartition("/")[2], namespace=first.metadata.namespace)
        template = PodTemplate(metadata=first.metadata, spec=first.spec)
        yield Workload(metadata=metadata, made_by=name, wanted=len(alike), template=template, pods=tuple(alike))
