"""Pods that belong together: a gang that is of use only whole, what one controller makes, or a pod alone."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.kubernetes.controllers import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.dra import PodGroup
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import UNIT, asked
from seatrial.catalog.systems.volcano_objects import VolcanoPodGroup
from seatrial.catalog.waits.amounts import many
from seatrial.model.fact import All, Fact, Meta, Snapshot, View
from seatrial.model.wait import Action, Found, Party, source

_GRACE = 30.0  # seconds that a pod may take to be looked at, or to start, before that counts as waiting
# Who says by a label or an annotation that pods belong together, and of what; the number of them stands in the second one.
_SAID = (
    ("scheduling.k8s.io/group-name", "", "scheduling.volcano.sh/podgroups"),
    ("kueue.x-k8s.io/pod-group-name", "kueue.x-k8s.io/pod-group-total-count", "kueue.x-k8s.io/workloads"),
    ("jobset.sigs.k8s.io/jobset-name", "", "jobset.x-k8s.io/jobsets"),
    ("ray.io/cluster", "", "ray.io/rayclusters"),
    ("leaderworkerset.sigs.k8s.io/name", "", "leaderworkerset.x-k8s.io/leaderworkersets"),
    ("training.kubeflow.org/job-name", "", "kubeflow.org/jobs"),
    ("scheduling.x-k8s.io/pod-group", "", "scheduling.x-k8s.io/podgroups"),
    ("seatrial.dev/gang", "", "gangs"),
)
_KEYS = frozenset(key for key, _, _ in _SAID)
_TOGETHER = tuple(f"{resource}/" for _, _, resource in _SAID)
_ENDLESS = ("apps/deployments", "apps/statefulsets", "apps/daemonsets", "apps/replicasets")
OWNERS: Mapping[str, str] = {
    "Deployment": "apps/deployments",
    "ReplicaSet": "apps/replicasets",
    "StatefulSet": "apps/statefulsets",
    "DaemonSet": "apps/daemonsets",
    "Job": "batch/jobs",
    "Node": "nodes",
}


class Group(View, frozen=True):
    """Pods that belong together and have not ended. ``subject`` is what holds them together."""

    of = "groups"
    drawn_from = (Pod, PodGroup, VolcanoPodGroup, Job, ReplicaSet, Deployment, StatefulSet, DaemonSet)

    held_by: str = ""
    needed: int = 0  # pods of which none is of use without the others; 0 where each is
    pods: tuple[Pod, ...] = ()
    placed: tuple[Pod, ...] = ()
    unplaced: tuple[Pod, ...] = ()  # and waiting for that
    waiting: tuple[Pod, ...] = ()  # nowhere yet, or somewhere and not started, or starting again and again
    seen_at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        return _drawn(snapshot)

    @property
    def subject(self) -> str:
        return self.held_by

    @property
    def ends(self) -> bool:
        """It gives back by itself what it holds."""
        return not self.held_by.startswith(_ENDLESS) and all(
            pod.spec.restart_policy in ("Never", "OnFailure") for pod in self.pods
        )


def trouble(pod: Pod) -> Iterator[tuple[str, str, str]]:
    """The containers that cannot start or stay: name, reason and message."""
    for one in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        waiting = one.state.waiting
        if waiting is not None and waiting.reason not in ("", "ContainerCreating", "PodInitializing"):
            yield one.name, waiting.reason, waiting.message


def _waits(pod: Pod, now: dt.datetime) -> bool:
    if pod.metadata.deletion_timestamp is not None:
        return False
    status = pod.status
    if (status.container_statuses or status.init_container_statuses) and any(True for _ in trouble(pod)):
        return True
    if status.phase not in ("Pending", ""):
        return False
    if pod.spec.scheduling_gates:
        return True
    scheduled = pod.status.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return True
    made = pod.status.start_time or pod.metadata.creation_timestamp
    return made is None or (now - made).total_seconds() > _GRACE


def _drawn(snapshot: Snapshot) -> Iterator[Group]:
    owners = {one.metadata.uid: one for one in snapshot.all(ReplicaSet) if one.metadata.uid}
    sizes = _sizes(snapshot)
    members: dict[str, list[Pod]] = {}
    counts: dict[str, int] = {}
    for pod in snapshot.all(Pod):
        if pod.status.phase in ("Succeeded", "Failed"):
            continue
        subject, counted = _belongs(pod, owners)
        members.setdefault(subject, []).append(pod)
        if counted:
            counts[subject] = counted
    for subject, pods in members.items():
        first = pods[0].metadata
        waiting = tuple(pod for pod in pods if _waits(pod, snapshot.taken_at))
        yield Group(
            metadata=Meta(name=subject.rpartition("/")[2], namespace=first.namespace, labels=first.labels),
            held_by=subject,
            needed=_needed(subject, pods, counts, sizes),
            pods=tuple(pods),
            placed=tuple(pod for pod in pods if pod.spec.node_name),
            unplaced=tuple(pod for pod in waiting if not pod.spec.node_name),
            waiting=waiting,
            seen_at=snapshot.taken_at,
        )


def _needed(subject: str, pods: list[Pod], counts: Mapping[str, int], sizes: Mapping[str, int]) -> int:
    if subject in sizes:
        return sizes[subject]
    if subject in counts:
        return counts[subject]
    if len(pods) == 1 or not subject.startswith(_TOGETHER):
        return 0
    return len(pods)


def _sizes(snapshot: Snapshot) -> dict[str, int]:
    """How many pods are of no use without each other, as far as an object says so."""
    sizes = {one.subject: one.spec.min_member for one in snapshot.all(VolcanoPodGroup)}
    for group in snapshot.all(PodGroup):
        gang = group.spec.scheduling_policy.gang
        sizes[group.subject] = gang.min_count if gang is not None else 0
    for job in snapshot.all(Job):
        many = 1 if job.spec.parallelism is None else job.spec.parallelism
        together = job.spec.completion_mode == "Indexed" and many > 1 and job.spec.completions == many
        if together and any(is_accelerator(name) for name in asked(job.spec.template.spec)):
            sizes[job.subject] = many  # ranks of one training job
    return sizes


def _belongs(pod: Pod, owners: Mapping[str, ReplicaSet]) -> tuple[str, int]:
    """The subject of what holds it together with others, and how many there are where it says so."""
    meta, group = pod.metadata, pod.spec.scheduling_group
    if group is not None and group.pod_group_name:
        return f"scheduling.k8s.io/podgroups/{meta.namespace}/{group.pod_group_name}", 0
    said = not (_KEYS.isdisjoint(meta.labels) and _KEYS.isdisjoint(meta.annotations))
    for key, total, resource in _SAID if said else ():
        if name := meta.labels.get(key) or meta.annotations.get(key):
            count = meta.annotations.get(total, "") if total else ""
            return f"{resource}/{meta.namespace}/{name}", int(count) if count.isdecimal() and len(count) < 7 else 0
    owner = meta.controller
    if owner is None:
        return pod.subject, 0
    if owner.uid in owners and (above := owners[owner.uid].metadata.controller) is not None:
        owner = above
    resource = OWNERS.get(owner.kind, f"{owner.kind.lower()}s")
    return (pod.subject, 0) if resource == "nodes" else (f"{resource}/{meta.namespace}/{owner.name}", 0)


def devices(pod: Pod) -> int:
    """Accelerators that it asks of a node; what it claims is counted with claims."""
    amounts = asked(pod.spec)
    return sum([amount for name, amount in amounts.items() if is_accelerator(name)]) // UNIT


@source("groups.pods-that-belong-together")
def pods_that_belong_together(groups: All[Group]) -> Iterator[Found]:
    """Pods wait.

    Why: each of them, or all of them together, want something that they do not have.
    Prevent: see what they wait for.
    """
    for group in groups:
        waiting = group.waiting
        if not waiting and not devices(group.pods[0]):
            continue
        late = set(map(id, waiting))
        yield Party(
            subject=group.subject,
            waiting=len(waiting),
            running=len(group.pods) - len(waiting),
            needed=group.needed,
            accelerators=sum(map(devices, waiting)),
            held=sum(devices(pod) for pod in group.placed if id(pod) not in late),
            members=tuple(pod.subject for pod in waiting),
            release=release(group) if group.placed else None,
        )


def release(group: Group) -> Action:
    """How it gives back what it holds."""
    resource = group.subject.rpartition("/")[0].rpartition("/")[0]
    name, namespace = group.metadata.name, group.metadata.namespace
    into = f"-n {shlex.quote(namespace)} " if namespace else ""
    if resource == "batch/jobs":
        patch = shlex.quote('{"spec":{"suspend":true}}')
        return Action(
            f"suspend {group.subject}", f"kubectl {into}patch job {shlex.quote(name)} --type=merge -p {patch}"
        )
    if resource in _ENDLESS and resource != "apps/daemonsets":
        kind = resource.rpartition("/")[2].removesuffix("s")
        return Action(f"scale {group.subject} down", f"kubectl {into}scale {kind} {shlex.quote(name)} --replicas=0")
    pods = " ".join(shlex.quote(pod.metadata.name) for pod in group.pods[:40])
    more = f" and {len(group.pods) - 40} more" if len(group.pods) > 40 else ""
    what = (
        f"delete the {many(len(group.pods), 'pod')} of {group.subject}"
        if len(group.pods) > 1
        else f"delete {group.subject}"
    )
    return Action(f"{what}, and start it again when there is room{more}", f"kubectl {into}delete pod {pods}")
