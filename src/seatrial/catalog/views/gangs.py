"""Gangs: pods that are of use only together, whoever starts them together, or nobody."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable

import msgspec

from seatrial.catalog.systems.jobset import JobSet
from seatrial.catalog.systems.kubernetes.controllers import Job
from seatrial.catalog.systems.kubernetes.dra import PodGroup
from seatrial.catalog.systems.kubernetes.pods import Pod, PodTemplate
from seatrial.catalog.systems.kueue import QUEUE
from seatrial.catalog.systems.volcano_objects import VolcanoPodGroup
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, GapReason, Meta, Snapshot, View

VOLCANO_GROUP = "scheduling.k8s.io/group-name"  # Volcano's annotation; its name says the group of another
_KUEUE_GROUP, _KUEUE_TOTAL = "kueue.x-k8s.io/pod-group-name", "kueue.x-k8s.io/pod-group-total-count"
_COSCHEDULING = "scheduling.x-k8s.io/pod-group"
_JOBSET = "jobset.sigs.k8s.io/jobset-name"
_OVER = ("Succeeded", "Failed")
_TRAINERS = (
    "pytorchjob",
    "mpijob",
    "tfjob",
    "xgboostjob",
    "paddlejob",
    "jaxjob",
)  # whose pods we see, and not their template
_OTHERS = ("kai-scheduler", "runai-scheduler", "yunikorn", "volcano", "scheduler-plugins-scheduler", "coscheduling")
_GROUPS: dict[str, type[Fact]] = {PodGroup.of: PodGroup, VolcanoPodGroup.of: VolcanoPodGroup}


class Key(msgspec.Struct, frozen=True):
    of: str  # the resource of its group; empty where no object stands for it
    namespace: str
    name: str


class Gang(View, frozen=True):
    of = "gangs"
    drawn_from = (Workload, JobSet, PodGroup, VolcanoPodGroup)

    made_by: str = ""
    kind: str = ""  # the resource of its group; "kueue" for a group of plain pods; empty where nobody has grouped it
    minimum: int = 0  # pods without which it is of no use; 0 where nobody says
    wanted: int = 0  # pods that are made, or are to be made
    pods: tuple[Pod, ...] = ()
    accelerators: dict[str, int] = {}  # of all of its pods
    uses_accelerators: bool = False
    ranked: bool = False  # each of its pods has a number, so that the others wait for it
    started_by: str = ""  # what starts its pods together; empty: nobody that we see
    owner_unread: bool = False  # made by an operator whose objects we do not read
    pods_unread: bool = False  # it may have more pods than these
    group: bool | None = None  # whether its group is there; none where that could not be read
    group_owner: str = ""  # what made the group, and makes its pods
    age: float = 0.0  # of the group, or of the newest pod where no object stands for it; in seconds
    seen_at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        members: dict[Key, list[Workload]] = defaultdict(list)
        jobs = {job.subject: job for job in snapshot.all(Job)}
        queued = {one.subject for one in snapshot.all(JobSet) if QUEUE in one.metadata.labels}
        for one in snapshot.all(Workload):
            key = _key(one, jobs.get(one.made_by))
            if key is not None:
                members[key].append(one)
        groups = {of: {(g.metadata.namespace, g.name): g for g in snapshot.all(kind)} for of, kind in _GROUPS.items()}
        for key, found in members.items():
            there = groups.get(key.of, {}).get((key.namespace, key.name))
            read = _is_read(snapshot, key.of)
            gang = _drawn(key, found, there, read=read, jobs=jobs, queued=queued, now=snapshot.taken_at)
            yield _with_owner(gang, key, snapshot)
        for of, known in groups.items():
            for (namespace, name), group in known.items():
                key = Key(of, namespace, name)
                if key not in members:
                    gang = _drawn(key, [], group, read=True, jobs=jobs, queued=queued, now=snapshot.taken_at)
                    yield msgspec.structs.replace(gang, pods_unread=_has_hole(snapshot, Pod))

    @property
    def subject(self) -> str:
        return self.made_by

    @property
    def live(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.status.phase not in _OVER)

    @property
    def placed(self) -> int:
        """Pods that hold a place, or held one to a good end."""
        return sum(1 for pod in self.pods if pod.spec.node_name and pod.status.phase != "Failed")

    @property
    def waits(self) -> float:
        """Seconds for which the pod that has waited longest has had no place."""
        return max((_waits(pod, self.seen_at) for pod in self.live if not pod.spec.node_name), default=0.0)


def _key(one: Workload, job: Job | None) -> Key | None:
    for template in (one.template, *(PodTemplate(metadata=pod.metadata, spec=pod.spec) for pod in one.pods[:1])):
        labels, annotations = template.metadata.labels, template.metadata.annotations
        if template.spec.scheduling_group is not None and template.spec.scheduling_group.pod_group_name:
            return Key(PodGroup.of, one.namespace, template.spec.scheduling_group.pod_group_name)
        if annotations.get(VOLCANO_GROUP):
            return Key(VolcanoPodGroup.of, one.namespace, annotations[VOLCANO_GROUP])
        if labels.get(_KUEUE_GROUP):
            return Key("kueue", one.namespace, labels[_KUEUE_GROUP])
        if labels.get(_JOBSET):
            return Key("", one.namespace, f"jobset.x-k8s.io/jobsets/{one.namespace}/{labels[_JOBSET]}")
    if one.made_by.partition("/")[0] in _TRAINERS or _is_ranked(job):
        return Key("", one.namespace, one.made_by)
    return None


def _is_ranked(job: Job | None) -> bool:
    return job is not None and job.spec.completion_mode == "Indexed" and (job.spec.parallelism or 1) > 1


def _drawn(
    key: Key,
    found: list[Workload],
    group: Fact | None,
    *,
    read: bool,
    jobs: dict[str, Job],
    queued: Container[str],
    now: dt.datetime,
) -> Gang:
    amounts: dict[str, int] = defaultdict(int)
    for one in found:
        for name, count in one.accelerators.items():
            amounts[name] += count * one.wanted
    wanted = sum(one.wanted for one in found)
    made = group.metadata.creation_timestamp if group is not None else _newest(found)
    owner = group.metadata.controller if group is not None else None
    starters = ["kueue"] if key.name in queued else [_starter(key, one) for one in found]
    name = f"{key.of}/{key.namespace}/{key.name}" if key.of in _GROUPS else key.name
    return Gang(
        metadata=Meta(name=key.name, namespace=key.namespace),
        made_by=name if key.of != "kueue" else f"kueue-pod-groups/{key.namespace}/{key.name}",
        kind=key.of,
        minimum=_minimum(key, found, group, wanted),
        wanted=wanted,
        pods=tuple(pod for one in found for pod in one.pods),
        accelerators=dict(amounts),
        uses_accelerators=any(one.uses_accelerators for one in found),
        ranked=not key.of or any(_is_ranked(jobs.get(one.made_by)) for one in found),
        started_by=next(filter(None, starters), ""),
        owner_unread=key.name.partition("/")[0] in _TRAINERS,
        group=group is not None if read else None,
        group_owner=f"{owner.kind} {owner.name}" if owner is not None else "",
        age=(now - made).total_seconds() if made is not None else 0.0,
        seen_at=now,
    )


def _newest(found: list[Workload]) -> dt.datetime | None:
    times = (pod.metadata.creation_timestamp for one in found for pod in one.pods)
    return max((time for time in times if time is not None), default=None)


def _minimum(key: Key, found: list[Workload], group: Fact | None, wanted: int) -> int:
    if isinstance(group, PodGroup):
        gang = group.spec.scheduling_policy.gang
        return gang.min_count if gang is not None else 0
    if isinstance(group, VolcanoPodGroup):
        return group.spec.min_member
    if key.of == "kueue":
        totals = (one.template.metadata.annotations.get(_KUEUE_TOTAL, "") for one in found)
        return next((int(total) for total in totals if total.isdecimal() and len(total) < 7), 0)
    return 0 if key.of else wanted


def _starter(key: Key, one: Workload) -> str:
    if key.of:
        return key.of
    if QUEUE in one.metadata.labels or QUEUE in one.labels:
        return "kueue"
    if _COSCHEDULING in one.labels:
        return "coscheduling"
    named = one.spec.scheduler_name
    return next((other for other in _OTHERS if named.startswith(other)), "")


def _with_owner(gang: Gang, key: Key, snapshot: Snapshot) -> Gang:
    """A JobSet that was not read may name a queue."""
    unread = key.name.startswith(f"{JobSet.of}/") and _has_hole(snapshot, JobSet)
    return msgspec.structs.replace(gang, owner_unread=True) if unread else gang


def _is_read(snapshot: Snapshot, of: str) -> bool:
    kind = _GROUPS.get(of)
    return kind is None or _is_known(snapshot, kind)


def _is_known(snapshot: Snapshot, kind: type[Fact]) -> bool:
    gap = snapshot.gap(kind)
    return gap is None or gap.reason is GapReason.ABSENT


def _has_hole(snapshot: Snapshot, kind: type[Fact]) -> bool:
    """There may be more of it than was read; files that have none are taken to be all."""
    gap = snapshot.gap(kind)
    return gap is not None and gap.reason not in (GapReason.ABSENT, GapReason.NOT_GIVEN)


def _waits(pod: Pod, now: dt.datetime) -> float:
    condition = pod.status.condition("PodScheduled")
    since = condition.last_transition_time if condition is not None else None
    since = since or pod.metadata.creation_timestamp
    return (now - since).total_seconds() if since is not None else 0.0
